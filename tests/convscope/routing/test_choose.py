"""A log is read by the strongest source of routing that it affords."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.memory import log_from_arrays
from convscope.routing.choose import choose_estimators
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS, ATTENTION, GATES, POSITIONS


def log_with(*fields):
    shapes = {ACTIONS: (4, 3, 1), POSITIONS: (4, 3, 2), ATTENTION: (4, 2, 3, 3), GATES: (4, 3, 3)}
    return log_from_arrays({name: np.ones(shapes[name]) for name in fields}, [4], ["a", "b", "c"])


def sources(log, source=None):
    return [estimator.source.value for estimator in choose_estimators(log, AnalysisConfig(routing_source=source))]


def test_logged_weights_come_before_transfer_entropy():
    assert sources(log_with(ACTIONS, GATES, ATTENTION)) == ["attention", "gate", "transfer-entropy"]
    assert sources(log_with(ACTIONS)) == ["transfer-entropy"]


def test_the_chosen_source_comes_first_and_the_others_are_compared():
    log = log_with(ACTIONS, ATTENTION)
    assert sources(log, RoutingSource.TRANSFER_ENTROPY) == ["transfer-entropy", "attention"]


def test_a_log_may_afford_nothing():
    assert sources(log_with(POSITIONS)) == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (RoutingSource.ATTENTION, "the log holds no attention with a receiver and a sender axis"),
        (RoutingSource.INTERVENTION, "the log holds no interventions"),
        (RoutingSource.OCCLUSION, "the log holds no observations, or no actions"),
    ],
)
def test_asking_for_what_the_log_does_not_afford_names_what_it_does(source, why):
    with pytest.raises(UsageError, match=f"{why}; available for this log: transfer-entropy"):
        choose_estimators(log_with(ACTIONS), AnalysisConfig(routing_source=source))
