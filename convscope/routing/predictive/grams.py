"""The second pass: a Gram matrix of each unit (an episode, or a group of them) and design."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.digests import episode_digests
from convscope.routing.predictive.columns import FIELDS
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.plan import Design, Plan
from convscope.routing.predictive.reading import has_choice, is_live, read_columns
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block

_QUANTUM = 2.0**26


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitGrams:
    """Sums of products of columns, by unit. They add up exactly: two halves of a log give the whole, bit for bit."""

    group: IntArray
    """Run and checkpoint, shape (K,)."""
    key: IntArray
    """What tells units of a group apart and orders them; comes from their content, shape (K,)."""
    episode: IntArray
    """An episode of the unit, shape (K,); only where a unit is one episode does it say more than that."""
    n_samples: FloatArray
    """Samples of each design, shape (K, designs)."""
    n_episodes: FloatArray
    """Episodes with samples of each design, shape (K, designs)."""
    grams: tuple[FloatArray, ...]
    """Of each design, shape (K, P, P)."""

    def of_group(self, group: int) -> "UnitGrams":
        """Return the units of one run and checkpoint, without copying them."""
        # Units are in the order of their groups.
        first, last = np.searchsorted(self.group, [group, group + 1]).tolist()
        return UnitGrams(
            group=self.group[first:last],
            key=self.key[first:last],
            episode=self.episode[first:last],
            n_samples=self.n_samples[first:last],
            n_episodes=self.n_episodes[first:last],
            grams=tuple(gram[first:last] for gram in self.grams),
        )

    def sums(self, is_taken: BoolArray) -> list["GramSums"]:
        """Return what some choices of the units add up to.

        Parameters
        ----------
        is_taken
            Which units each choice takes, shape (choices, K).
        """
        taken = is_taken.astype(np.float64)
        # One product reads the matrices once for all choices; sums of numbers on the grid are exact in any order.
        grams = [np.tensordot(taken, gram, axes=1) for gram in self.grams]
        n_samples, n_episodes = taken @ self.n_samples, taken @ self.n_episodes
        return [
            GramSums(
                groups=np.unique(self.group[is_taken[choice]]),
                n_samples=n_samples[choice],
                n_episodes=n_episodes[choice],
                grams=tuple(gram[choice] for gram in grams),
            )
            for choice in range(len(taken))
        ]

    @property
    def total(self) -> "GramSums":
        """All units added up."""
        return self.sums(np.ones((1, len(self.key)), dtype=np.bool_))[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GramSums:
    """Some units added up."""

    groups: IntArray
    """Runs and checkpoints that they are from."""
    n_samples: FloatArray
    """Samples of each design, shape (designs,)."""
    n_episodes: FloatArray
    """Episodes with samples of each design, shape (designs,)."""
    grams: tuple[FloatArray, ...]
    """Of each design, shape (P, P)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GramFold:
    """Sums products of columns; see `convscope.engine.fold.Fold`."""

    plan: Plan

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return FIELDS

    def start(self) -> UnitGrams:
        """Return no units."""
        none = np.zeros(0, dtype=np.int64)
        n_designs = len(self.plan.designs)
        sizes = [len(design.lag) for design in self.plan.designs]
        return UnitGrams(
            group=none,
            key=none,
            episode=none,
            n_samples=np.zeros((0, n_designs)),
            n_episodes=np.zeros((0, n_designs)),
            grams=tuple(np.zeros((0, size, size)) for size in sizes),
        )

    def add(self, state: UnitGrams, block: Block) -> UnitGrams:
        """Add the episodes of a block."""
        for piece in pieces(block, len(self.plan.columns), is_wanted=self.plan.clock.is_read(block)):
            state = self.merge(state, self._units(piece))
        return state

    def merge(self, first: UnitGrams, second: UnitGrams) -> UnitGrams:
        """Return the units of both, by group, key and episode; those that are groups of episodes add up."""
        if len(first.key) == 0 or len(second.key) == 0:
            return first if len(second.key) == 0 else second
        names = ("group", "key", "episode")
        labels = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in names]
        identity, place = np.unique(np.column_stack(labels), axis=0, return_inverse=True)
        of_first, of_second = np.split(place.ravel(), [len(first.key)])

        # The matrices are the largest thing of a pass: nothing is copied that need not be.
        def added(a: FloatArray, b: FloatArray) -> FloatArray:
            if len(a) == len(b) == len(identity):
                return a + b
            total = np.empty((len(identity), *a.shape[1:]))
            total[np.setdiff1d(of_second, of_first)] = 0.0
            total[of_first] = a
            total[of_second] += b
            return total

        return UnitGrams(
            group=identity[:, 0],
            key=identity[:, 1],
            episode=identity[:, 2],
            n_samples=added(first.n_samples, second.n_samples),
            n_episodes=added(first.n_episodes, second.n_episodes),
            grams=tuple(added(a, b) for a, b in zip(first.grams, second.grams, strict=True)),
        )

    def finish(self, state: UnitGrams) -> UnitGrams:
        """Return the units, by group and then by key."""
        return state

    def _units(self, block: Block) -> UnitGrams:
        panel = _panel(self.plan, block)
        digest = episode_digests(block, [panel.values, block.status])
        group = self.plan.clock.group_of[block.episodes]
        n_units = self.plan.n_units[group]
        is_grouped = self.plan.clock.n_episodes[group] > n_units
        labels = [group, np.where(is_grouped, digest % n_units, digest), np.where(is_grouped, -1, block.episodes)]
        identity, place = np.unique(np.column_stack(labels), axis=0, return_inverse=True)
        sums = [
            _design_sums(panel, design, place=place.ravel(), most_lag=self.plan.most_lag)
            for design in self.plan.designs
        ]
        return UnitGrams(
            group=identity[:, 0],
            key=identity[:, 1],
            episode=identity[:, 2],
            n_samples=_by_unit([samples for samples, _ in sums], place.ravel()),
            n_episodes=_by_unit([(samples > 0).astype(np.float64) for samples, _ in sums], place.ravel()),
            grams=tuple(gram for _, gram in sums),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Panel:
    """Columns of a block, beyond their mean at each time; 0 where missing."""

    values: FloatArray
    is_known: BoolArray
    is_choosing: BoolArray
    is_live: BoolArray
    offsets: IntArray


def _panel(plan: Plan, block: Block) -> _Panel:
    values = read_columns(block, plan.columns)
    n_groups, n_intervals, n_columns = plan.mean.shape
    mean = plan.mean.reshape(n_groups * n_intervals, n_columns)[plan.clock.cells(block)]
    is_known = np.isfinite(values)
    values -= mean
    values *= plan.scale
    values[~is_known] = 0.0
    return _Panel(
        values=values,
        is_known=is_known,
        is_choosing=has_choice(block),
        is_live=is_live(block),
        offsets=block.offsets,
    )


def _by_unit(values: Sequence[FloatArray], place: IntArray) -> FloatArray:
    """Add up values of episodes, given design by design, to shape (units, designs)."""
    total = np.zeros((int(place.max()) + 1, len(values)))
    np.add.at(total, place, np.array(values).T)
    return total


def _design_sums(panel: _Panel, design: Design, *, place: IntArray, most_lag: int) -> tuple[FloatArray, FloatArray]:
    """Return the samples of each episode, and the summed products of each unit; ``place`` is each episode's unit."""
    samples = _samples(panel, design.targets, most_lag=most_lag)
    ends = np.searchsorted(samples, panel.offsets)
    n_columns = len(design.lag)
    total = np.zeros((int(place.max()) + 1, n_columns, n_columns))
    lagged = _lagged(panel, design)
    for unit, (first, last) in zip(place.tolist(), pairwise(ends.tolist()), strict=True):
        if lagged and last > first:
            total[unit] += _gram(lagged, samples[first:last])
    return np.diff(ends).astype(np.float64), total


def _samples(panel: _Panel, targets: tuple[int, ...], *, most_lag: int) -> IntArray:
    """Return the rows at which the receivers chose, and were there all the way back."""
    target = list(targets)
    is_there: BoolArray = np.asarray(panel.is_live[:, target].all(axis=1))
    is_sample: BoolArray = np.asarray(panel.is_choosing[:, target].all(axis=1))
    for lag in range(1, most_lag + 1):
        is_sample[lag:] &= is_there[:-lag]
        # What is further back than the episode reaches belongs to another one.
        is_sample[(panel.offsets[:-1] + lag - 1)[np.diff(panel.offsets) >= lag]] = False
    return np.flatnonzero(is_sample)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lagged:
    """The columns that a design holds at one lag."""

    lag: int
    values: FloatArray
    is_known: BoolArray | None
    """None where nothing is missing."""


def _lagged(panel: _Panel, design: Design) -> list[_Lagged]:
    is_whole = bool(panel.is_known.all())
    held: list[_Lagged] = []
    for lag in np.unique(design.lag).tolist():
        columns = design.column[np.equal(design.lag, lag)]
        is_every = np.array_equal(columns, np.arange(panel.values.shape[1]))
        of_lag = slice(None) if is_every else columns
        is_known = None if is_whole else panel.is_known[:, of_lag]
        held.append(_Lagged(lag=lag, values=panel.values[:, of_lag], is_known=is_known))
    return held


def _gram(lagged: Sequence[_Lagged], rows: IntArray) -> FloatArray:
    first, last = int(rows[0]), int(rows[-1])
    is_run = last - first + 1 == len(rows)
    places = [slice(first - each.lag, last + 1 - each.lag) if is_run else rows - each.lag for each in lagged]
    values = np.concatenate([each.values[at] for each, at in zip(lagged, places, strict=True)], axis=1)
    known = [each.is_known[at] for each, at in zip(lagged, places, strict=True) if each.is_known is not None]
    is_known = np.concatenate(known, axis=1) if known else None
    # The second intercept: what is common to a whole episode (a layout, an opponent) is swept out.
    values -= values.sum(axis=0) / (len(rows) if is_known is None else np.maximum(is_known.sum(axis=0), 1))
    if is_known is not None:
        values[~is_known] = 0.0
    product: FloatArray = values.T @ values
    product *= _QUANTUM
    np.rint(product, out=product)
    product /= _QUANTUM
    return product
