import numpy as np

from convscope.routing.intervals import THESE_RUNS_ONLY
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_runs
from convscope.values.config import AnalysisConfig


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
