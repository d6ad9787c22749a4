"""What a receiver's behaviour loses when a slot is replaced, and the score that the test sums over episodes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.columns import basis_of
from convscope.behaviour.model import BehaviourModel
from convscope.behaviour.tasks import Task
from convscope.routing.occlusion.replacement import expected, replaced
from convscope.routing.occlusion.rows import Rows
from convscope.routing.slots import NOBODY
from convscope.values.arrays import FloatArray, IntArray

N_DRAWS = 2
"""Replacements of each slot; the model's answers to them are averaged."""
# Columns beyond which the expectation of a slot is linear in the others.
_MOST_CURVED = 160


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PieceScores:
    """Of the rows in which a piece described somebody."""

    rows: IntArray
    """Their numbers."""
    gain: FloatArray
    """How much worse the action is predicted without the piece, in bits."""
    score: FloatArray
    """Residual of the action times that of the prediction, given all else; its mean is 0 where the piece is unused."""


def piece_scores(
    rows: Rows,
    number: int,
    task: Task,
    *,
    outcomes: FloatArray,
    model: BehaviourModel,
    member: int,
    rng: np.random.Generator,
) -> PieceScores:
    """Replace one piece of a receiver's observation, and score what changes.

    The score is a projected covariance (Lundborg et al. 2024): what the action has beyond its expectation without the
    piece, times what a model's prediction has beyond its own. Where the policy does not use the piece, the mean is 0 if
    either expectation is right. The model whose prediction it takes was fitted to earlier folds alone: were each fold's
    fitted to all others, the scores of two folds would depend on each other, and flips would be too narrow by a
    factor of the square root of two.

    Parameters
    ----------
    rows
        Of the receiver.
    number
        Of the piece.
    task
        What is predicted.
    outcomes
        Of each row.
    model
        Of the receiver's group.
    member
        The receiver's number in it.
    rng
        Draws the replacements.

    References
    ----------
    Shah and Peters, "The hardness of conditional independence testing and the generalised covariance measure", Annals
    of Statistics 48 (2020); Lundborg, Kim, Shah and Samworth, "The projected covariance measure for assumption-lean
    variable significance testing", Annals of Statistics 52 (2024).
    """
    kept = np.flatnonzero(rows.senders[:, number] != NOBODY)
    seen, fold, taken = rows.seen[kept], rows.fold[kept], outcomes[kept]
    columns = np.array(rows.pieces[number].columns)
    rest = _basis(np.delete(seen, columns, axis=1))
    slot = seen[:, columns]
    expectation = expected(rest, slot, fold)

    def answers(predict: _Predict) -> tuple[FloatArray, FloatArray]:
        """Return the prediction, and its mean over replacements."""
        draws: list[FloatArray] = []
        for _ in range(N_DRAWS):
            other = seen.copy()
            other[:, columns] = replaced(slot, expectation, fold, rng=rng)
            draws.append(predict(member, other, fold))
        return predict(member, seen, fold), np.mean(draws, axis=0)

    full, without = answers(model.predict)
    # Draws of its own: the noise of common ones would stand in both factors, and its square is no noise.
    ahead, ahead_without = answers(model.foresee)
    both = np.concatenate([taken - without, ahead - ahead_without], axis=1) / np.tile(model.spread, 2)
    action, prediction = np.split(both - expected(rest, both, fold), 2, axis=1)
    loss = task.bits(taken, without, model.spread) - task.bits(taken, full, model.spread)
    score = np.where(fold > 0, (action * prediction).sum(axis=1), 0.0)
    return PieceScores(rows=kept, gain=loss, score=score)


_Predict = Callable[[int, FloatArray, IntArray], FloatArray]


def _basis(columns: FloatArray) -> FloatArray:
    varying = columns[:, columns.std(axis=0) > 0] if len(columns) else columns
    return basis_of(varying) if varying.shape[1] <= _MOST_CURVED else basis_of(varying)[:, ::3]
