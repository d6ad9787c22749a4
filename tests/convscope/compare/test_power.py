import numpy as np
import pytest

from convscope.compare.power import equivalence_interval, runs_to_decide
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, Team, diluted, relabelled, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Gap, Verdict


def detectable(noise: float, n_runs: int, share: float = 0.0) -> float | None:
    rng = np.random.default_rng(2)
    team = Team(preference=diluted(CIRCULANT, share), members=(2, 2, 2), dyad_noise=noise)
    return routing_gap(simulate_runs(team, n_runs, rng), CIRCULANT, rng=rng).smallest_detectable


def test_runs_that_are_equal_show_the_smallest_gap_that_is_tried():
    assert detectable(0.0, 3) == 0.01


def test_more_runs_and_less_noise_show_smaller_gaps():
    assert detectable(0.3, 12) < detectable(0.3, 4)
    assert detectable(0.1, 4) < detectable(0.4, 4)


def test_the_detectable_gap_is_detected_in_four_of_five_studies():
    config = AnalysisConfig(n_permutations=9)

    def studies(share: float, n_studies: int) -> list[Gap]:
        rng = np.random.default_rng([4, round(100 * share)])
        team = Team(preference=diluted(CIRCULANT, share), members=(2, 2, 2), dyad_noise=0.2, n_steps=1)
        runs = [simulate_runs(team, 6, rng) for _ in range(n_studies)]
        return [routing_gap(each, CIRCULANT, rng=rng, config=config) for each in runs]

    without = studies(0.0, 20)
    unshifted = np.mean([gap.component("alignment").value for gap in without])
    smallest = float(np.median([gap.smallest_detectable for gap in without]))
    shown = [gap.component("alignment").interval[0] > unshifted for gap in studies(smallest, 30)]
    assert 0.6 <= np.mean(shown) <= 0.95


def test_one_run_has_no_power_and_a_lower_bound_of_runs():
    rng = np.random.default_rng(0)
    found = routing_gap(simulate_runs(Team(preference=CIRCULANT, members=(1, 1, 1)), 1, rng), CIRCULANT, rng=rng)
    assert found.smallest_detectable is None
    assert found.runs_needed == 6
    assert any("at least 6 runs" in reason for reason in found.reasons)


def test_runs_that_differ_too_much_are_insufficient():
    rng = np.random.default_rng(0)
    preferences = [CIRCULANT, relabelled(CIRCULANT, (1, 0, 2)), diluted(CIRCULANT, 0.5)]
    runs = [
        run
        for preference in preferences
        for run in simulate_runs(Team(preference=preference, members=(1, 1, 1), n_episodes=2), 1, rng)
    ]
    found = routing_gap(runs, CIRCULANT, rng=rng)
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_runs_to_decide_shrink_with_the_distance_from_the_margin():
    gap = np.array([0.3, 0.4, 0.5])
    assert runs_to_decide(gap, margin=2.0) == 3
    near = runs_to_decide(gap, margin=0.45)
    assert near > 3
    # 90 % half width at that number is below the distance, at one run less it is not.
    halves = [np.ptp(equivalence_interval(np.resize(gap, n))) for n in (3, 30)]
    assert halves[1] < halves[0]
    assert runs_to_decide(gap, margin=float(gap.mean())) is None


def test_equal_runs_decide_at_once():
    assert runs_to_decide(np.array([0.2, 0.2, 0.2]), margin=0.5) == 3
    assert equivalence_interval(np.array([0.2, 0.2, 0.2])) == pytest.approx((0.2, 0.2))


def test_no_number_of_runs_is_asked_for_where_the_verdict_is_decided():
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2), dyad_noise=0.2), 4, rng)
    found = routing_gap(runs, CIRCULANT, rng=rng)
    assert (found.verdict, found.runs_needed) == (Verdict.ALIGNED, None)
