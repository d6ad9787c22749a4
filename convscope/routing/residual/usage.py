"""First pass: how actions are taken, whether they are draws from the logged probabilities, how much is chance."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.reading import MOST_ACTIONS, ActionGroups, full_policies
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """Sums over the steps at which an agent acts and its probabilities are known, by group (run and checkpoint)."""

    counts: FloatArray
    """Times that each action was taken, shape (G, N, A)."""
    n_known: FloatArray
    """Steps, shape (G, N)."""
    n_unknown: FloatArray
    """Steps at which the agent acts and no probabilities are known, shape (G, N)."""
    chance: FloatArray
    """Sum of ``1 - sum of squared probabilities``: how often two draws would differ, shape (G, N)."""
    surprise: FloatArray
    """Sum of ``log p(action) + entropy``, which is 0 on average if actions are draws, shape (G, N)."""
    variance: FloatArray
    """Sum of the variances of ``log p(action)``, shape (G, N)."""
    n_impossible: FloatArray
    """Actions that were taken with probability 0, shape (G, N)."""

    def plus(self, other: "Usage") -> "Usage":
        """Return the sums of both."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def action_groups(self, *, are_alike: bool = False) -> ActionGroups:
        """Tell the most frequent actions of each agent, or of all alike, apart, and take the others together."""
        counts = self.counts.sum(axis=0)
        if are_alike:
            counts = np.broadcast_to(counts.sum(axis=0), counts.shape)
        n_actions = counts.shape[1]
        n_groups = min(n_actions, MOST_ACTIONS)
        rank = np.argsort(np.argsort(-counts, axis=1, kind="stable"), axis=1, kind="stable")
        return ActionGroups(group_of=np.minimum(rank, n_groups - 1), n_groups=n_groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFold:
    """Sums of `Usage`; see `convscope.engine.fold.Fold`."""

    fields: frozenset[str]
    group_of: IntArray
    """Group of each episode of the log, shape (E,)."""
    n_groups: int
    n_agents: int
    n_actions: int

    def start(self) -> Usage:
        """Return sums of nothing."""
        shape = (self.n_groups, self.n_agents)
        return Usage(
            counts=np.zeros((*shape, self.n_actions)),
            **{name: np.zeros(shape) for name in Usage.__slots__ if name != "counts"},
        )

    def add(self, state: Usage, block: Block) -> Usage:
        """Add a block."""
        shares, actions, is_known = full_policies(block)
        log_shares = np.log(np.where(shares > 0, shares, 1.0))
        entropy = -(shares * log_shares).sum(axis=-1)
        variance = (shares * log_shares**2).sum(axis=-1) - entropy**2
        own = np.take_along_axis(shares, actions[..., None], axis=-1)[..., 0]
        is_possible = is_known & (own > 0)
        surprise = np.where(is_possible, np.log(np.where(is_possible, own, 1.0)) + entropy, 0.0)
        is_taken = np.equal(actions[..., None], np.arange(self.n_actions)) & is_known[..., None]
        group = self.group_of[block.episodes][block.episode_of_row]
        more = Usage(
            counts=self._by_group(group, is_taken.astype(np.float64)),
            n_known=self._by_group(group, is_known.astype(np.float64)),
            n_unknown=self._by_group(group, (block.is_acting & ~is_known).astype(np.float64)),
            chance=self._by_group(group, np.where(is_known, 1 - (shares**2).sum(axis=-1), 0.0)),
            surprise=self._by_group(group, surprise),
            variance=self._by_group(group, np.where(is_possible, np.maximum(variance, 0.0), 0.0)),
            n_impossible=self._by_group(group, (is_known & ~is_possible).astype(np.float64)),
        )
        return state.plus(more)

    def merge(self, first: Usage, second: Usage) -> Usage:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: Usage) -> Usage:
        """Return the sums."""
        return state

    def _by_group(self, group: IntArray, values: FloatArray) -> FloatArray:
        total = np.zeros((self.n_groups, *values.shape[1:]))
        np.add.at(total, group, values)
        return total
