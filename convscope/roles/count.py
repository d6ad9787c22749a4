"""How many roles: the largest number that resampling confirms and whose groups are set apart; one is a candidate."""

import numpy as np

from convscope.roles.method import Method
from convscope.roles.separation import widest_p
from convscope.roles.strength import episode_halves, mean_strength
from convscope.roles.ties import Ties
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.roles import Candidate

MAX_ROLES = 8


def count_roles(
    values: FloatArray,
    episode: IntArray,
    class_of_unit: IntArray | None = None,
    *,
    ties: Ties | None = None,
    method: Method,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[int, tuple[Candidate, ...]]:
    """Choose the number of roles among units.

    The largest k, up to 8, whose neighbouring groups are all set apart (a dip test finds a valley between them, or
    classes of agents hold them) and whose prediction strength over halves of the episodes is at least 0.8; 1 when
    there is none.

    Parameters
    ----------
    values
        Coordinates of the units, shape (U, C).
    episode
        Episode of each unit, numbered from 0, shape (U,): episodes are split, never an episode's units.
    class_of_unit, ties
        As in `widest_p`.
    method
        Divides units into groups.
    alpha
        Level of the dip tests.
    rng
        Splits episodes and seeds the method.

    Returns
    -------
    int
        Number of roles, at least 1.
    tuple of Candidate
        What was found for each larger number.

    References
    ----------
    Tibshirani and Walther, "Cluster validation by prediction strength" (2005); Hartigan and Hartigan (1985).
    """
    seed = int(rng.integers(2**32))
    halves = episode_halves(episode, rng)
    candidates: list[Candidate] = []
    for k in range(2, min(MAX_ROLES, len(np.unique(values, axis=0))) + 1):
        separation_p = widest_p(values, method.fit(values, k, seed=seed), class_of_unit, ties=ties)
        # Resampling is the dear part, and cannot save groups that nothing sets apart.
        is_apart = separation_p < alpha
        strength = mean_strength(values, halves, k, method=method, seed=seed) if is_apart else None
        candidates.append(Candidate(k=k, separation_p=separation_p, strength=strength))
    confirmed = [candidate.k for candidate in candidates if candidate.is_confirmed]
    return max(confirmed, default=1), tuple(candidates)
