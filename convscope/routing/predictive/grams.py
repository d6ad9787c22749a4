"""The second pass: a Gram matrix of each unit (an episode, or a group of them) and design."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.digests import episode_digests
from convscope.routing.predictive.columns import FIELDS
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
        group = self.plan.clock.group_of[block.episodes]
        panel = _panel(self.plan, block)
        products = [list(_products(panel, design, self.plan.most_lag)) for design in self.plan.designs]
        n_samples = np.array([[n for n, _ in parts] for parts in products], dtype=np.float64).T
        digest = episode_digests(block, [panel.values, block.status])
        n_episodes_of_group = np.bincount(self.plan.clock.group_of, minlength=self.plan.clock.n_groups)
        is_grouped = n_episodes_of_group > self.plan.n_units
        units = UnitGrams(
            group=group,
            key=np.where(is_grouped[group], digest % self.plan.n_units[group], digest),
            episode=np.where(is_grouped[group], -1, block.episodes),
            n_samples=n_samples,
            n_episodes=(n_samples > 0).astype(np.float64),
            grams=tuple(np.array([gram for _, gram in parts]) for parts in products),
        )
        return self.merge(state, units)

    def merge(self, first: UnitGrams, second: UnitGrams) -> UnitGrams:
        """Return the units of both; those that are groups of episodes add up."""
        group, key, episode = (
            np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("group", "key", "episode")
        )
        identity, unit = np.unique(np.column_stack([group, key, episode]), axis=0, return_inverse=True)
        place = unit.ravel()

        def added(a: FloatArray, b: FloatArray) -> FloatArray:
            total = np.zeros((len(identity), *a.shape[1:]))
            if len(identity) == len(place):
                total[place] = np.concatenate([a, b])
            else:
                np.add.at(total, place, np.concatenate([a, b]))
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
    mean = plan.mean.reshape(-1, len(plan.columns))[cells]
    is_known = np.isfinite(values)
    return _Panel(
        values=np.where(is_known, (values - mean) * plan.scale, 0.0),
        is_known=is_known,
        is_choosing=has_choice(block),
        is_live=is_live(block),
        offsets=block.offsets,
    )


def _products(panel: _Panel, design: Design, most_lag: int) -> Iterator[tuple[int, FloatArray]]:
    for start, stop in pairwise(panel.offsets.tolist()):
        rows = _samples(panel, design.targets, np.arange(start + most_lag, max(start + most_lag, stop)), most_lag)
        yield len(rows), _gram(panel, design, rows)


def _samples(panel: _Panel, targets: tuple[int, ...], rows: IntArray, most_lag: int) -> IntArray:
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
