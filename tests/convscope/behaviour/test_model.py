"""Losses are in bits, and models predict episodes that they were not fitted to."""

import numpy as np
import pytest

from convscope.behaviour.model import N_FOLDS, Decisions, ModelKind, fit_behaviour
from convscope.behaviour.tasks import Choices, Numbers, tasks_of
from convscope.values.header import ActionKind, ActionSpace


def test_the_loss_of_a_choice_is_its_surprise():
    task = Choices(n_choices=2)
    outcomes = task.outcomes(np.array([[0.0], [1.0]]))
    predicted = np.array([[0.5, 0.5], [0.75, 0.25]])
    assert task.bits(outcomes, predicted, np.ones(2)).tolist() == [1.0, 2.0]


def test_the_loss_of_a_number_is_that_of_a_normal_law():
    bits = Numbers(width=1).bits(np.zeros((1, 1)), np.zeros((1, 1)), np.ones(1))
    assert bits[0] == pytest.approx(0.5 * np.log2(2 * np.pi))
    further = Numbers(width=1).bits(np.ones((1, 1)), np.zeros((1, 1)), np.ones(1))
    assert further[0] - bits[0] == pytest.approx(0.5 / np.log(2))


def test_each_component_of_an_action_is_a_task():
    several = tasks_of(ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=(3, 2), width=2))
    assert [(part.start, task.n_choices) for part, task in several] == [(0, 3), (1, 2)]
    ((part, task),) = tasks_of(ActionSpace(kind=ActionKind.CONTINUOUS, width=2))
    assert (part, task) == (slice(0, 2), Numbers(width=2))


def decisions(seen, chosen, task):
    return Decisions(
        member=np.zeros(len(seen), dtype=np.int64),
        fold=np.arange(len(seen)) % N_FOLDS,
        seen=seen,
        outcomes=task.outcomes(chosen[:, None].astype(float)),
    )


@pytest.mark.parametrize(
    ("kind", "leaning"),
    [
        (ModelKind.LINEAR, lambda x: 3 * x[:, 0]),
        (ModelKind.PRODUCTS, lambda x: 3 * x[:, 0] * x[:, 1]),
        (ModelKind.TREES, lambda x: 8 * (np.floor(2 * x[:, 0]) % 2) - 4),
    ],
)
def test_the_model_that_predicts_better_is_taken(kind, leaning):
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(1200, 3))
    chosen = (leaning(seen) > rng.logistic(size=1200)).astype(int)
    task = Choices(n_choices=2)
    model = fit_behaviour(task, decisions(seen, chosen, task), n_members=1)
    assert model.kind is kind
    assert model.bits < 0.8 * model.plain_bits


def test_an_action_that_is_never_taken_is_never_impossible():
    task = Choices(n_choices=4)
    seen = np.zeros((80, 1))
    model = fit_behaviour(task, decisions(seen, np.zeros(80, dtype=int), task), n_members=1)
    predicted = model.predict(0, seen, np.arange(80) % N_FOLDS)
    assert (predicted > 0).all()
    assert np.allclose(predicted.sum(axis=1), 1.0)
    assert (model.foresee(0, seen, np.zeros(80, dtype=np.int64)) == 0).all()
