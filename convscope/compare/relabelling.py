"""What the preference of a run would be, had its agents held each other's roles."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.routing.choice_model import collapse, fit
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.routing import RoutingTallies

EXHAUSTIVE_LIMIT = 2_000
"""Largest number of relabellings of a run that are all tried (3-3-3 has 1,680); larger groups are drawn from."""
_CHUNK_CELLS = 1 << 20


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
        Relabellings to draw where they are too many to list.
    rng
        Source of the draws.
    """
    is_moved = is_present & (roles >= 0)
    taking_part: BoolArray = np.asarray(is_moved.any(axis=0))
    held: IntArray = np.asarray(np.where(is_moved, roles, -1).max(axis=0, initial=-1))
    is_fixed = bool((~is_moved | (roles == held)).all())
    if not is_fixed:
        labels = _drawn(roles, is_moved, n_draws, rng)
        return Relabellings(labels=labels, is_exhaustive=False, sizes=())
    sizes = tuple(np.bincount(held[taking_part], minlength=n_roles).tolist())
    found = Relabellings(labels=held[None, None], is_exhaustive=True, sizes=sizes)
    if found.n_all <= EXHAUSTIVE_LIMIT:
        labels = np.tile(held, (found.n_all, 1, 1))
        labels[:, 0, taking_part] = np.array(list(_arrangements(sizes)), dtype=np.int64)
        return Relabellings(labels=_identity_first(labels, held), is_exhaustive=True, sizes=sizes)
    labels = _drawn(held[None], taking_part[None], n_draws, rng)
    return Relabellings(labels=labels, is_exhaustive=False, sizes=sizes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelabelledRun:
    """One run under relabelling."""

    relabellings: Relabellings
    preference: FloatArray
    """P under each relabelling, the declared roles first, shape (L, R, R); NaN = blank."""

    def __post_init__(self) -> None:
        n_labels, n_roles = self.preference.shape[:2]
        object.__setattr__(self, "preference", sealed(self.preference, (n_labels, n_roles, n_roles), "preference"))


def relabelled_run(tallies: RoutingTallies, *, n_roles: int, n_draws: int, rng: np.random.Generator) -> RelabelledRun:
    """Fit the preference of a run under each relabelling of its agents.

    Parameters
    ----------
    tallies
        Rows of one run.
    n_roles, n_draws, rng
        As in `relabellings`.
    """
    unit, roles, is_present = _units(tallies)
    receiver, valid, mass = tallies.receiver, tallies.valid, np.where(tallies.valid, tallies.mass, 0.0)
    found = relabellings(roles, is_present, n_roles=n_roles, n_draws=n_draws, rng=rng)
    if found.labels.shape[1] == 1:
        receiver, valid, mass = _summed(receiver, valid, mass)
        unit = np.zeros(len(receiver), dtype=np.int64)
    chunk = max(1, _CHUNK_CELLS // max(1, valid.size))
    parts = [
        _preferences(found.labels[start : start + chunk][:, unit], receiver, valid, mass, n_roles)
        for start in range(0, len(found.labels), chunk)
    ]
    return RelabelledRun(relabellings=found, preference=np.concatenate(parts))


def _units(tallies: RoutingTallies) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the episode of each row, and who holds which role and takes part in each episode, (U, N)."""
    units, unit = np.unique(tallies.unit, return_inverse=True)
    roles = np.full((len(units), tallies.valid.shape[1]), -1)
    roles[unit] = tallies.roles
    is_present = np.zeros(roles.shape, dtype=np.bool_)
    np.logical_or.at(is_present, unit, tallies.valid)
    is_present[unit, tallies.receiver] = True
    return unit, roles, is_present


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


def _drawn(roles: IntArray, is_moved: BoolArray, n_draws: int, rng: np.random.Generator) -> IntArray:
    """Return the roles as they are and then shuffled among the moved agents of each episode, (n_draws + 1, U, N)."""
    keys = np.where(is_moved, rng.random((n_draws, *roles.shape)), np.inf)
    source = np.argsort(keys, axis=2, kind="stable")
    target = np.argsort(~is_moved, axis=1, kind="stable")
    shuffled = np.take_along_axis(np.broadcast_to(roles, keys.shape), source, axis=2)
    labels = np.empty(keys.shape, dtype=np.int64)
    np.put_along_axis(labels, np.broadcast_to(target, keys.shape), shuffled, axis=2)
    return np.concatenate([roles[None], labels])


def _summed(receiver: IntArray, valid: BoolArray, mass: FloatArray) -> tuple[IntArray, BoolArray, FloatArray]:
    """Sum rows of one receiver and one set of valid senders: with fixed roles episodes need not be told apart."""
    keys = np.column_stack([receiver, np.packbits(valid, axis=1)])
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    summed = np.zeros((len(first), valid.shape[1]))
    np.add.at(summed, number.ravel(), mass)
    return receiver[first], valid[first], summed


def _preferences(labels: IntArray, receiver: IntArray, valid: BoolArray, mass: FloatArray, n_roles: int) -> FloatArray:
    """Fit P for labels of shape (L, K or 1, N); K rows."""
    n_fits, n_rows = len(labels), len(receiver)
    rows = np.broadcast_to(np.arange(n_rows), (n_fits, n_rows))
    receiving = np.broadcast_to(labels, (n_fits, n_rows, labels.shape[2]))[np.arange(n_fits)[:, None], rows, receiver]
    is_role = labels[..., None] == np.arange(n_roles)
    counts = _by_role(valid.astype(np.float64), is_role).round().astype(np.int64)
    found = collapse(
        np.repeat(np.arange(n_fits), n_rows),
        receiving.ravel(),
        counts.reshape(-1, n_roles),
        _by_role(mass, is_role).reshape(-1, n_roles),
        n_fits=n_fits,
    )
    return fit(found).preference


def _by_role(values: FloatArray, is_role: BoolArray) -> FloatArray:
    """Sum values (K, N) by role under each labelling, shape (L, K, R)."""
    weights = is_role.astype(np.float64)
    if is_role.shape[1] == 1:
        return np.asarray(np.einsum("kn,lnr->lkr", values, weights[:, 0], optimize=True))
    return np.asarray(np.einsum("kn,lknr->lkr", values, weights))
