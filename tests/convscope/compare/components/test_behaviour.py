import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component
from convscope.values.prior import BehaviourExpectation, RolePrior

FAR = BehaviourExpectation(role="archer", feature="distance", is_high=True)
NEAR = BehaviourExpectation(role="archer", feature="distance", is_high=False)
UNKNOWN = BehaviourExpectation(role="archer", feature="altitude", is_high=True)


def behaviour(values: list[float], *expected: BehaviourExpectation, n_runs: int = 1) -> Component:
    frame = unit_frame([["archer", "knight"]] * n_runs, n_episodes=len(values) // (2 * n_runs))
    prior = RolePrior(roles=("archer", "knight"), role_of={}, behaviours=expected)
    features = feature_table(frame, "distance", values)
    gap = translation_gap(
        prior, role_assignment(frame, [0] * len(frame)), None, features=features, config=AnalysisConfig()
    )
    return gap.component("behaviour")


def test_effect_of_known_values():
    # Archers 3, 5 and knights 1, 3: a difference of 2 in pooled standard deviations of sqrt(2).
    found = behaviour([3, 1, 5, 3], FAR)
    assert found.value == 0
    assert dict(found.parts)["archer: distance high, effect"] == pytest.approx(np.sqrt(2))


def test_the_value_is_the_share_that_does_not_hold():
    assert behaviour([3, 1, 5, 3], FAR, NEAR).value == 0.5
    assert behaviour([3, 1, 5, 3], NEAR).value == 1


def test_the_effect_is_the_mean_of_those_of_the_runs():
    found = behaviour([3, 1, 5, 3, 3, 1, 3, 1.5], FAR, n_runs=2)
    ((what, runs),) = found.parts_by_run
    assert len(runs) == 2
    assert dict(found.parts)[what] == pytest.approx(np.mean([effect for _, effect in runs]))
    assert runs[0][1] == pytest.approx(np.sqrt(2))


def test_features_that_the_log_lacks_are_left_out_and_counted():
    found = behaviour([3, 1, 5, 3], FAR, UNKNOWN)
    assert found.value == 0
    assert dict(found.parts)["expectations left out"] == 1
    assert behaviour([3, 1, 5, 3], UNKNOWN).why == "no feature that they name can be measured"
    assert behaviour([3, 1, 5, 3]).why == "no behaviour is declared"


def test_three_runs_give_an_interval_and_chance_effects_cover_zero():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        parts = dict(behaviour(rng.normal(size=3 * 2 * 20).tolist(), FAR, n_runs=3).parts)
        covered += parts["archer: distance high, effect, low"] <= 0 <= parts["archer: distance high, effect, high"]
    assert covered >= 95 - 2 * np.sqrt(100 * 0.05 * 0.95)


def test_units_that_never_vary_show_only_the_sign():
    assert dict(behaviour([2, 1, 2, 1], FAR).parts)["archer: distance high, effect"] == 1


def test_an_effect_whose_interval_covers_zero_is_undecided():
    # Archers are farther in one episode and nearer in the other.
    found = behaviour([5, 1, 0, 3, 4, 4, 2, 3], FAR)
    parts = dict(found.parts)
    assert parts["archer: distance high, effect, low"] < 0 < parts["archer: distance high, effect, high"]
    assert (found.value, parts["expectations undecided"], parts["expectations contradicted"]) == (1, 1, 0)


def test_its_test_exchanges_the_agents_of_each_run():
    # Two agents can hold two roles in two ways, of which one is as declared; three runs allow eight.
    assert (behaviour([3, 1, 5, 3], FAR).p_value, behaviour([3, 1, 5, 3], FAR).attainable_p) == (0.5, 0.5)
    assert behaviour([3, 1, 5, 3], NEAR).p_value == 1
    three = behaviour([3, 1, 5, 3] * 3, FAR, n_runs=3)
    assert (three.p_value, three.attainable_p) == (0.125, 0.125)
    assert dict(three.parts)["effect in the declared direction, mean"] == pytest.approx(np.sqrt(2))


def test_contradicted_expectations_are_counted_apart():
    parts = dict(behaviour([3, 1, 5, 3], FAR, NEAR).parts)
    assert (parts["expectations undecided"], parts["expectations contradicted"]) == (0, 1)


def test_chance_seldom_passes_for_a_declared_behaviour():
    rng = np.random.default_rng(1)
    held = sum(behaviour(rng.normal(size=3 * 2 * 20).tolist(), FAR, n_runs=3).value == 0 for _ in range(100))
    assert held <= 100 * 0.025 + 2 * np.sqrt(100 * 0.025 * 0.975)
