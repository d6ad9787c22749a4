"""Mean return over training, a line per run."""

from collections.abc import Sequence

import altair as alt

from convscope.report.charts.picture import INK
from convscope.report.palette import ROLE_COLOURS
from convscope.values.evidence import MeanReturn
from convscope.values.inert import inert

_MAX_NAME = 12
"""Characters of run names that stand beside each other in the legend."""


def return_curves(returns: Sequence[MeanReturn]) -> alt.Chart:
    """Return mean return by checkpoint.

    Parameters
    ----------
    returns
        At least two checkpoints, in training order. Up to seven runs have a colour each; more are drawn alike, since
        nobody tells fifty colours apart.
    """
    rows = [
        {"run": inert(mean.run, limit=40), "checkpoint": inert(mean.checkpoint or "", limit=40), "mean": mean.mean}
        for mean in returns
    ]
    runs = list(dict.fromkeys(str(row["run"]) for row in rows))
    labels = list(dict.fromkeys(str(row["checkpoint"]) for row in rows))
    is_coloured = len(runs) <= len(ROLE_COLOURS)
    scale = alt.Scale(domain=runs, range=list(ROLE_COLOURS[: len(runs)]))
    colour = alt.Color("run:N", scale=scale, legend=_legend(runs)) if is_coloured else alt.value(INK)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=45), strokeWidth=2, opacity=0.9 if is_coloured else 0.35)
        .encode(
            x=alt.X(
                "checkpoint:O",
                sort=labels,
                title="checkpoint",
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=12),
            ),
            y=alt.Y("mean:Q", title="mean return").scale(zero=False),
            color=colour,
            detail="run:N",
        )
        .properties(width=400, height=220)
    )
    return chart


def _legend(runs: Sequence[str]) -> alt.Legend:
    # Long names in one row run over each other.
    is_long = max(map(len, runs), default=0) > _MAX_NAME
    return alt.Legend(orient="top", title=None, columns=1 if is_long else len(runs))
