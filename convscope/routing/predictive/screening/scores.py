"""The last pass: sums of the scores of whole episodes, and of their products, of the pairs that the screen left."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import fields_of
from convscope.routing.predictive.panel import design_sums, read_panel
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.plan import Plan
from convscope.routing.predictive.screening.sparse import SparseFit
from convscope.values.arrays import FloatArray
from convscope.values.log import Block

# Scores become whole numbers of about ten thousand: sums of their products are exact up to a hundred thousand episodes.
_UNIT = 2.0**10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreSums:
    """Of one receiver and its S senders, D scores each; in the fit's whole numbers (`score_unit`)."""

    total: FloatArray
    """Sum over episodes, shape (S, D)."""
    products: FloatArray
    """Sum over episodes of the products of scores, shape (S, D, D)."""


def score_unit(fit: SparseFit) -> float:
    """Return by how much scores are multiplied before they are rounded to whole numbers."""
    return float(2.0 ** np.round(np.log2(max(fit.n_samples, 1.0)))) * _UNIT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreFold:
    """Sums scores; see `convscope.engine.fold.Fold`."""

    plan: Plan
    fits: tuple[SparseFit, ...]

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return fields_of(self.plan.columns)

    def start(self) -> list[ScoreSums]:
        """Return sums of nothing, one of each fit."""
        return [_nothing(fit) for fit in self.fits]

    def add(self, state: list[ScoreSums], block: Block) -> list[ScoreSums]:
        """Add the episodes of a block."""
        for piece in pieces(block, len(self.plan.columns), is_wanted=self.plan.clock.is_read(block)):
            panel = read_panel(self.plan, piece)
            each = np.arange(len(piece.episodes))
            found: list[ScoreSums] = []
            for fit in self.fits:
                _, grams = design_sums(panel, self.plan.designs[fit.design], place=each)
                scores = np.rint(episode_scores(grams, fit) * score_unit(fit))
                found.append(ScoreSums(total=scores.sum(axis=1), products=scores.swapaxes(1, 2) @ scores))
            state = self.merge(state, found)
        return state

    def merge(self, first: list[ScoreSums], second: list[ScoreSums]) -> list[ScoreSums]:
        """Return the sums of both."""
        return [
            ScoreSums(total=a.total + b.total, products=a.products + b.products)
            for a, b in zip(first, second, strict=True)
        ]

    def finish(self, state: list[ScoreSums]) -> list[ScoreSums]:
        """Return the sums."""
        return state


def episode_scores(grams: FloatArray, fit: SparseFit) -> FloatArray:
    """Return the scores of each episode, shape (S, E, b d); as `convscope.routing.predictive.scores.pair_scores`.

    Parameters
    ----------
    grams
        Gram matrix of each episode, shape (E, P, P).
    fit
        Of their sum.
    """
    x, y = fit.regression.regressors, fit.regression.outcomes
    n_senders, n_regressors, n_directions = fit.weights.shape
    among = grams[:, x][:, :, x]
    left = grams[:, x][:, :, y] - among @ fit.regression.slope
    weights = fit.weights.transpose(1, 0, 2).reshape(n_regressors, -1)
    weighted = (among @ weights).reshape(len(grams), n_regressors, n_senders, n_directions).transpose(2, 0, 1, 3)
    turned = fit.weights.swapaxes(1, 2)[:, None]
    scores = (turned @ left + turned @ weighted @ fit.effect[:, None]) @ fit.white[:, None]
    return scores.reshape(n_senders, len(grams), -1)


def _nothing(fit: SparseFit) -> ScoreSums:
    n_scores = fit.effect.shape[1] * fit.effect.shape[2]
    n_senders = len(fit.senders)
    return ScoreSums(total=np.zeros((n_senders, n_scores)), products=np.zeros((n_senders, n_scores, n_scores)))
