"""Diversity of made teams: none where there is none, the planted one where there is, the same in any order."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.roles.diversity.reading import DiversityFold, most_episodes
from convscope.roles.diversity.sample import Sample, most_members
from convscope.roles.diversity.study import team_diversity
from convscope.values.config import AnalysisConfig
from convscope.values.diversity import Diversity, DiversityBasis, DiversityMeasure

N_STEPS = 12
NAMES = ("ann", "bob", "cid", "dee")


def diversity(columns, *, lengths, names=NAMES, n_permutations=99, max_bytes=1 << 20, n_workers=1, **more):
    log = log_from_arrays(columns, lengths, names, **more)
    config = AnalysisConfig(n_permutations=n_permutations)
    with open_executor(n_workers) as executor:
        (read,) = run_folds(log, [DiversityFold(log, config, tuple(names))], executor=executor, max_bytes=max_bytes)
    return team_diversity(log, read, config)


def team(seed, *, n_episodes=20, bias=0.0, n_agents=4):
    """Random walkers; the first agent takes action 0 more often by ``bias``."""
    rng = np.random.default_rng(seed)
    rows = n_episodes * N_STEPS
    actions = rng.integers(4, size=(rows, n_agents, 1)).astype(float)
    actions[:, 0][rng.uniform(size=rows) < bias] = 0
    return {
        "actions": actions,
        "positions": rng.normal(size=(rows, n_agents, 2)),
        "rewards": rng.normal(size=(rows, n_agents)) * (1 + 3 * bias * (np.arange(n_agents) == 0)),
    }


def of(found, measure):
    return next(each for each in found.figures if each.measure is measure)


def test_a_planted_difference_stands_out_of_chance_and_floor():
    found = diversity(team(0, n_episodes=60, bias=0.6), lengths=[N_STEPS] * 60)
    neural = of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY)
    # .7 against .25 of action 0: total variation .45 in three of six pairs.
    assert neural.value == pytest.approx(0.225, abs=0.04)
    # The three pairs of equal agents are apart by chance; the interval has the same bias as the value.
    assert neural.interval[0] < neural.value < neural.interval[1]
    assert neural.floor < 0.08
    assert neural.null < 0.08
    assert neural.p_value == 0.01
    assert neural.members == NAMES
    entropy = of(found, DiversityMeasure.HIERARCHIC_SOCIAL_ENTROPY)
    assert entropy.p_value == 0.01
    # One agent earns 2.8 times as much as each other: shares .483 and .172.
    assert of(found, DiversityMeasure.ROLE_DIVERSITY_CONTRIBUTION).value == pytest.approx(0.155, abs=0.02)
    assert of(found, DiversityMeasure.ROLE_DIVERSITY_TRAJECTORY).p_value > 0.05


def test_without_a_difference_a_p_of_five_percent_comes_about_once_in_twenty():
    p_values = [each.p_value for seed in range(30) for each in diversity(team(seed), lengths=[N_STEPS] * 20).figures]
    assert len(p_values) == 150
    assert np.mean(np.array(p_values) <= 0.05) < 0.1
    assert 0.4 < np.mean(p_values) < 0.6


@pytest.mark.parametrize(("max_bytes", "n_workers"), [(1, 1), (4000, 2)])
def test_blocks_and_workers_change_nothing(max_bytes, n_workers):
    columns = team(1)
    assert diversity(columns, lengths=[N_STEPS] * 20) == diversity(
        columns, lengths=[N_STEPS] * 20, max_bytes=max_bytes, n_workers=n_workers
    )


def test_the_order_of_agents_and_episodes_changes_nothing():
    columns = team(2, bias=0.2)
    agents, episodes = [2, 0, 3, 1], np.random.default_rng(0).permutation(20)
    rows = (episodes[:, np.newaxis] * N_STEPS + np.arange(N_STEPS)).reshape(-1)
    shuffled = {name: column[rows][:, agents] for name, column in columns.items()}
    before = diversity(columns, lengths=[N_STEPS] * 20)
    after = diversity(shuffled, lengths=[N_STEPS] * 20, names=[NAMES[agent] for agent in agents])
    for first, second in zip(before.figures, after.figures, strict=True):
        assert set(first.members) == set(second.members)
        assert (first.measure, first.value, first.interval, first.floor, first.null, first.p_value) == (
            second.measure,
            second.value,
            second.interval,
            second.floor,
            second.null,
            second.p_value,
        )


def test_logged_probabilities_take_the_place_of_the_actions():
    columns = team(3)
    shares = np.full((240, 4, 4), 0.25)
    shares[:, 0] = [0.7, 0.1, 0.1, 0.1]
    found = diversity(columns | {"action_probabilities": shares}, lengths=[N_STEPS] * 20)
    neural = of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY)
    assert neural.basis is DiversityBasis.PROBABILITIES
    assert neural.value == pytest.approx(0.45 / 2)
    assert neural.floor == pytest.approx(0)


def test_continuous_actions_are_compared_as_normal_distributions():
    rng = np.random.default_rng(4)
    actions = rng.normal(size=(240, 2, 2)) + np.array([[0, 0], [3, 0]])
    found = diversity({"actions": actions}, lengths=[N_STEPS] * 20, names=NAMES[:2])
    neural = of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY)
    # 3 apart, of a spread of sqrt(1 + 9 / 4) together.
    assert neural.value == pytest.approx(3 / np.sqrt(3.25), abs=0.1)
    assert any("the actions are continuous" in notice.message for notice in found.notices)


def test_what_a_log_does_not_afford_is_said():
    found = diversity({"actions": np.zeros((36, 2, 1))}, lengths=[N_STEPS] * 3, names=NAMES[:2])
    assert found.figures == ()
    said = " ".join(notice.message for notice in found.notices)
    assert "no positions" in said
    assert "no rewards" in said
    assert "no run has 6 episodes" in said


def test_declared_roles_are_compared_where_slots_are_filled_anew():
    rng = np.random.default_rng(5)
    actions = rng.integers(4, size=(240, 3, 1)).astype(float)
    roles = []
    for episode in range(20):
        scout = episode % 3
        actions[episode * N_STEPS : (episode + 1) * N_STEPS, scout] = 0
        roles.append(["scout" if agent == scout else "guard" for agent in range(3)])
    found = diversity({"actions": actions}, lengths=[N_STEPS] * 20, names=NAMES[:3], declared_roles=roles)
    neural = of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY)
    assert set(neural.members) == {"scout", "guard"}
    assert neural.value == pytest.approx(0.75, abs=0.05)
    assert neural.p_value == 0.01


def test_a_reward_that_overflows_leaves_its_measure_out_and_says_so():
    columns = team(6)
    columns["rewards"][::2] = 1e308
    found = diversity(columns, lengths=[N_STEPS] * 20)
    assert DiversityMeasure.ROLE_DIVERSITY_CONTRIBUTION not in {each.measure for each in found.figures}
    assert any("not defined" in n.message and "contribution" in n.message for n in found.notices)


def test_an_episode_in_which_nobody_acts_is_left_out():
    columns = team(8)
    status = np.ones((240, 4), dtype=np.uint8)
    status[N_STEPS : 2 * N_STEPS] = 2
    found = diversity(columns, lengths=[N_STEPS] * 20, status=status, max_bytes=1)
    assert len(found.figures) == 5


def test_of_many_agents_as_many_as_can_be_compared_are_taken_and_it_is_said():
    rng = np.random.default_rng(7)
    names = [f"agent_{i}" for i in range(70)]
    actions = rng.integers(4, size=(60, 70, 1)).astype(float)
    found = diversity({"actions": actions}, lengths=[10] * 6, names=names)
    assert len(of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY).members) == 64
    assert any("at most 64 agents" in notice.message for notice in found.notices)


def test_p_values_are_corrected_for_the_number_of_measures():
    def figure_with(p_value):
        return replace(of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY), p_value=p_value)

    found = diversity(team(0), lengths=[N_STEPS] * 20)
    # Sorted .01, .02, .04: times 3, 2 and 1, never falling.
    corrected = replace(found, figures=tuple(map(figure_with, (0.04, 0.01, 0.02)))).corrected_p
    assert corrected == pytest.approx((0.04, 0.03, 0.04))
    assert Diversity().corrected_p == ()


def test_of_too_many_pairs_fewer_agents_are_compared_and_told(monkeypatch):
    monkeypatch.setattr("convscope.roles.diversity.sample.MAX_PAIRS", 10)
    names = tuple(f"agent_{number}" for number in range(8))
    found = diversity(team(0, n_agents=8), lengths=[N_STEPS] * 20, names=names, n_permutations=9)
    assert len(of(found, DiversityMeasure.SYSTEM_NEURAL_DIVERSITY).members) == 5
    assert "at most 5 agents of a run are compared" in " ".join(notice.message for notice in found.notices)


@pytest.mark.parametrize(("n_strata", "most"), [(1, 64), (9, 64), (20, 45), (400, 10), (100_000, 4)])
def test_the_pairs_of_all_conditions_together_are_bounded(n_strata, most):
    assert most_members(n_strata) == most


def test_sums_of_hundreds_of_conditions_take_no_room_for_empty_places():
    n_episodes, n_slots = 400, 64
    sample = Sample(
        sums=np.ones((n_episodes, n_slots, 2)),
        member=np.tile(np.arange(n_slots), (n_episodes, 1)),
        stratum=np.arange(n_episodes),
        labels=np.arange(n_slots),
    )
    tracemalloc.start()
    totals = sample.totals(sample.member)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert totals.shape == (400, 64, 2)
    assert (totals == 1).all()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("n_runs", "n_agents", "kept"), [(1, 4, 400), (1, 1000, 250), (100, 100, 25), (1000, 1000, 12)]
)
def test_fewer_episodes_are_kept_of_many_runs_or_agents(n_runs, n_agents, kept):
    assert most_episodes(n_runs, n_agents) == kept
