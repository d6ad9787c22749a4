"""The behaviour model of a group of receivers: a logit of each one's own, or trees that they share."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from convscope.behaviour.tasks import Predictor, Task
from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_FOLDS = 4
"""Parts of the episodes; each is predicted by a fit to the others."""

# A richer model is worth its price where it predicts so much better, in bits per decision.
_WORTH = 0.005
_MOST_ROWS = 16_000
# Members times products of columns.
_MOST_PRODUCTS = 800


class ModelKind(Enum):
    """What predicts."""

    LINEAR = "a linear model of each agent's own"
    PRODUCTS = "a linear model with products of columns, of each agent's own"
    TREES = "boosted trees of the group"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """What the members of a group saw and did, rows of one member after those of the other."""

    member: IntArray
    """Number of each row's agent within the group, shape (n,)."""
    fold: IntArray
    """Shape (n,)."""
    seen: FloatArray
    """Shape (n, D)."""
    outcomes: FloatArray
    """As `Task.outcomes` returns them, shape (n, A)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BehaviourModel:
    """Fitted models by member and fold."""

    kind: ModelKind
    models: dict[tuple[int, int], Predictor]
    """Fitted to all other folds."""
    earlier: dict[tuple[int, int], Predictor]
    """Fitted to the folds before alone; of all folds but the first. Empty before `foreseeing`."""
    spread: FloatArray
    """Of continuous actions around what is expected, by component; ones for choices."""
    bits: float
    """Log loss on episodes that were not fitted to."""
    plain_bits: float
    """The same of the mean alone."""
    n_members: int

    def predict(self, member: int, seen: FloatArray, fold: IntArray) -> FloatArray:
        """Return what is expected of a member in each row, by the models that were not fitted to the row's episode."""
        return self._predicted(self.models, member, seen, fold=fold)

    def foresee(self, member: int, seen: FloatArray, fold: IntArray) -> FloatArray:
        """Return the same by the models that were fitted to earlier folds alone; zeros in the first fold."""
        return self._predicted(self.earlier, member, seen, fold=fold)

    def _predicted(
        self, models: dict[tuple[int, int], Predictor], member: int, seen: FloatArray, *, fold: IntArray
    ) -> FloatArray:
        result = np.zeros((len(seen), len(self.spread)))
        columns = seen if self.kind is not ModelKind.TREES else _with_member(seen, member, self.n_members)
        for part in range(N_FOLDS):
            here = np.equal(fold, part)
            if (member, part) in models and here.any():
                result[here] = models[member, part].predict(columns[here])
        return result


def fit_behaviour(task: Task, decisions: Decisions, *, n_members: int) -> BehaviourModel:
    """Fit the kinds of model, and return the one that predicts other episodes best.

    A richer kind that is not worth its price on the first part of the episodes is not fitted for the others.

    Parameters
    ----------
    task
        What is to be predicted.
    decisions
        Of all members.
    n_members
        Number of members.
    """
    simplest, *richer = _kinds(decisions, n_members)
    start = _unfitted(decisions, simplest, n_members=n_members)
    best = _judged(task, decisions, _extended(task, decisions, start, folds=_OTHERS))
    for kind in richer:
        begun = _extended(task, decisions, replace(start, kind=kind), folds=_FIRST)
        if _is_worth(task, decisions, begun, best=best):
            model = _judged(task, decisions, _extended(task, decisions, begun, folds=_REST))
            best = model if model.bits < best.bits - _WORTH else best
    return best


def foreseeing(model: BehaviourModel, task: Task, decisions: Decisions) -> BehaviourModel:
    """Return a model that can also predict each fold from the earlier folds alone.

    Parameters
    ----------
    model
        Fitted to these decisions.
    task, decisions
        As in `fit_behaviour`.
    """
    earlier = _fitted(task, decisions, model.kind, n_members=model.n_members, folds=_EARLIER)
    # What was fitted to all folds but the last was fitted to the earlier ones alone.
    earlier |= {key: fitted for key, fitted in model.models.items() if key[1] == N_FOLDS - 1}
    return replace(model, earlier=earlier)


