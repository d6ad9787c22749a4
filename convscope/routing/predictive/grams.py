"""The second pass: a Gram matrix of each unit (an episode, or a group of them) and design."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import fields_of
from convscope.routing.predictive.panel import design_sums, read_panel
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.plan import Plan
from convscope.routing.predictive.units import unit_labels, unite
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block


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
        """Return the units of both, by group, key and episode; those that are groups of episodes add up."""
        if len(first.key) == 0 or len(second.key) == 0:
            return first if len(second.key) == 0 else second
        both = unite([first.group, first.key, first.episode], [second.group, second.key, second.episode])
        return _labelled(
            both.labels,
            n_samples=both.added(first.n_samples, second.n_samples),
            n_episodes=both.added(first.n_episodes, second.n_episodes),
            grams=tuple(both.added(a, b) for a, b in zip(first.grams, second.grams, strict=True)),
        )

    def finish(self, state: UnitGrams) -> UnitGrams:
        """Return the units, by group and then by key."""
        return state

    def _units(self, block: Block) -> UnitGrams:
        panel = read_panel(self.plan, block)
        labels, place = unit_labels(self.plan, block, panel)
        sums = [design_sums(panel, design, place=place) for design in self.plan.designs]
        return _labelled(
            labels,
            n_samples=_by_unit([samples for samples, _ in sums], place),
            n_episodes=_by_unit([(samples > 0).astype(np.float64) for samples, _ in sums], place),
            grams=tuple(gram for _, gram in sums),
        )


def _labelled(
    labels: IntArray, *, n_samples: FloatArray, n_episodes: FloatArray, grams: tuple[FloatArray, ...]
) -> UnitGrams:
    group, key, episode = labels.T
    return UnitGrams(group=group, key=key, episode=episode, n_samples=n_samples, n_episodes=n_episodes, grams=grams)


def _by_unit(values: Sequence[FloatArray], place: IntArray) -> FloatArray:
    """Add up values of episodes, given design by design, to shape (units, designs)."""
    total = np.zeros((int(place.max()) + 1, len(values)))
    np.add.at(total, place, np.array(values).T)
    return total
