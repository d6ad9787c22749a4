"""Team size, task and padding: the preference stays, or changes by a known amount."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.simulate.formations import FormationSpec, simulate_conditions
from convscope.simulate.teams import GENERIC, diluted
from convscope.values.config import AnalysisConfig
from convscope.values.labels import EpisodeLabels
from tests.convscope.dependence.reading import dependence_of

TEAM = FormationSpec(members=(3, 3, 3), n_steps=4, step_noise=0.0)


def test_the_same_preference_at_every_team_size_has_no_shift():
    sizes = ["nine", "seven"] * 6
    log = simulate_conditions(TEAM, sizes, generator(0, "sizes"), n_absent=[0, 2])
    found = dependence_of(log).scaling
    assert (found.largest.first, found.largest.second) == ("7 agents", "9 agents")
    assert found.largest.divergence == pytest.approx(0, abs=1e-12)
    assert found.p_value == 1


def test_a_preference_that_changes_with_the_task_shifts_by_its_divergence():
    log = simulate_conditions(replace(TEAM, effect=0.5), ["plain", "maze"] * 6, generator(0, "tasks"))
    found = dependence_of(log)
    expected = mean_divergence(np.array(GENERIC), np.array(diluted(GENERIC, 0.5)))
    assert found.transfer.largest.value == pytest.approx(float(expected), abs=1e-9)
    assert found.transfer.p_value == pytest.approx(1 / 200, abs=0.006)
    assert found.scaling is None


def test_padding_is_compared_where_a_file_tells_it():
    log = simulate_conditions(TEAM, ["only"] * 8, generator(0, "padding"))
    labels = EpisodeLabels(
        sha256="0" * 64,
        formations=(),
        spans=np.zeros((0, 4), dtype=np.int64),
        paddings=("none", "twelve slots"),
        padding=np.arange(8) % 2,
    )
    assert dependence_of(log, labels=labels).padding.largest.divergence == pytest.approx(0, abs=1e-12)
    assert dependence_of(log).padding is None


def test_noise_alone_is_seldom_called_a_shift_and_stays_near_its_floor():
    spec = replace(TEAM, members=(2, 2, 2), step_noise=0.6, episode_noise=0.3)
    config = AnalysisConfig(n_permutations=99)
    found = [
        dependence_of(simulate_conditions(spec, ["a", "b"] * 8, generator(5, str(draw))), config=config).transfer
        for draw in range(60)
    ]
    assert np.mean([each.p_value <= 0.05 for each in found]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
    values = np.array([each.largest.value for each in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(60)


def test_habits_between_single_agents_are_no_change_with_the_size_of_the_team():
    """The three that join have habits of their own: over the preference of all, every log would show a change."""
    spec = replace(TEAM, run_noise=0.6, step_noise=0.3)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(30):
        log = simulate_conditions(spec, ["a", "b"] * 8, generator(6, str(draw)), n_absent=[0, 3])
        found.append(dependence_of(log, config=config).scaling.p_value <= 0.05)
    assert np.mean(found) <= 0.08 + 3 * np.sqrt(0.05 * 0.95 / 30)


def test_unequal_noise_and_numbers_of_episodes_are_no_change():
    spec = replace(TEAM, episode_noise=0.4, step_noise=0.3)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(40):
        rng = generator(7, str(draw))
        log = simulate_conditions(spec, ["a", "a", "a", "b"] * 6, rng, n_absent=[0, 3], is_lasting=False)
        found.append(dependence_of(log, config=config).scaling.p_value <= 0.05)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_a_drift_in_time_is_no_change_where_one_task_lasts_longer():
    spec = replace(TEAM, members=(2, 2, 2), episode_noise=0.2, step_noise=0.3, tight_lasts=0.5, trend=0.8, n_steps=8)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(60):
        log = simulate_conditions(spec, ["a", "b"] * 8, generator(10, str(draw)))
        found.append(dependence_of(log, config=config).transfer.p_value <= 0.05)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_one_episode_of_a_condition_is_not_compared():
    log = simulate_conditions(TEAM, ["a"] * 5 + ["b"], generator(0, "few"))
    found = dependence_of(log)
    assert found.transfer is None
    assert any("two episodes each" in notice.message for notice in found.notices)
