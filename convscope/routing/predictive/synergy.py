"""The third pass: what two agents did together, beside what everybody's past left open of a receiver's next action.

A receiver that answers to a combination (a gate, an exclusive or) may answer to no agent alone. The products of two
agents' last actions then go with the residual of the additive regression; one of the two may be the receiver itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import fields_of
from convscope.routing.predictive.panel import Panel, centred_samples, read_panel
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.plan import Design, Plan
from convscope.routing.predictive.units import unit_labels, unite
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block

_QUANTUM = 2.0**40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """How rows of one design in one run become scores; R receivers, N agents, D directions each."""

    design: Design
    regressors: IntArray
    """Places in the design, shape (p,)."""
    outcomes: IntArray
    """Places in the design, shape (m,)."""
    slope: FloatArray
    """Of the outcomes on the regressors, shape (p, m)."""
    surprises: FloatArray
    """From the outcomes' residuals to each receiver's orthonormal surprises, shape (m, R D)."""
    features: FloatArray
    """From the design's columns to each agent's orthonormal last actions, shape (P, N D)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SynergyScores:
    """Scores by unit: each receiver's surprises times the products of two agents' last actions."""

    group: IntArray
    """Run and checkpoint, shape (K,)."""
    key: IntArray
    """What tells units of a group apart and orders them, as in `UnitGrams`, shape (K,)."""
    episode: IntArray
    """As in `UnitGrams`, shape (K,)."""
    scores: FloatArray
    """Shape (K, R, pairs, D D D); pairs as in `pairs_of`."""

    def of_group(self, group: int) -> FloatArray:
        """Return the scores of one run and checkpoint, shape (U, R, pairs, D D D)."""
        # Units are in the order of their groups.
        first, last = np.searchsorted(self.group, [group, group + 1]).tolist()
        return self.scores[first:last]


def pairs_of(n_agents: int) -> tuple[IntArray, IntArray]:
    """Return the first and the second agent of each unordered pair, shape (pairs,) each."""
    first, second = np.triu_indices(n_agents, 1)
    return first.astype(np.int64), second.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SynergyFold:
    """Sums the scores of units; see `convscope.engine.fold.Fold`."""

    plan: Plan
    recipes: Mapping[int, tuple[Recipe, ...]]
    """Of each run and checkpoint that is read, its designs' receivers one after the other."""
    n_agents: int
    n_directions: int

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return fields_of(self.plan.columns)

    def start(self) -> SynergyScores:
        """Return no units."""
        none = np.zeros(0, dtype=np.int64)
        n_pairs = self.n_agents * (self.n_agents - 1) // 2
        shape = (0, self.n_agents, n_pairs, self.n_directions**3)
        return SynergyScores(group=none, key=none, episode=none, scores=np.zeros(shape))

    def add(self, state: SynergyScores, block: Block) -> SynergyScores:
        """Add the episodes of a block."""
        is_wanted = np.isin(self.plan.clock.group_of[block.episodes], list(self.recipes))
        if not is_wanted.any():
            return state
        for piece in pieces(block, len(self.plan.columns), is_wanted=is_wanted):
            state = self.merge(state, self._scores(piece))
        return state

    def merge(self, first: SynergyScores, second: SynergyScores) -> SynergyScores:
        """Return the units of both; those that are groups of episodes add up."""
        if len(first.key) == 0:
            return second
        both = unite([first.group, first.key, first.episode], [second.group, second.key, second.episode])
        return _labelled(both.labels, both.added(first.scores, second.scores))

    def finish(self, state: SynergyScores) -> SynergyScores:
        """Return the units, by group and then by key."""
        return state

    def _scores(self, block: Block) -> SynergyScores:
        panel = read_panel(self.plan, block)
        labels, place = unit_labels(self.plan, block, panel)
        recipes_of = [self.recipes[group] for group in self.plan.clock.group_of[block.episodes].tolist()]
        by_design = [
            self._of_design(panel, recipes, place=place, n_units=len(labels))
            for recipes in zip(*recipes_of, strict=True)
        ]
        return _labelled(labels, by_design[0] if len(by_design) == 1 else np.concatenate(by_design, axis=1))

    def _of_design(self, panel: Panel, recipes: Sequence[Recipe], *, place: IntArray, n_units: int) -> FloatArray:
        """Return the scores of the receivers of one design, given each episode's recipe for it."""
        d, n_pairs = self.n_directions, self.n_agents * (self.n_agents - 1) // 2
        # Sizes are spelled out: a design of agents that do not act has no samples, and one of them may be 0.
        n_receivers = recipes[0].surprises.shape[1] // d
        total = np.zeros((n_units, n_pairs * d * d, n_receivers * d))
        samples = centred_samples(panel, recipes[0].design)
        # One room for all episodes: fresh memory costs as much as what is written to it.
        room = np.empty(n_pairs * d * d * int(np.diff(panel.offsets).max(initial=0)))
        scores = np.empty(total.shape[1:])
        for unit, recipe, values in zip(place.tolist(), recipes, samples, strict=True):
            residual = values[:, recipe.outcomes] - values[:, recipe.regressors] @ recipe.slope
            # Time last: each agent's row of samples is read in one go, for every pair that it is in.
            last = (recipe.features.T @ values.T).reshape(self.n_agents, d, len(values))
            products = room[: n_pairs * d * d * len(values)].reshape(n_pairs, d, d, len(values))
            _multiply_pairs(last, out=products)
            np.matmul(products.reshape(n_pairs * d * d, len(values)), residual @ recipe.surprises, out=scores)
            scores *= _QUANTUM
            total[unit] += np.rint(scores, out=scores)
        total /= _QUANTUM
        # From (units, pairs, d d, receivers, d) to (units, receivers, pairs, d d d).
        by_receiver = total.reshape(n_units, n_pairs, d * d, n_receivers, d).transpose(0, 3, 1, 2, 4)
        return by_receiver.reshape(n_units, n_receivers, n_pairs, d**3)


def _multiply_pairs(last: FloatArray, *, out: FloatArray) -> None:
    """Write the products of every two agents' rows, shape (pairs, D, D, T); pairs in the order of `pairs_of`."""
    done = 0
    for agent in range(len(last) - 1):
        others = last[agent + 1 :]
        np.multiply(last[agent][None, :, None], others[:, None], out=out[done : done + len(others)])
        done += len(others)


def _labelled(labels: IntArray, scores: FloatArray) -> SynergyScores:
    group, key, episode = labels.T
    return SynergyScores(group=group, key=key, episode=episode, scores=scores)
