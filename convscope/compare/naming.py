"""Which roles seem to have changed places."""

from itertools import permutations

import numpy as np

from convscope.compare.scores import Scores, gap_of
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.conventions import Renaming

MOST_ROLES = 7
"""All ways to rename this many roles are tried (5,040)."""
_MOST_CELLS = 20_000_000
"""Of resampled preferences under all renamings; keeps time in bounds where there are many roles."""
_FEWEST_DRAWS = 50


def best_renaming(
    learned: FloatArray, scores: Scores, *, n_draws: int, seed: int, drawn: FloatArray | None = None
) -> Renaming:
    """Return, for each role, the role that it behaves as: the renaming that brings P nearest to the prior.

    Of renamings that are equally near (the prior may have symmetries) the one that moves fewest roles. Without scorable
    rows or with more than `MOST_ROLES` roles each stays itself.

    Parameters
    ----------
    learned
        P of each run, shape (S, R, R): their mean is renamed.
    scores
        Hold the prior.
    n_draws
        Resamples of the runs, from three runs on, in which the renaming is looked for again.
    seed
        Of the analysis.
    drawn
        Mean preference in resamples of the episodes, for fewer than three runs, shape (B, R, R); None for none.
    """
    if not scores.is_scorable:
        return Renaming(behaves_as=scores.roles, gap=None, certainty=None, n_equal=1)
    orders = _orders(np.asarray(np.isfinite(scores.target).any(axis=1), dtype=np.bool_))
    distance = _distances(learned.mean(axis=0)[None], orders, scores.target)
    best = int(_nearest(distance, orders)[0])
    n_draws = max(_FEWEST_DRAWS, min(n_draws, _MOST_CELLS // (len(orders) * scores.target.size)))
    if len(learned) >= FEWEST_RUNS:
        rng = generator(seed, "gap", "renaming")
        times = rng.multinomial(len(learned), np.full(len(learned), 1 / len(learned)), size=n_draws) / len(learned)
        drawn = np.tensordot(times, learned, axes=1)
    certainty = None
    if drawn is not None:
        certainty = float((_nearest(_distances(drawn[:n_draws], orders, scores.target), orders) == best).mean())
    apart = float(distance[0, best])
    return Renaming(
        behaves_as=tuple(scores.roles[role] for role in orders[best].tolist()),
        gap=float(gap_of(np.array(apart), np.zeros(()), scores.anchor)),
        certainty=certainty,
        n_equal=max(1, int((distance[0] == apart).sum())),
    )


def in_words(roles: tuple[str, ...], found: Renaming) -> str:
    """Return a sentence about the roles that changed places; empty when none did."""
    moved = [f"{role} like {other}" for role, other in zip(roles, found.behaves_as, strict=True) if role != other]
    if not moved:
        return ""
    certainty = "" if found.certainty is None else f" ({found.certainty:.0%} of resamples say so)"
    equal = "" if found.n_equal == 1 else f" {found.n_equal} renamings come equally near: the prior is symmetric."
    return f"It comes nearest to the prior when {', '.join(moved)} is expected{certainty}.{equal}"


def _orders(is_declared: BoolArray) -> IntArray:
    """Return all renamings of the roles whose row is declared, shape (orders, R).

    A role without one stays itself: to hide a row behind it would make any prior look nearer.
    """
    roles = np.arange(len(is_declared))
    declared = np.flatnonzero(is_declared)
    if len(declared) > MOST_ROLES:
        return roles[None]
    moved = np.array(list(permutations(declared.tolist())), dtype=np.int64)
    orders = np.tile(roles, (len(moved), 1))
    orders[:, declared] = moved
    return orders


def _distances(learned: FloatArray, orders: IntArray, target: FloatArray) -> FloatArray:
    """Return how far preferences (B, R, R) are from the prior under each renaming, in bits, shape (B, orders)."""
    # Under `order`, role a is read as role order[a]: its row and column stand where those of order[a] are declared.
    places = np.argsort(orders, axis=1)
    moved = learned[:, places[:, :, None], places[:, None, :]]
    return np.round(mean_divergence(moved, target), 9)


def _nearest(distance: FloatArray, orders: IntArray) -> IntArray:
    n_moved = (orders != np.arange(orders.shape[1])).sum(axis=1)
    by_moves = np.argsort(n_moved, kind="stable")
    known = np.where(np.isnan(distance), np.inf, distance)
    return np.asarray(by_moves[known[:, by_moves].argmin(axis=1)], dtype=np.int64)
