"""Senders' actions drawn again from their logged probabilities: what scores are by chance where chance is rare."""

from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.routing.residual.evaluate import Whitening
from convscope.routing.residual.model import Model, Rows
from convscope.routing.residual.roles import RoleModel
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block

_DRAWS_AT_A_TIME = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RedrawFold:
    """Scores of re-drawn actions; see `convscope.engine.fold.Fold`."""

    model: Model | RoleModel
    drawn: IntArray
    """Group and sender of each that is drawn again, shape (X, 2)."""
    n_draws: int
    seed: int
    name: str
    """Of these draws."""

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.model.fields

    def start(self) -> FloatArray:
        """Return sums of nothing, shape (D, X, receiver, m * m)."""
        _, n_nodes, width = self.model.shape
        return np.zeros((self.n_draws, len(self.drawn), n_nodes, width**2))

    def add(self, state: FloatArray, block: Block) -> FloatArray:
        """Add a block."""
        total = state.copy()
        for row, rows in enumerate(self.model.rows(block)):
            for place, (number, sender) in enumerate(self.drawn.tolist()):
                if number == rows.number:
                    names = (self.name, str(int(block.episodes[0])), f"{row}/{number}/{sender}")
                    rng = generator(self.seed, "routing", "policy-residual", *names)
                    total[:, place] += self._scores(rows, sender, rng)
        return total

    def merge(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Add two states."""
        return first + second

    def finish(self, state: FloatArray) -> FloatArray:
        """Return the sums."""
        return state

    def statistics(self, drawn: FloatArray, number: int, *, places: IntArray, by: Whitening) -> FloatArray:
        """Return re-drawn squared lengths of a run and checkpoint, shape (D, receiver, sender); NaN where not drawn.

        Parameters
        ----------
        drawn
            Result of the fold.
        number
            Of the run and checkpoint.
        places
            Of the analysed agents.
        by
            Whitening of their scores.
        """
        again = np.full((len(drawn), len(places), len(places)), np.nan)
        for column, sender in enumerate(places.tolist()):
            found = np.flatnonzero((self.drawn == (number, sender)).all(axis=1))
            if len(found):
                turned = np.einsum("drk,rkj->drj", drawn[:, found[0], places], by.matrix[:, column])
                again[:, :, column] = np.square(turned).sum(axis=-1)
        return again

    def _scores(self, rows: Rows, sender: int, rng: np.random.Generator) -> FloatArray:
        """Draw a sender's actions again from its logged probabilities; return the scores, shape (D, N, m * m)."""
        _, n_nodes, width = rows.surprise.shape
        most = rows.shares[:, sender].max(axis=-1)
        is_random = (most > 0) & (most < 1)
        shares = rows.shares[is_random, sender]
        bounds = shares.cumsum(axis=-1)[:, :-1]
        outcome = rows.surprise[is_random].reshape(len(shares), n_nodes * width)
        scores: list[FloatArray] = []
        for first in range(0, self.n_draws, _DRAWS_AT_A_TIME):
            n_draws = min(_DRAWS_AT_A_TIME, self.n_draws - first)
            uniform = rng.random((n_draws, len(shares)))
            action = np.zeros(uniform.shape, np.int8)
            for place in range(bounds.shape[1]):
                action += uniform >= bounds[:, place]
            by_action = [(np.equal(action, a) - shares[:, a]) @ outcome for a in range(width)]
            stacked = np.stack(by_action, axis=1).reshape(n_draws, width, n_nodes, width)
            scores.append(stacked.transpose(0, 2, 1, 3).reshape(n_draws, n_nodes, width**2))
        drawn: FloatArray = np.concatenate(scores)
        return drawn
