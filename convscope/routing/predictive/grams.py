"""The second pass: a Gram matrix of each unit (an episode, or a group of them) and design."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.digests import episode_digests
from convscope.routing.predictive.columns import fields_of
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
        """Return the units of one run and checkpoint."""
        return self.taken(np.flatnonzero(np.equal(self.group, group)))

    def taken(self, places: IntArray | BoolArray) -> "UnitGrams":
        """Return some units."""
        return UnitGrams(
            group=self.group[places],
            key=self.key[places],
            episode=self.episode[places],
            n_samples=self.n_samples[places],
            n_episodes=self.n_episodes[places],
            grams=tuple(gram[places] for gram in self.grams),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GramFold:
    """Sums products of columns; see `convscope.engine.fold.Fold`."""

    plan: Plan

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return fields_of(self.plan.columns)

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
        """Return the units of both; those that are groups of episodes add up."""
        names = ("group", "key", "episode")
        labels = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in names]
        identity, place = np.unique(np.column_stack(labels), axis=0, return_inverse=True)

        def added(a: FloatArray, b: FloatArray) -> FloatArray:
            total = np.zeros((len(identity), *a.shape[1:]))
            for values, at in ((a, place.ravel()[: len(a)]), (b, place.ravel()[len(a) :])):
                total[at] += values
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
    cells = plan.clock.cells(block)
    n_times, n_columns = plan.mean.shape[0] * plan.mean.shape[1], plan.mean.shape[2]
    mean = plan.mean.reshape(n_times, n_columns)[cells]
    is_known = np.isfinite(values)
    return _Panel(
        values=np.where(is_known, (values - mean) * plan.scale, 0.0),
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
    size = len(design.lag)
    n_samples = np.zeros(len(place))
    total = np.zeros((int(place.max()) + 1, size, size))
    bounds = zip(place.tolist(), pairwise(panel.offsets.tolist()), strict=True)
    for episode, (unit, (start, stop)) in enumerate(bounds):
        first = start + most_lag
        rows = _samples(panel, design.targets, np.arange(first, max(first, stop)), most_lag=most_lag)
        n_samples[episode] = len(rows)
        total[unit] += _gram(panel, design, rows)
    return n_samples, total


def _samples(panel: _Panel, targets: tuple[int, ...], rows: IntArray, *, most_lag: int) -> IntArray:
    """Return those of an episode's rows at which the receivers chose, and were there all the way back."""
    target = np.array(targets)
    is_sample = panel.is_choosing[rows[:, None], target].all(axis=1)
    for lag in range(1, most_lag + 1):
        is_sample &= panel.is_live[rows[:, None] - lag, target].all(axis=1)
    samples: IntArray = rows[is_sample]
    return samples


def _gram(panel: _Panel, design: Design, rows: IntArray) -> FloatArray:
    at = (rows[:, None] - design.lag, design.column)
    values, is_known = panel.values[at], panel.is_known[at]
    # The second intercept: what is common to a whole episode (a layout, an opponent) is swept out.
    mean = values.sum(axis=0) / np.maximum(is_known.sum(axis=0), 1)
    centred = np.where(is_known, values - mean, 0.0)
    product = centred.T @ centred
    return np.round(product * _QUANTUM) / _QUANTUM
