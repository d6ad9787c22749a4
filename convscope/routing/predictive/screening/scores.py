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

    def __add__(self, other: "ScoreSums") -> "ScoreSums":
        return ScoreSums(total=self.total + other.total, products=self.products + other.products)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitSums:
    """What one fit's pairs add up to."""

    edges: ScoreSums
    """What senders did a step back, times what that leaves open of the receiver's action."""
    shared: ScoreSums
    """What both do at the same step that nothing foretold."""


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

    def start(self) -> list[FitSums]:
        """Return sums of nothing, one of each fit."""
        return [_nothing(fit) for fit in self.fits]

    def add(self, state: list[FitSums], block: Block) -> list[FitSums]:
        """Add the episodes of a block."""
        for piece in pieces(block, len(self.plan.columns), is_wanted=self.plan.clock.is_read(block)):
            panel = read_panel(self.plan, piece)
            each = np.arange(len(piece.episodes))
            found: list[FitSums] = []
            for fit in self.fits:
                _, grams = design_sums(panel, self.plan.designs[fit.design], place=each)
                edges, shared = (_summed(scores, score_unit(fit)) for scores in episode_scores(grams, fit))
                found.append(FitSums(edges=edges, shared=shared))
            state = self.merge(state, found)
        return state

    def merge(self, first: list[FitSums], second: list[FitSums]) -> list[FitSums]:
        """Return the sums of both."""
        return [
            FitSums(edges=a.edges + b.edges, shared=a.shared + b.shared) for a, b in zip(first, second, strict=True)
        ]

    def finish(self, state: list[FitSums]) -> list[FitSums]:
        """Return the sums."""
        return state


def episode_scores(grams: FloatArray, fit: SparseFit) -> tuple[FloatArray, FloatArray]:
    """Return the scores of each episode, of edges and of what both do at the same step.

    Parameters
    ----------
    grams
        Gram matrix of each episode, shape (E, P, P).
    fit
        Of their sum.

    Returns
    -------
    edges, shared
        Shape (S, E, b d), as `convscope.routing.predictive.scores.pair_scores`, and (S, E, d c), as
        `convscope.routing.predictive.scores.innovation_scores`.
    """
    x, y, slope = fit.regression.regressors, fit.regression.outcomes, fit.regression.slope
    own, slope_of_own = y[fit.outcome], slope[:, fit.outcome]
    n_senders, n_regressors, n_directions = fit.weights.shape
    among, with_own = grams[:, x][:, :, x], grams[:, x][:, :, own]
    left = with_own - among @ slope_of_own
    weights = fit.weights.transpose(1, 0, 2).reshape(n_regressors, -1)
    weighted = (among @ weights).reshape(len(grams), n_regressors, n_senders, n_directions).transpose(2, 0, 1, 3)
    turned = fit.weights.swapaxes(1, 2)[:, None]
    edges = (turned @ left + turned @ weighted @ fit.effect[:, None]) @ fit.white[:, None]
    together = grams[:, own][:, :, y] - slope_of_own.T @ grams[:, x][:, :, y] - left.swapaxes(1, 2) @ slope
    shared = (fit.surprise.T @ together) @ fit.surprises[:, None]
    return edges.reshape(n_senders, len(grams), -1), shared.reshape(n_senders, len(grams), -1)


def _summed(scores: FloatArray, unit: float) -> ScoreSums:
    whole = np.rint(scores * unit)
    return ScoreSums(total=whole.sum(axis=1), products=whole.swapaxes(1, 2) @ whole)


def _nothing(fit: SparseFit) -> FitSums:
    n_senders, n_directions, n_outcomes = fit.effect.shape
    widths = (n_directions * n_outcomes, n_outcomes * fit.surprises.shape[2])
    edges, shared = (
        ScoreSums(total=np.zeros((n_senders, width)), products=np.zeros((n_senders, width, width))) for width in widths
    )
    return FitSums(edges=edges, shared=shared)
