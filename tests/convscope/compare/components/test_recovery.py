import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.routing.intervals import OVER_RUNS, THESE_RUNS_ONLY
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component, Gap, Verdict
from convscope.values.prior import RolePrior

TEAM = ["scout", "scout", "guard", "guard"]


def gap(declared: list[list[str]], found: list[int], n_episodes: int) -> Gap:
    frame = unit_frame(declared, n_episodes=n_episodes)
    features = feature_table(frame, "speed", [0.0] * len(frame))
    prior = RolePrior(roles=("scout", "guard"), role_of={})
    return translation_gap(prior, role_assignment(frame, found), None, features=features, config=AnalysisConfig())


def recovery(declared: list[list[str]], found: list[int], n_episodes: int) -> Component:
    return gap(declared, found, n_episodes).component("recovery")


def test_perfect_recovery_has_no_gap_and_the_attainable_p():
    found = recovery([TEAM] * 3, [0, 0, 1, 1] * 6 * 3, 6)
    assert found.value == pytest.approx(0)
    # Two renamings of both roles in all runs alike, of six relabellings a run.
    assert found.attainable_p == pytest.approx(2 / 6**3)
    assert found.p_value == pytest.approx(2 / 6**3)
    assert found.interval == pytest.approx((0, 0))
    assert found.interval_kind == OVER_RUNS


def test_many_episodes_of_one_run_are_no_evidence_about_agents():
    found = recovery([TEAM], [0, 0, 1, 1] * 500, 500)
    assert found.p_value == pytest.approx(2 / 6)
    assert found.interval_kind == THESE_RUNS_ONLY


def test_one_agent_per_role_cannot_be_tested_in_one_run():
    assert recovery([["scout", "guard"]], [0, 1] * 20, 20).p_value == 1


def test_conventions_that_swap_between_runs_are_told_from_recovery():
    found = recovery([TEAM] * 4, ([0, 0, 1, 1] * 5 + [1, 1, 0, 0] * 5) * 2, 5)
    assert found.value == pytest.approx(1)


def test_redrawn_roles_are_relabelled_within_episodes():
    rng = np.random.default_rng(0)
    declared = [[TEAM[place] for place in rng.permutation(4)] for _ in range(1)]
    frame = unit_frame(declared, n_episodes=12)
    roles = [TEAM[place] for _ in range(12) for place in rng.permutation(4)]
    frame = frame.with_columns(declared_role=np.array(roles))
    found = [0 if role == "scout" else 1 for role in roles]
    features = feature_table(frame, "speed", [0.0] * len(frame))
    component = translation_gap(
        RolePrior(roles=("scout", "guard"), role_of={}),
        role_assignment(frame, found),
        None,
        features=features,
        config=AnalysisConfig(n_permutations=199),
    ).component("recovery")
    assert component.value == pytest.approx(0)
    assert component.p_value == pytest.approx(1 / 200)


def test_p_is_at_most_the_level_by_chance_alone():
    rng = np.random.default_rng(0)
    # Agents keep a habit of their own over all episodes: pooled over episodes it would look like a role.
    found = []
    for _ in range(80):
        habit = rng.integers(2, size=(3, 1, 4))
        units = np.where(rng.random((3, 8, 4)) < 0.9, habit, 1 - habit)
        found.append(recovery([TEAM] * 3, units.ravel().tolist(), 8).p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 80)


def test_without_declared_roles_or_routing_nothing_is_scored():
    found = gap([[None, None]], [0, 1], 1)
    assert found.component("recovery").value is None
    assert found.component("alignment").why == "the prior declares no routing"
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert found.composite is None
    assert [notice.where for notice in found.notices].count("gap.composite") == 1
    assert found.learned is None
    assert {notice.code for notice in found.notices} == {"not-applicable"}


def test_a_single_declared_role_is_not_scored():
    assert recovery([["scout"] * 3], [0, 0, 1] * 4, 4).why == "fewer than two declared roles are seen among the units"
