"""Whether the runs settled on several conventions, and which run on which."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from convscope.compare.clouds import FEWEST_POINTS, group_test
from convscope.compare.habits import drawn_around_mean
from convscope.compare.null_range import null_range
from convscope.compare.relabelling import Relabellings
from convscope.compare.scores import Scores
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import p_of_draws
from convscope.values.conventions import ConventionNull
from convscope.values.gap import NullRange
from convscope.values.routing import RoutingTallies


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConventionTest:
    """Of several conventions against one."""

    kind: ConventionNull
    p_value: float
    attainable_p: float
    null: NullRange | None
    """Of multiplicity, scaled by T_U; None where the test has another statistic."""
    group_of: IntArray
    """Convention of each run, numbered from 0 by falling size, shape (S,)."""


def convention_test(
    tallies: RoutingTallies,
    scores: Scores,
    relabellings: Sequence[Relabellings],
    *,
    alpha: float,
    margin: float,
    n_draws: int,
    seed: int,
) -> ConventionTest | None:
    """Test whether the runs settled on several conventions, and group them (docs/gap.md).

    Parameters
    ----------
    tallies, scores, relabellings
        As in `convscope.compare.habits.drawn_around_mean`.
    alpha, margin
        Level, and the smallest root of multiplicity that counts: else the runs are one group.
    n_draws, seed
        Draws of the null.

    Returns
    -------
    ConventionTest or None
        None with one run, without scorable rows, and where habits cannot be told from conventions and there are fewer
        than four runs.
    """
    if len(scores.runs) < 2 or not scores.is_scorable:
        return None
    drawn = drawn_around_mean(tallies, scores, relabellings, n_draws=n_draws, seed=seed)
    if drawn is not None:
        return _by_habits(scores, drawn, alpha=alpha, margin=margin)
    if len(scores.runs) < FEWEST_POINTS:
        return None
    return _by_spread(scores, alpha=alpha, n_draws=n_draws, seed=seed)


def multiplicity(learned: FloatArray, target: FloatArray) -> FloatArray:
    """Return ``mean_s T^s - T(mean_s P^s)`` in bits, of preferences (..., S, R, R); at least 0 by convexity."""
    of_mean = mean_divergence(learned.mean(axis=-3), target)
    return np.asarray(np.maximum(0.0, mean_divergence(learned, target).mean(axis=-1) - of_mean))


def run_distances(learned: FloatArray) -> FloatArray:
    """Return the divergence between every two runs, in bits, shape (..., S, S), of preferences (..., S, R, R)."""
    n_runs = learned.shape[-3]
    found = np.zeros((*learned.shape[:-3], n_runs, n_runs))
    for run in range(1, n_runs):
        apart = mean_divergence(learned[..., run : run + 1, :, :], learned[..., :run, :, :])
        found[..., run, :run] = found[..., :run, run] = apart
    return found


def _by_habits(scores: Scores, drawn: FloatArray, *, alpha: float, margin: float) -> ConventionTest:
    null = multiplicity(drawn, scores.target)
    observed = float(multiplicity(scores.learned, scores.target))
    p_value = p_of_draws(observed, null)
    group_of = np.zeros(len(scores.runs), dtype=np.int64)
    # Smaller differences would still let each run be as declared: the verdict asks for the same.
    if p_value <= alpha and np.sqrt(observed / scores.anchor) >= margin:
        # No two runs of one convention are likely to lie further apart than this, whichever two they are.
        furthest = float(np.quantile(run_distances(drawn).max(axis=(-2, -1)), 1 - alpha))
        tree = linkage(squareform(run_distances(scores.learned), checks=False), method="complete")
        group_of = _by_size(fcluster(tree, furthest, criterion="distance"))
    return ConventionTest(
        kind=ConventionNull.HABITS,
        p_value=p_value,
        attainable_p=1 / (1 + len(null)),
        null=null_range(null / scores.anchor),
        group_of=group_of,
    )


def _by_spread(scores: Scores, *, alpha: float, n_draws: int, seed: int) -> ConventionTest:
    # Roots of shares: their distances are about as large for small shares as for large ones.
    points = np.sqrt(scores.learned[:, scores.cells])
    group_of = np.zeros(len(points), dtype=np.int64)
    p_value, _ = group_test(points, n_draws=n_draws, rng=generator(seed, "gap", "clouds"))
    waiting = [np.arange(len(points))]
    while waiting:
        members = waiting.pop()
        if len(members) < FEWEST_POINTS:
            continue
        own_p, is_second = group_test(points[members], n_draws=n_draws, rng=generator(seed, "gap", "clouds"))
        if own_p <= alpha:
            group_of[members[is_second]] = group_of.max() + 1
            waiting += [members[~is_second], members[is_second]]
    return ConventionTest(
        kind=ConventionNull.SPREAD,
        p_value=p_value,
        attainable_p=1 / (1 + n_draws),
        null=None,
        group_of=_by_size(group_of),
    )


def _by_size(group_of: IntArray) -> IntArray:
    """Return groups numbered by falling size; of equal ones that of the first run comes first."""
    groups, first, sizes = np.unique(group_of, return_index=True, return_counts=True)
    order = groups[np.lexsort((first, -sizes))]
    place_of = {group: place for place, group in enumerate(order.tolist())}
    return np.array([place_of[group] for group in group_of.tolist()], dtype=np.int64)
