"""The third pass: what two agents did together, beside what everybody's past left open of a receiver's next action.

A receiver that answers to a combination (a gate, an exclusive or) may answer to no agent alone. The products of two
agents' last actions then go with the residual of the additive regression; one of the two may be the receiver itself.
"""

from collections.abc import Mapping, Sequence
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
        return self.scores[np.equal(self.group, group)]


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
        names = ("group", "key", "episode")
        labels = np.column_stack([np.concatenate([getattr(first, name), getattr(second, name)]) for name in names])
        identity, place = np.unique(labels, axis=0, return_inverse=True)
        total = np.zeros((len(identity), *first.scores.shape[1:]))
        total[place.ravel()[: len(first.key)]] = first.scores
        total[place.ravel()[len(first.key) :]] += second.scores
        return _labelled(identity, total)

    def finish(self, state: SynergyScores) -> SynergyScores:
        """Return the units, by group and then by key."""
        return state

    def _scores(self, block: Block) -> SynergyScores:
        panel = _panel(self.plan, block)
        digest = episode_digests(block, [panel.values, block.status])
        group = self.plan.clock.group_of[block.episodes]
        n_units = self.plan.n_units[group]
        is_grouped = self.plan.clock.n_episodes[group] > n_units
        key, number = np.where(is_grouped, digest % n_units, digest), np.where(is_grouped, -1, block.episodes)
        labels = np.column_stack([group, key, number])
        identity, place = np.unique(labels, axis=0, return_inverse=True)
        total = np.zeros((len(identity), *self.start().scores.shape[1:]))
        for episode, unit in enumerate(place.ravel().tolist()):
            total[unit] += self._episode(panel, self.recipes[int(group[episode])], episode)
        return _labelled(identity, total)

    def _episode(self, panel: "_Panel", recipes: Sequence[Recipe], episode: int) -> FloatArray:
        first, second = pairs_of(self.n_agents)
        d = self.n_directions
        found = [np.zeros((0, len(first), d**3))]
        for recipe in recipes:
            values = panel.centred(recipe.design, episode, self.plan.most_lag)
            residual = values[:, recipe.outcomes] - values[:, recipe.regressors] @ recipe.slope
            surprises = residual @ recipe.surprises
            last = (values @ recipe.features).reshape(len(values), self.n_agents, d)
            products = last[:, first, :, None] * last[:, second, None, :]
            scores = products.reshape(len(values), -1).T @ surprises
            by_receiver = scores.reshape(len(first), d * d, -1, d).transpose(2, 0, 1, 3)
            found.append(by_receiver.reshape(-1, len(first), d**3))
        joined: FloatArray = np.rint(np.concatenate(found) * _QUANTUM) / _QUANTUM
        return joined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Panel:
    """Columns of a block, beyond their mean at each time; 0 where missing."""

    values: FloatArray
    is_known: BoolArray
    is_choosing: BoolArray
    is_live: BoolArray
    bounds: tuple[tuple[int, int], ...]

    def centred(self, design: Design, episode: int, most_lag: int) -> FloatArray:
        """Return an episode's samples of a design, less their mean, shape (samples, P)."""
        start, stop = self.bounds[episode]
        rows, target = np.arange(min(start + most_lag, stop), stop), np.array(design.targets)
        is_sample = self.is_choosing[rows[:, None], target].all(axis=1)
        for lag in range(1, most_lag + 1):
            is_sample &= self.is_live[rows[:, None] - lag, target].all(axis=1)
        at = (rows[is_sample][:, None] - design.lag, design.column)
        values, is_known = self.values[at], self.is_known[at]
        mean = values.sum(axis=0) / np.maximum(is_known.sum(axis=0), 1)
        return np.where(is_known, values - mean, 0.0)


def _labelled(identity: IntArray, scores: FloatArray) -> SynergyScores:
    return SynergyScores(group=identity[:, 0], key=identity[:, 1], episode=identity[:, 2], scores=scores)


def _panel(plan: Plan, block: Block) -> _Panel:
    values = read_columns(block, plan.columns)
    n_groups, n_intervals, n_columns = plan.mean.shape
    mean = plan.mean.reshape(n_groups * n_intervals, n_columns)[plan.clock.cells(block)]
    is_known = np.isfinite(values)
    return _Panel(
        values=np.where(is_known, (values - mean) * plan.scale, 0.0),
        is_known=is_known,
        is_choosing=has_choice(block),
        is_live=is_live(block),
        bounds=tuple(pairwise(block.offsets.tolist())),
    )
