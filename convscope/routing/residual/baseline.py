"""Second pass: what a receiver's next probabilities are, as far as it can be told without the senders' dice."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.reading import ActionGroups, policies
from convscope.routing.residual.steps import next_steps
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block

_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineFold:
    """Sums the products of a regression for each receiver; see `convscope.engine.fold.Fold`."""

    fields: frozenset[str]
    groups: ActionGroups
    group_of: IntArray
    """Group (run and checkpoint) of each episode of the log, shape (E,)."""
    n_groups: int
    n_agents: int

    def start(self) -> FloatArray:
        """Return sums of nothing, shape (G, N, P + M - 1, P + M - 1)."""
        width = 1 + 4 * (self.groups.n_groups - 1)
        return np.zeros((self.n_groups, self.n_agents, width, width))

    def add(self, state: FloatArray, block: Block) -> FloatArray:
        """Add a block."""
        steps = next_steps(block, policies(block, self.groups))
        columns = np.concatenate([steps.known, steps.outcome], axis=-1)
        columns = np.where(steps.is_receiving[..., None], columns, 0.0)
        group = self.group_of[block.episodes][block.episode_of_row][steps.row]
        total = state.copy()
        for number in np.unique(group).tolist():
            rows = columns[group == number].transpose(1, 0, 2)
            total[number] += rows.transpose(0, 2, 1) @ rows
        return total

    def merge(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Add two states."""
        return first + second

    def finish(self, state: FloatArray) -> FloatArray:
        """Return the coefficients of every receiver, shape (G, N, P, M - 1).

        Notes
        -----
        Any function of what was known before the senders drew would do: a poor one costs power, never the level.
        """
        n_known = state.shape[-1] - (self.groups.n_groups - 1)
        gram, products = state[..., :n_known, :n_known], state[..., :n_known, n_known:]
        scale = np.trace(gram, axis1=-2, axis2=-1)[..., None, None] / n_known
        ridge = _RIDGE * np.maximum(scale, 1e-12) * np.eye(n_known)
        return np.linalg.solve(gram + ridge, products)
