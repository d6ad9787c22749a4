"""The components of the gap with their intervals."""

from collections.abc import Sequence

import altair as alt

from convscope.report.charts.picture import INK, Chart
from convscope.report.palette import ROLE_COLOURS
from convscope.values.gap import Component


def forest(components: Sequence[Component], margin: float) -> Chart:
    """Return a forest plot: a dot and an interval for each component that has a value, in grey what chance gives.

    Parameters
    ----------
    components
        Those with a value are drawn, top down.
    margin
        Largest alignment gap that counts as aligned; a tick in the row of alignment.
    """
    rows = [_row(component) for component in components if component.value is not None]
    names = [str(row["name"]) for row in rows]
    margins = [{"name": name, "margin": margin} for name in names if name == "alignment"]
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=13))
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=y)
    title = "0 = as declared"
    lines = base.mark_rule(strokeWidth=2.5, color=ROLE_COLOURS[0]).encode(
        x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=6)), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=90, color=ROLE_COLOURS[0], opacity=1).encode(
        x=alt.X("value:Q", title=title, axis=alt.Axis(tickCount=6))
    )
    chances = [row for row in map(_chance, components) if row is not None]
    chance = alt.Chart(alt.InlineData(values=chances)).mark_rule(strokeWidth=12, color=INK, opacity=0.16)
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=INK, opacity=0.6).encode(x="zero:Q")
    tick = alt.Chart(alt.InlineData(values=margins)).mark_tick(thickness=2.5, size=24, color=ROLE_COLOURS[1])
    by_chance = chance.encode(x="low:Q", x2="high:Q", y=y)
    return alt.layer(by_chance, zero, lines, tick.encode(x="margin:Q", y=y), dots).properties(
        width=400, height=34 * len(rows)
    )


def _row(component: Component) -> dict[str, str | float | None]:
    low, high = component.interval or (None, None)
    return {"name": component.name, "value": component.value, "low": low, "high": high}


def _chance(component: Component) -> dict[str, str | float] | None:
    if component.value is None or component.null is None:
        return None
    return {"name": component.name, "low": component.null.low, "high": component.null.high}
