"""The gap of each run beside what it earns."""

import altair as alt

from convscope.report.charts.picture import Chart
from convscope.report.palette import ROLE_COLOURS
from convscope.values.inert import inert
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
    rows = [{"run": inert(run, limit=24), "gap": value, "mean": mean} for run, value, mean in found.runs]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("gap:Q", title="alignment gap (0 = as declared)", axis=alt.Axis(tickCount=6)).scale(
            nice=True, padding=12
        ),
        y=alt.Y("mean:Q", title="mean return", axis=alt.Axis(tickCount=6)).scale(zero=False, padding=12),
    )
    points = base.mark_point(filled=True, size=70, color=ROLE_COLOURS[0], opacity=0.85)
    names = base.mark_text(align="left", dx=8, fontSize=11, color="currentColor").encode(text="run:N")
    layers = (points, names) if len(rows) <= MAX_NAMED else (points,)
    return alt.layer(*layers).properties(width=400, height=260)
