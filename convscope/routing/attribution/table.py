"""The table of what policies use, pair by pair."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from convscope.routing.attribution.parts import Part
from convscope.values.arrays import IntArray
from convscope.values.attribution import ATTRIBUTION_TYPES

_Row = tuple[str, str | None, str, str, *tuple[float | bool | None, ...]]


def attribution_table(parts: Sequence[Part], agents: Sequence[str], places: IntArray) -> pl.DataFrame:
    """Return a row per run, receiver and sender that was replaced; columns as in `ATTRIBUTION_TYPES`.

    Parameters
    ----------
    parts
        Of the attributed runs.
    agents
        Names of the analysed agents.
    places
        Of the same agents in the log's agent axis.
    """
    rows = [row for part in parts for row in _rows(part, agents, places)]
    return pl.DataFrame(rows, schema=ATTRIBUTION_TYPES, orient="row")


def _rows(part: Part, agents: Sequence[str], places: IntArray) -> Iterator[_Row]:
    weight, (low, high) = part.weight, part.interval()
    n_steps = part.n_steps.sum(axis=0)
    upper = part.upper.sum(axis=0) / np.maximum(n_steps, 1)
    for receiver, sender in np.argwhere(n_steps > 0).tolist():
        study = part.studies[receiver]
        if study is None:
            continue
        place, slopes = int(places[sender]), study.slopes
        yield (
            part.group.run_name,
            part.group.checkpoint,
            agents[sender],
            agents[receiver],
            float(weight[receiver, sender]),
            _known(low[receiver, sender]),
            _known(high[receiver, sender]),
            float(upper[receiver, sender]),
            bool(study.use.is_used[place]),
            _known(study.use.closeness[place]),
            _known(slopes.norm[place]) if slopes else None,
            _known(slopes.by_input[place]) if slopes else None,
        )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
