"""Influence told by the agents' own dice is compared between formations that the user names."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.pipeline import analyze
from convscope.simulate.draws import Size
from convscope.simulate.sharpening import RECEIVER, SENDER, sharpening
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.labels import EpisodeLabels

N_EPISODES, N_STEPS = 40, 20
CONFIG = AnalysisConfig(routing_source=RoutingSource.POLICY_RESIDUAL, n_permutations=99)


def two_formations(influence, seed, n_agents=3):
    """A log of one run whose first half of episodes stands close, and the labels that say so."""
    size = Size(n_agents=n_agents, n_episodes=N_EPISODES, n_steps=N_STEPS)
    of_two = sharpening(size, np.random.default_rng(seed), influence=influence, exploration=[0.6, 0.6])
    (block,) = of_two.blocks(frozenset({"actions", "action_probabilities"}), max_bytes=1 << 40)
    names = [agent.name for agent in of_two.header.agents]
    log = log_from_arrays(block.columns, [N_STEPS] * 2 * N_EPISODES, names)
    spans = [[episode, 0, N_STEPS, episode // N_EPISODES] for episode in range(2 * N_EPISODES)]
    return log, labels_of(spans)


def labels_of(spans):
    n_episodes = 2 * N_EPISODES
    return EpisodeLabels(
        sha256="",
        formations=("close", "wide"),
        spans=np.array(spans),
        paddings=(),
        padding=np.full(n_episodes, -1),
    )


def sensitivity(log, labels):
    return analyze(log, None, CONFIG, labels=labels).dependence


def test_a_pair_that_answers_in_one_formation_only_is_named():
    found = sensitivity(*two_formations([0.1, 0.5], 0)).formation
    assert found.cell.value == pytest.approx(0.4, abs=0.06)
    assert (found.cell.sender, found.cell.receiver) == (SENDER, RECEIVER)
    assert found.cell.p_value == 0.01
    assert [formation.name for formation in found.formations] == ["close", "wide"]
    assert [formation.n_timesteps for formation in found.formations] == [N_EPISODES * N_STEPS] * 2
    assert found.formations[1].matrix[1, 0] == pytest.approx(0.5, abs=0.05)
    assert found.attainable_p == 0.01


def test_what_cannot_be_told_apart_is_not_computed_and_why():
    log, labels = two_formations([0.1, 0.5], 0)
    halves = [[episode, 0, N_STEPS // 2, 0] for episode in range(80)]
    within = sensitivity(log, labels_of([*halves, *([e, N_STEPS // 2, N_STEPS, 1] for e in range(80))]))
    assert within.formation is None
    (notice,) = [notice for notice in within.notices if notice.where == "routing.formation_sensitivity"]
    assert notice.code == "not-computed"
    assert "within episodes" in notice.message
    (notice,) = [each for each in sensitivity(log, None).notices if each.where == "routing.formation_sensitivity"]
    assert "--formations" in notice.message
    del labels


def test_longer_episodes_of_one_formation_are_refused():
    log, labels = two_formations([0.3, 0.3], 1)
    (block,) = log.blocks(frozenset({"actions", "action_probabilities"}), max_bytes=1 << 40)
    again = log_from_arrays(block.columns, [N_STEPS] * 40 + [N_STEPS * 2] * 20, ["a", "b", "c"])
    spans = [[e, 0, N_STEPS * (1 + e // 40), e // 40] for e in range(60)]
    found = sensitivity(again, labels_of(spans))
    assert found.formation is None
    assert any("last longer" in notice.message for notice in found.notices)
    del labels


def test_without_a_change_p_is_uniform():
    p = [sensitivity(*two_formations([0.3, 0.3], seed, n_agents=2)).formation.cell.p_value for seed in range(2, 14)]
    assert np.mean(np.array(p) <= 0.05) <= 0.25
    assert np.mean(p) > 0.25
