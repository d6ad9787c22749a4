"""The gap of each run beside what it earns."""

import altair as alt

from convscope.report.charts.picture import Chart
from convscope.report.charts.short_names import short_names
from convscope.report.palette import ROLE_COLOURS
from convscope.values.returns import GapAndReturn

MAX_NAMED = 12
"""Runs whose names stand beside their points."""


def gap_and_return_chart(found: GapAndReturn) -> Chart:
    """Return a scatter of runs: alignment gap against mean return.

    Parameters
    ----------
    found
        At least two runs.
    """
    names = short_names([run for run, _, _ in found.runs])
    rows = [{"run": name, "gap": value, "mean": mean} for name, (_, value, mean) in zip(names, found.runs, strict=True)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("gap:Q", title="alignment gap (0 = as declared)", axis=alt.Axis(tickCount=6)).scale(
            nice=True, padding=12
        ),
        y=alt.Y("mean:Q", title="mean return", axis=alt.Axis(tickCount=6)).scale(zero=False, padding=12),
    )
    points = base.mark_point(filled=True, size=70, color=ROLE_COLOURS[0], opacity=0.85)
    texts = base.mark_text(align="left", dx=8, fontSize=11, color="currentColor").encode(text="run:N")
    layers = (points, texts) if len(rows) <= MAX_NAMED else (points,)
    return alt.layer(*layers).properties(width=400, height=260)
