"""Foreign structure: how much of the learned structure was not declared."""

import numpy as np

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, unscored
from convscope.compare.projection import foreign_share
from convscope.routing.intervals import interval_of
from convscope.values.arrays import FloatArray
from convscope.values.gap import Component


def score_foreign(comparison: Comparison, name: str) -> Component:
    """``1 - cos²`` of the angle between P - U and Q - U, mean over the runs that are not about even (docs/gap.md).

    Not to be read as wrong: it says that structure is there which the prior does not speak of. Habits between single
    agents count as foreign, so small teams never show 0.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    scores = tests.scores
    if _n_free(scores.target) < 2:
        return unscored(name, "only one share is free, and it can be nothing but more or less of what is declared")
    share = foreign_share(scores.learned, scores.target, floor=scores.run_floor)
    known = np.isfinite(share)
    if not known.any():
        return unscored(name, "routing is about even: it has no direction to compare")
    draws = None
    if tests.resampled is not None:
        draws = foreign_share(tests.resampled, scores.target, floor=scores.run_floor)[:, known].mean(axis=1)
    interval, kind = interval_of(share, draws)
    return Component(
        name=name,
        value=float(share[known].mean()),
        interval=interval,
        interval_kind=kind,
        scorable=True,
        parts=(("runs that are not about even", float(known.sum())),),
    )


def _n_free(target: FloatArray) -> int:
    """Return in how many ways the scored shares can vary: one fewer than the cells of each row."""
    return int(np.maximum(np.isfinite(target).sum(axis=1) - 1, 0).sum())


FOREIGN = GapComponent(name="foreign", score=score_foreign)
