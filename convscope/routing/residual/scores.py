"""Third pass: how a sender's dice go together with what a receiver does next, and how much they would by chance.

The score of a pair is the sum over steps of the sender's dice times the surprise in the receiver's next probabilities.
The sender drew from probabilities that the log holds, so that mean and variance of the score under "the action has no
effect" are known, whatever else drives both agents.
"""

from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.routing.residual.reading import ActionGroups, Policies, policies
from convscope.routing.residual.steps import next_steps
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block

_DRAWS_AT_A_TIME = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Sums over rows; m = groups of actions less one, k = m * m."""

    score: FloatArray
    """By unit (one or more episodes), shape (U, receiver, sender, k): sender's action, then receiver's."""
    variance: FloatArray
    """Of the score under the null, by group (run and checkpoint), shape (G, receiver, sender, k, k)."""
    n_steps: FloatArray
    """Steps at which both act and the receiver acts again, shape (G, receiver, sender)."""
    drawn: FloatArray
    """Scores of re-drawn actions, shape (D, G, receiver, sender, k); 0 where none were asked for."""
    together: FloatArray
    """Products of the dice of two agents at the same step, shape (G, first, second, k)."""
    together_variance: FloatArray
    """Their variance if agents draw apart, shape (G, first, second, k, k)."""

    def plus(self, other: "Scores") -> "Scores":
        """Return the sums of both."""
        return Scores(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreFold:
    """Sums of `Scores`; see `convscope.engine.fold.Fold`."""

    fields: frozenset[str]
    groups: ActionGroups
    baseline: FloatArray
    """Coefficients of every receiver, shape (G, N, P, m)."""
    group_of: IntArray
    """Group of each episode of the log, shape (E,)."""
    unit_of: IntArray
    """Unit of each episode, shape (E,)."""
    is_drawn: BoolArray
    """Senders whose actions are drawn again, shape (G, N)."""
    n_draws: int
    seed: int

    @property
    def width(self) -> int:
        """Groups of actions less one."""
        return self.groups.n_groups - 1

    def start(self) -> Scores:
        """Return sums of nothing."""
        n_groups, n_agents = self.is_drawn.shape
        pairs = (n_agents, n_agents, self.width**2)
        n_draws = self.n_draws if self.is_drawn.any() else 0
        return Scores(
            score=np.zeros((int(self.unit_of.max()) + 1, *pairs)),
            variance=np.zeros((n_groups, *pairs, self.width**2)),
            n_steps=np.zeros((n_groups, n_agents, n_agents)),
            drawn=np.zeros((n_draws, n_groups, *pairs)),
            together=np.zeros((n_groups, *pairs)),
            together_variance=np.zeros((n_groups, *pairs, self.width**2)),
        )

    def add(self, state: Scores, block: Block) -> Scores:
        """Add a block."""
        total = self.start().plus(state)
        own = policies(block, self.groups)
        steps = next_steps(block, own)
        episode = block.episode_of_row
        group = self.group_of[block.episodes][episode]
        unit = self.unit_of[block.episodes][episode]
        rng = generator(self.seed, "routing", "policy-residual", "draws", str(int(block.episodes[0])))
        for number in np.unique(group).tolist():
            here = np.flatnonzero(group == number)
            self._add_together(total, number, dice=_dice(own, here), spread=_spread(own, here))
            kept = np.flatnonzero(group[steps.row] == number)
            row = steps.row[kept]
            told = np.einsum("knp,npm->knm", steps.known[kept], self.baseline[number])
            surprise = np.where(steps.is_receiving[kept][..., None], steps.outcome[kept] - told, 0.0)
            dice, spread = _dice(own, row), _spread(own, row)
            for each in np.unique(unit[row]).tolist():
                mine = unit[row] == each
                total.score[each] += _products(dice[mine], surprise[mine])
            squares = np.einsum("knc,knd->kncd", surprise, surprise)
            total.variance[number] += _product_squares(spread, squares)
            known = own.is_known[row].astype(np.float64)
            total.n_steps[number] += steps.is_receiving[kept].astype(np.float64).T @ known
            for sender in np.flatnonzero(self.is_drawn[number]).tolist():
                drawn = self._drawn(own, row, sender=sender, surprise=surprise, rng=rng)
                total.drawn[:, number, :, sender] += drawn
        return total

    def merge(self, first: Scores, second: Scores) -> Scores:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: Scores) -> Scores:
        """Return the sums."""
        return state

    def _add_together(self, total: Scores, number: int, *, dice: FloatArray, spread: FloatArray) -> None:
        total.together[number] += _products(dice, dice)
        total.together_variance[number] += _product_squares(spread, spread)

    def _drawn(
        self, own: Policies, row: IntArray, *, sender: int, surprise: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Draw a sender's actions again from its logged probabilities; return the scores, shape (D, N, k)."""
        is_random = own.is_known[row, sender] & (own.probabilities[row, sender].max(axis=-1) < 1)
        shares = own.probabilities[row[is_random], sender]
        bounds = shares.cumsum(axis=-1)[:, :-1]
        outcome = surprise[is_random].reshape(len(shares), -1)
        scores: list[FloatArray] = []
        for first in range(0, self.n_draws, _DRAWS_AT_A_TIME):
            n_draws = min(_DRAWS_AT_A_TIME, self.n_draws - first)
            uniform = rng.random((n_draws, len(shares)))
            action = np.zeros(uniform.shape, np.int8)
            for place in range(bounds.shape[1]):
                action += uniform >= bounds[:, place]
            by_action = [(np.equal(action, a) - shares[:, a]) @ outcome for a in range(self.width)]
            stacked = np.stack(by_action, axis=1).reshape(n_draws, self.width, -1, self.width)
            scores.append(stacked.transpose(0, 2, 1, 3).reshape(n_draws, -1, self.width**2))
        drawn: FloatArray = np.concatenate(scores)
        return drawn


def _dice(own: Policies, row: IntArray) -> FloatArray:
    return np.where(own.is_known[row][..., None], own.dice[row, :, :-1], 0.0)


def _spread(own: Policies, row: IntArray) -> FloatArray:
    """Return the covariance of each agent's dice at each row, shape (K, N, m, m)."""
    shares = np.where(own.is_known[row][..., None], own.probabilities[row, :, :-1], 0.0)
    squares = np.einsum("kna,knb->knab", shares, shares)
    spread: FloatArray = np.eye(shares.shape[-1]) * shares[..., None] - squares
    return spread


def _products(dice: FloatArray, outcome: FloatArray) -> FloatArray:
    """Return sums over rows of the products, shape (receiver, sender, k)."""
    n_rows, n_agents, width = dice.shape
    total = dice.reshape(n_rows, -1).T @ outcome.reshape(n_rows, -1)
    by_pair = total.reshape(n_agents, width, n_agents, width).transpose(2, 0, 1, 3)
    return by_pair.reshape(n_agents, n_agents, width**2)


def _product_squares(spread: FloatArray, squares: FloatArray) -> FloatArray:
    """Return sums over rows of the products' covariances, shape (receiver, sender, k, k)."""
    n_rows, n_agents, width, _ = spread.shape
    total = spread.reshape(n_rows, -1).T @ squares.reshape(n_rows, -1)
    by_pair = total.reshape(n_agents, width, width, n_agents, width, width).transpose(3, 0, 1, 4, 2, 5)
    return by_pair.reshape(n_agents, n_agents, width**2, width**2)
