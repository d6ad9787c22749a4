import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.compare.intervals import THESE_RUNS_ONLY, student_t
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_runs
from convscope.values.config import AnalysisConfig


def test_student_t_of_three_known_values():
    # Mean 2, standard error 1 / sqrt(3), quantile 4.3027.
    assert student_t(np.array([1.0, 2.0, 3.0])) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)


def test_two_runs_have_no_interval_over_runs():
    assert student_t(np.array([1.0, 2.0])) is None
    assert student_t(np.array([1.0, np.nan, 2.0])) is None


@given(values=st.lists(st.floats(-10, 10), min_size=3, max_size=8))
def test_the_order_of_runs_and_their_shift_only_move_the_interval(values: list[float]):
    low, high = student_t(np.array(values))
    assert low <= high
    assert student_t(np.array(values[::-1]) + 1) == pytest.approx((low + 1, high + 1), abs=1e-9)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [student_t(rng.normal(size=3)) for _ in range(1_000)]
    assert sum(low <= 0 <= high for low, high in found) == pytest.approx(950, abs=21)


def test_one_run_resamples_its_episodes_and_says_so():
    rng = np.random.default_rng(0)
    team = Team(preference=CIRCULANT, members=(2, 2, 2), step_noise=0.5, n_episodes=20, n_steps=2)
    found = routing_gap(simulate_runs(team, 1, rng), CIRCULANT, rng=rng)
    for name in ("alignment", "dilution", "foreign"):
        component = found.component(name)
        assert component.interval_kind == THESE_RUNS_ONLY
        assert component.interval[0] <= component.value + 0.1
        assert component.interval[1] >= component.value - 0.1


def test_a_single_episode_has_no_interval():
    rng = np.random.default_rng(0)
    found = routing_gap(
        simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2), n_episodes=1), 1, rng), CIRCULANT, rng=rng
    )
    assert found.component("alignment").interval is None
    assert "no-noise-floor" in {notice.code for notice in found.notices}


def test_resampled_episodes_cover_the_gap_of_these_runs():
    # Noise in the steps takes the gap from .4977 to .5567 (a run of 30,000 episodes). Twice the floor keeps the
    # interval centred.
    team = Team(preference=diluted(CIRCULANT, 0.5), members=(2, 2, 2), step_noise=0.8, n_episodes=30, n_steps=1)
    config = AnalysisConfig(n_permutations=399)
    n_covered = 0
    for draw in range(60):
        rng = np.random.default_rng([3, draw])
        found = routing_gap(simulate_runs(team, 1, rng), CIRCULANT, rng=rng, config=config).component("alignment")
        n_covered += found.interval[0] <= 0.5567 <= found.interval[1]
    assert n_covered >= 60 * 0.95 - 3 * np.sqrt(60 * 0.05 * 0.95)
