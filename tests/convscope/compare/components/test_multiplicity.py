import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, Team, relabelled, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component

SWAPPED = relabelled(CIRCULANT, (1, 0, 2))


def multiplicity(n_runs: tuple[int, int], *, noise: float, seed: int, members=(2, 2, 2)) -> Component:
    rng = np.random.default_rng(seed)
    runs = [
        run
        for preference, n in zip((CIRCULANT, SWAPPED), n_runs, strict=True)
        for run in simulate_runs(Team(preference=preference, members=members, dyad_noise=noise, n_steps=1), n, rng)
    ]
    return routing_gap(runs, CIRCULANT, rng=rng, config=AnalysisConfig(n_permutations=99)).component("multiplicity")


def test_two_conventions_are_above_the_null():
    found = multiplicity((3, 3), noise=0.3, seed=0)
    assert found.value > 0.5
    assert found.p_value == pytest.approx(0.01)


def test_habits_between_agents_are_not_taken_for_conventions():
    n_rejected = sum(multiplicity((4, 0), noise=0.3, seed=seed).p_value <= 0.05 for seed in range(60))
    assert n_rejected <= 3 + 2 * np.sqrt(60 * 0.05 * 0.95)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_it_is_never_negative(seed: int):
    assert multiplicity((2, 1), noise=0.5, seed=seed).value >= 0


def test_single_members_need_four_runs_for_a_test():
    found = multiplicity((2, 1), noise=0.3, seed=0, members=(1, 1, 1))
    assert found.value > 0
    assert found.p_value is None
    assert multiplicity((5, 5), noise=0.3, seed=0, members=(1, 1, 1)).p_value == pytest.approx(0.01)


def test_its_interval_is_over_runs_and_begins_at_zero():
    found = multiplicity((5, 5), noise=0.2, seed=1)
    assert 0 <= found.interval[0] < found.value < found.interval[1]
    assert multiplicity((1, 1), noise=0.2, seed=1).interval is None


def test_one_run_has_no_multiplicity():
    assert multiplicity((1, 0), noise=0.3, seed=0).why == "there is one run only"
