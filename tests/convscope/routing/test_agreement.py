"""Every two sources are compared, and logged weights are held against the strongest evidence of influence."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.routing.agreement import confounds, source_agreements, validity, validity_notices
from convscope.routing.graph import find_routing
from convscope.routing.quadratic_assignment import quadratic_assignment
from convscope.simulate.draws import Size
from convscope.simulate.policies import hidden_driver
from convscope.simulate.redrawn import in_redrawn_slots
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS
from convscope.values.fields import ATTENTION as ATTENTION_FIELD
from convscope.values.routing import edge_matrix

CONFIG = AnalysisConfig(n_permutations=199)
ATTENTION, RESIDUAL, ENTROPY = (
    RoutingSource.ATTENTION,
    RoutingSource.POLICY_RESIDUAL,
    RoutingSource.TRANSFER_ENTROPY,
)


@pytest.fixture
def weights():
    rng = np.random.default_rng(4)
    true = rng.random((2, 5, 5))
    return {ATTENTION: true + 0.1 * rng.random((2, 5, 5)), RESIDUAL: true, ENTROPY: rng.random((2, 5, 5))}


def test_every_two_sources_are_compared(weights):
    found = source_agreements(weights, {}, CONFIG)
    assert [(each.first, each.second) for each in found] == [
        (ATTENTION, RESIDUAL),
        (ATTENTION, ENTROPY),
        (RESIDUAL, ENTROPY),
    ]
    assert [each.p_value <= 0.05 for each in found] == [True, False, False]
    assert all(each.partial_correlation is None for each in found)


def test_weights_that_go_with_influence_are_valid(weights):
    found = validity(ATTENTION, source_agreements(weights, {}, CONFIG), alpha=0.05, is_controlled=False)
    assert found.source is RESIDUAL
    assert found.is_valid
    assert validity_notices(ATTENTION, found) == ()


def test_decoy_attention_fails_the_gate_and_is_said_to(weights):
    decoy = {**weights, ATTENTION: np.random.default_rng(1).random((2, 5, 5))}
    found = validity(ATTENTION, source_agreements(decoy, {}, CONFIG), alpha=0.05, is_controlled=False)
    assert not found.is_valid
    (notice,) = validity_notices(ATTENTION, found)
    assert notice.code == "not-validated"
    assert "weights, not influence" in notice.message


def test_weights_that_share_only_closeness_with_influence_fail_the_gate():
    """Both follow closeness and noise of their own: they agree as they are, and not beyond it."""
    valid, raw = [], []
    for draw in range(20):
        rng = np.random.default_rng(draw)
        place = np.arange(7) + rng.normal(0, 0.5, 7)
        near = -np.abs(np.subtract.outer(place, place))[None]
        pair = {source: near + rng.normal(0, 0.5, near.shape) for source in (ATTENTION, RESIDUAL)}
        found = validity(
            ATTENTION, source_agreements(pair, {"closeness": near}, CONFIG), alpha=0.05, is_controlled=True
        )
        valid.append(found.is_valid)
        raw.append(found.p_value <= 0.05)
        assert found.is_valid or "beyond closeness" in validity_notices(ATTENTION, found)[0].message
    assert np.mean(raw) >= 0.9
    assert np.mean(valid) <= 0.25


def test_weights_that_closeness_explains_wholly_fail_the_gate(weights):
    agreements = source_agreements(weights, {"closeness": weights[ATTENTION]}, CONFIG)
    found = validity(ATTENTION, agreements, alpha=0.05, is_controlled=True)
    assert not found.is_valid
    assert "leave nothing to compare" in validity_notices(ATTENTION, found)[0].message


def test_evidence_of_influence_has_no_weights_to_validate(weights):
    agreements = source_agreements(weights, {}, CONFIG)
    assert validity(RESIDUAL, agreements, alpha=0.05, is_controlled=False) is None
    assert [notice.code for notice in validity_notices(RESIDUAL, None)] == ["not-applicable"]


def test_weights_alone_cannot_be_validated(weights):
    assert (
        validity(
            ATTENTION, source_agreements({ATTENTION: weights[ATTENTION]}, {}, CONFIG), alpha=0.05, is_controlled=False
        )
        is None
    )
    assert [notice.code for notice in validity_notices(ATTENTION, None)] == ["not-computed"]


def test_what_stands_behind_the_routing_in_use_is_told(weights):
    near = weights[ATTENTION] + 0.1
    (found,) = confounds(weights[ATTENTION], {"closeness": near}, CONFIG)
    assert found.name == "closeness"
    assert found.correlation == pytest.approx(1)
    (agreement, *_) = source_agreements(weights, {"closeness": near}, CONFIG)
    assert agreement.partial_correlation is None


def test_slots_that_are_filled_anew_are_not_compared():
    rng = np.random.default_rng(0)
    log = log_from_arrays(
        {ACTIONS: rng.integers(0, 3, (400, 3, 1)).astype(float), ATTENTION_FIELD: rng.random((400, 1, 3, 3))},
        [10] * 40,
        ["a", "b", "c"],
        declared_roles=[["x", "y", "y"], ["y", "x", "y"]] * 20,
    )
    graph = find_routing(log, AnalysisConfig(n_permutations=19))
    assert [other.source for other in graph.comparison.others] == [ENTROPY]
    assert graph.comparison.agreements == ()
    assert graph.comparison.validity is None


def test_sources_of_slots_that_are_filled_anew_are_compared_between_roles():
    situation = hidden_driver(Size(n_agents=6, n_episodes=40, n_steps=30), np.random.default_rng(1), n_edges=3)
    log = in_redrawn_slots(situation, "aabbcc", np.random.default_rng(0))
    graph = find_routing(log, AnalysisConfig(n_permutations=99))
    comparison = graph.comparison
    assert comparison.are_between_roles
    (agreement,) = comparison.agreements
    # Own role included, receivers centred.
    (other,) = comparison.others
    first, second = (edge_matrix(each.role_edges, "abc") for each in (graph, other))
    centred = [each - each.mean(axis=1, keepdims=True) for each in (first, second)]
    assert agreement.correlation == pytest.approx(np.corrcoef(*(each.ravel() for each in centred))[0, 1])
    # Six orders of three roles, the given one among them.
    assert agreement.p_value >= 1 / 6
    assert agreement.partial_correlation is None


def test_own_role_counts_between_roles():
    first = np.array([[[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.2, 0.1, 0.8]]])
    found = quadratic_assignment(first, first, counts_self=True, n_permutations=9, rng=np.random.default_rng(0))
    assert found.correlation == pytest.approx(1)
    changed = first + 5 * np.eye(3)
    apart = quadratic_assignment(first, changed, n_permutations=9, rng=np.random.default_rng(0))
    assert apart.correlation == pytest.approx(1)
