"""All ways in which the agents of a run could hold each other's roles, or some of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.values.arrays import BoolArray, IntArray

EXHAUSTIVE_LIMIT = 2_000
"""Largest number of relabellings of a run that are all tried (3-3-3 has 1,680); larger groups are drawn from."""
FEWEST_DRAWS = 199
"""Relabellings that are drawn however long a log with redrawn roles is."""
_MOST_CELLS = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relabellings:
    """The relabellings of one run that keep its composition."""

    labels: IntArray
    """Role of each agent, shape (L, U, N): the declared roles first. U = 1 where roles never change, else episodes."""
    is_exhaustive: bool
    """Whether these are all of them."""
    sizes: tuple[int, ...]
    """Agents of each role; empty where roles are redrawn between episodes."""

    @property
    def n_all(self) -> int:
        """Number of relabellings that there are, or that were drawn where roles are redrawn."""
        ways = math.factorial(sum(self.sizes))
        return ways // math.prod(map(math.factorial, self.sizes)) if self.sizes else len(self.labels)


def relabellings(
    roles: IntArray, is_present: BoolArray, *, n_roles: int, n_draws: int, rng: np.random.Generator
) -> Relabellings:
    """List or draw the relabellings of a run.

    Parameters
    ----------
    roles
        Declared role of each agent in each episode, -1 for none, shape (U, N). Where the agents that are present hold
        the same role in all episodes, they are relabelled once for the run; else anew in each episode.
    is_present
        Who takes part, shape (U, N). Others, and agents without a role, keep what they have.
    n_roles
        Number of roles, R.
    n_draws
        Relabellings to draw where they are too many to list; fewer, but at least `FEWEST_DRAWS`, where roles are
        redrawn in very many episodes.
    rng
        Source of the draws.
    """
    is_moved = is_present & (roles >= 0)
    taking_part: BoolArray = np.asarray(is_moved.any(axis=0))
    held: IntArray = np.asarray(np.where(is_moved, roles, -1).max(axis=0, initial=-1))
    is_fixed = bool((~is_moved | (roles == held)).all())
    if not is_fixed:
        labels = _drawn(roles, is_moved, n_draws=n_draws, rng=rng)
        return Relabellings(labels=labels, is_exhaustive=False, sizes=())
    sizes = tuple(np.bincount(held[taking_part], minlength=n_roles).tolist())
    found = Relabellings(labels=held[None, None], is_exhaustive=True, sizes=sizes)
    if found.n_all <= EXHAUSTIVE_LIMIT:
        labels = np.tile(held, (found.n_all, 1, 1))
        labels[:, 0, taking_part] = np.array(list(_arrangements(sizes)), dtype=np.int64)
        return Relabellings(labels=_identity_first(labels, held), is_exhaustive=True, sizes=sizes)
    labels = _drawn(held[None], taking_part[None], n_draws=n_draws, rng=rng)
    return Relabellings(labels=labels, is_exhaustive=False, sizes=sizes)


def _arrangements(sizes: tuple[int, ...]) -> Iterator[list[int]]:
    """Yield every way to give out roles of these sizes, in lexicographic order of who holds the first role."""
    yield from _fill([-1] * sum(sizes), sizes, 0)


def _fill(labels: list[int], sizes: tuple[int, ...], role: int) -> Iterator[list[int]]:
    if role == len(sizes):
        yield labels
        return
    free = [place for place, label in enumerate(labels) if label < 0]
    for chosen in combinations(free, sizes[role]):
        filled = [role if place in chosen else label for place, label in enumerate(labels)]
        yield from _fill(filled, sizes, role + 1)


def _identity_first(labels: IntArray, held: IntArray) -> IntArray:
    at = int(np.flatnonzero((labels[:, 0] == held).all(axis=1))[0])
    return np.concatenate([labels[at : at + 1], labels[:at], labels[at + 1 :]])


def _drawn(roles: IntArray, is_moved: BoolArray, *, n_draws: int, rng: np.random.Generator) -> IntArray:
    """Return the roles as they are and then shuffled among the moved agents of each episode, (1 + draws, U, N)."""
    n_draws = min(n_draws, max(FEWEST_DRAWS, _MOST_CELLS // roles.size))
    target = np.argsort(~is_moved, axis=1, kind="stable")
    labels = np.empty((n_draws + 1, *roles.shape), dtype=np.int64)
    labels[0] = roles
    for drawn in labels[1:]:
        keys = np.where(is_moved, rng.random(roles.shape), np.inf)
        source = np.argsort(keys, axis=1, kind="stable")
        np.put_along_axis(drawn, target, np.take_along_axis(roles, source, axis=1), axis=1)
    return labels
