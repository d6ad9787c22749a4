"""Which roles seem to have changed places."""

from itertools import permutations

import numpy as np

from convscope.compare.divergence import mean_divergence
from convscope.compare.scores import Scores

MOST_ROLES = 7
"""All ways to rename this many roles are tried (5,040)."""


def best_relabelling(scores: Scores) -> tuple[str, ...]:
    """Return, for each role, the role that it behaves as: the renaming that brings P nearest to the prior.

    Of renamings that are equally near (the prior may have symmetries) the one that moves fewest roles. Without scorable
    rows or with more than `MOST_ROLES` roles each stays itself.
    """
    n_roles = len(scores.roles)
    if not scores.is_scorable or n_roles > MOST_ROLES:
        return scores.roles
    orders = np.array(list(permutations(range(n_roles))))
    # Under `order`, role a is read as role order[a]: its row and column stand where those of order[a] are declared.
    places = np.argsort(orders, axis=1)
    moved = scores.learned.mean(axis=0)[places[:, :, None], places[:, None, :]]
    distance = np.round(mean_divergence(moved, scores.target), 9)
    n_moved = (orders != np.arange(n_roles)).sum(axis=1)
    best = orders[np.lexsort((n_moved, np.where(np.isnan(distance), np.inf, distance)))[0]]
    return tuple(scores.roles[role] for role in best.tolist())


def in_words(roles: tuple[str, ...], behaves_as: tuple[str, ...]) -> str:
    """Return a sentence about the roles that changed places; empty when none did."""
    moved = [f"{role} like {other}" for role, other in zip(roles, behaves_as, strict=True) if role != other]
    return f"It comes nearest to the prior when {', '.join(moved)} is expected." if moved else ""