def _kinds(decisions: Decisions, n_members: int) -> tuple[ModelKind, ...]:
    n_columns = decisions.seen.shape[1]
    is_affordable = n_members * n_columns * (n_columns + 1) // 2 <= _MOST_PRODUCTS
    return tuple(kind for kind in ModelKind if kind is not ModelKind.PRODUCTS or is_affordable)


_Folds = dict[int, tuple[int, ...]]
_OTHERS: _Folds = {part: tuple(other for other in range(N_FOLDS) if other != part) for part in range(N_FOLDS)}
_FIRST: _Folds = {0: _OTHERS[0]}
_REST: _Folds = {part: _OTHERS[part] for part in range(1, N_FOLDS)}
_EARLIER: _Folds = {part: tuple(range(part)) for part in range(1, N_FOLDS - 1)}


_Models = dict[tuple[int, int], Predictor]


def _fitted(task: Task, decisions: Decisions, kind: ModelKind, *, n_members: int, folds: _Folds) -> _Models:
    if kind is ModelKind.TREES:
        return _trees(task, decisions, n_members, folds=folds)
    fitted: _Models = {}
    for member in range(n_members):
        of_member = np.equal(decisions.member, member)
        for part, fitting in folds.items():
            used = of_member & np.isin(decisions.fold, fitting)
            fitted[member, part] = task.linear(
                decisions.seen[used], decisions.outcomes[used], degree=1 if kind is ModelKind.LINEAR else 2
            )
    return fitted


def _trees(task: Task, decisions: Decisions, n_members: int, *, folds: _Folds) -> _Models:
    fitted: _Models = {}
    marked = _with_member(decisions.seen, decisions.member, n_members)
    for part, fitting in folds.items():
        used = np.flatnonzero(np.isin(decisions.fold, fitting))
        used = used[:: max(-(-len(used) // _MOST_ROWS), 1)]
        shared = task.trees(marked[used], decisions.outcomes[used])
        fitted |= {(member, part): shared for member in range(n_members)}
    return fitted


def _with_member(seen: FloatArray, member: int | IntArray, n_members: int) -> FloatArray:
    if n_members == 1:
        return seen
    marks = np.equal(np.broadcast_to(member, len(seen))[:, None], np.arange(n_members)).astype(np.float64)
    return np.concatenate([seen, marks], axis=1)


def _unfitted(decisions: Decisions, kind: ModelKind, *, n_members: int) -> BehaviourModel:
    spread = np.ones(decisions.outcomes.shape[1])
    return BehaviourModel(
        kind=kind, models={}, earlier={}, spread=spread, bits=np.inf, plain_bits=np.inf, n_members=n_members
    )


def _extended(task: Task, decisions: Decisions, model: BehaviourModel, *, folds: _Folds) -> BehaviourModel:
    fitted = _fitted(task, decisions, model.kind, n_members=model.n_members, folds=folds)
    return replace(model, models=model.models | fitted)


def _is_worth(task: Task, decisions: Decisions, begun: BehaviourModel, *, best: BehaviourModel) -> bool:
    first = np.equal(decisions.fold, 0)
    if not first.any():
        return True
    return _loss(task, decisions, begun, rows=first)[0] < _loss(task, decisions, best, rows=first)[0] - _WORTH


def _judged(task: Task, decisions: Decisions, model: BehaviourModel) -> BehaviourModel:
    every = np.ones(len(decisions.fold), dtype=np.bool_)
    bits, spread = _loss(task, decisions, model, rows=every)
    outcomes = decisions.outcomes
    plain = np.broadcast_to(outcomes.mean(axis=0), outcomes.shape)
    plain_bits = float(task.bits(outcomes, plain, task.spread(outcomes - plain)).mean())
    return replace(model, spread=spread, bits=bits, plain_bits=plain_bits)


def _loss(task: Task, decisions: Decisions, model: BehaviourModel, *, rows: BoolArray) -> tuple[float, FloatArray]:
    outcomes, member = decisions.outcomes[rows], decisions.member[rows]
    seen, fold = decisions.seen[rows], decisions.fold[rows]
    predicted = np.zeros_like(outcomes)
    for number in range(model.n_members):
        here = np.equal(member, number)
        predicted[here] = model.predict(number, seen[here], fold[here])
    spread = task.spread(outcomes - predicted)
    return float(task.bits(outcomes, predicted, spread).mean()), spread
