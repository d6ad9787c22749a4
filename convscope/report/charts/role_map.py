"""The map of units by behaviour: a picture for orientation; no number depends on it."""

import altair as alt
import numpy as np

from convscope.report.palette import ROLE_COLOURS, ROLE_SHAPES, kind_of
from convscope.values.arrays import FloatArray, IntArray

MAX_POINTS = 1500
"""Points that are drawn; a picture with more is no clearer and far larger."""


PRINCIPAL = ("first principal component", "second principal component")


def role_map(
    coordinates: FloatArray, roles: IntArray, *, titles: tuple[str, str] = PRINCIPAL, has_ticks: bool = True
) -> alt.Chart:
    """Return a scatter of units, coloured and shaped by role.

    Parameters
    ----------
    coordinates
        Shape (units, 2), finite.
    roles
        Role of each unit, shape (units,).
    titles
        Of both axes.
    has_ticks
        Whether distances along the axes mean anything.
    """
    chosen = shown_points(len(roles))
    rows = [
        {"x": round(x, 3), "y": round(y, 3), "role": f"role {role}"}
        for (x, y), role in zip(coordinates[chosen].tolist(), roles[chosen].tolist(), strict=True)
    ]
    names = [f"role {role}" for role in sorted(set(roles.tolist()))]
    kinds = [kind_of(role) for role in sorted(set(roles.tolist()))]
    legend = alt.Legend(orient="top", title=None, symbolSize=90)
    colour = alt.Scale(domain=names, range=[ROLE_COLOURS[kind] for kind in kinds])
    shape = alt.Scale(domain=names, range=[ROLE_SHAPES[kind] for kind in kinds])
    axis = alt.Axis(tickCount=6, ticks=has_ticks, labels=has_ticks, grid=has_ticks)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_point(filled=True, size=34, opacity=0.65)
        .encode(
            x=alt.X("x:Q", title=titles[0], axis=axis).scale(zero=False),
            y=alt.Y("y:Q", title=titles[1], axis=axis).scale(zero=False),
            color=alt.Color("role:N", scale=colour, legend=legend),
            shape=alt.Shape("role:N", scale=shape, legend=legend),
        )
        .properties(width=400, height=300)
    )
    return chart


def shown_points(n: int) -> IntArray:
    """Return which of n units are drawn: all, or evenly spaced ones."""
    return np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).astype(np.int64)) if n else np.zeros(0, dtype=np.int64)
