"""Third pass: how a sender's dice go together with what a receiver does next, and how much they would by chance.

The score of a pair is the sum over steps of the sender's dice times the surprise in the receiver's next probabilities.
The sender drew from probabilities that the log holds, so that mean and variance of the score under "the action has no
effect" are known, whatever else drives both agents.
"""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.model import Model
from convscope.routing.residual.roles import RoleModel
from convscope.values.arrays import FloatArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Sums over rows by group (run and checkpoint); m = groups of actions less one, k = m * m."""

    score: FloatArray
    """Shape (G, receiver, sender, k): sender's action, then receiver's."""
    variance: FloatArray
    """Of the score under the null, shape (G, receiver, sender, k, k)."""

    def plus(self, other: "Scores") -> "Scores":
        """Return the sums of both."""
        return Scores(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreFold:
    """Sums of `Scores`; see `convscope.engine.fold.Fold`."""

    model: Model | RoleModel

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.model.fields

    def start(self) -> Scores:
        """Return sums of nothing."""
        n_groups, n_nodes, width = self.model.shape
        pairs = (n_groups, n_nodes, n_nodes, width**2)
        return Scores(score=np.zeros(pairs), variance=np.zeros((*pairs, width**2)))

    def add(self, state: Scores, block: Block) -> Scores:
        """Add a block."""
        total = self.start().plus(state)
        for rows in self.model.rows(block):
            squares = np.einsum("knc,knd->kncd", rows.surprise, rows.surprise)
            total.score[rows.number] += products(rows.dice, rows.surprise)
            total.variance[rows.number] += product_squares(rows.spread, squares)
        return total

    def merge(self, first: Scores, second: Scores) -> Scores:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: Scores) -> Scores:
        """Return the sums."""
        return state


def products(dice: FloatArray, outcome: FloatArray) -> FloatArray:
    """Return sums over rows of all products, shape (receiver, sender, k)."""
    n_rows, n_senders, width = dice.shape
    n_receivers = outcome.shape[1]
    total = dice.reshape(n_rows, -1).T @ outcome.reshape(n_rows, -1)
    by_pair = total.reshape(n_senders, width, n_receivers, width).transpose(2, 0, 1, 3)
    return by_pair.reshape(n_receivers, n_senders, width**2)


def product_squares(spread: FloatArray, squares: FloatArray) -> FloatArray:
    """Return sums over rows of the products' covariances, shape (receiver, sender, k, k)."""
    n_rows, n_agents, width, _ = spread.shape
    total = spread.reshape(n_rows, -1).T @ squares.reshape(n_rows, -1)
    by_pair = total.reshape(n_agents, width, width, n_agents, width, width).transpose(3, 0, 1, 4, 2, 5)
    return by_pair.reshape(n_agents, n_agents, width**2, width**2)
