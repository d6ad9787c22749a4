"""Signalling is told from listening, in teams whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.routing.messages.study import find_messages
from convscope.simulate.draws import Size
from convscope.simulate.messages import Talking, talkers
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, MESSAGES
from convscope.values.messages import MessageMeasure

SMALL = Size(n_agents=3, n_episodes=60, n_steps=25)
QUICK = AnalysisConfig(n_permutations=99)


FINE = AnalysisConfig(n_permutations=499)


def measured(talking, config=QUICK, draw=0):
    log = talkers(SMALL, generator(0, "test", str(talking), str(draw)), talking).log
    return find_messages(log, config)


def pairs(found, measure):
    return {(test.sender, test.receiver, test.lag) for test in found.of(measure) if test.significant}


def test_signals_that_nobody_hears_are_signalling_only():
    found = measured(Talking(signals=0.6))
    assert len(pairs(found, MessageMeasure.SPEAKER_CONSISTENCY)) == 3
    assert not pairs(found, MessageMeasure.SOCIAL_INFLUENCE)


def test_the_one_that_listens_is_found_a_timestep_later():
    found = measured(Talking(signals=0.6, listens=0.4), FINE)
    assert ("agent_0", "agent_2", 1) in pairs(found, MessageMeasure.SOCIAL_INFLUENCE)
    assert ("agent_0", "agent_2", 1) in pairs(found, MessageMeasure.INSTANTANEOUS_COORDINATION)


def test_what_all_see_makes_coordination_but_no_causal_influence():
    found = measured(Talking(is_spoken_action=True, sees=0.5))
    assert {lag for *_, lag in pairs(found, MessageMeasure.INSTANTANEOUS_COORDINATION)} == {0, 1}
    assert not pairs(found, MessageMeasure.CAUSAL_INFLUENCE)


def test_a_spoken_action_that_is_heard_has_causal_influence():
    found = measured(Talking(is_spoken_action=True, listens=0.4), FINE)
    assert pairs(found, MessageMeasure.CAUSAL_INFLUENCE) == {("agent_0", "agent_2", 1)}
    assert "message-in-action" in {notice.code for notice in found.notices}


def test_a_speaker_that_announces_what_it_does_is_asked_about_both_lags():
    """Its listener acts on the message in the same timestep: only lag 0 shows it."""
    rng = generator(0, "test", "announces")
    said = rng.integers(3, size=(800, 1, 1))
    heard = np.where(rng.random(said.shape) < 0.5, said, rng.integers(3, size=said.shape))
    actions = np.concatenate([said, heard], axis=1).astype(np.float64)
    messages = np.concatenate([said, np.zeros_like(said)], axis=1).astype(np.float64)
    found = find_messages(log_from_arrays({ACTIONS: actions, MESSAGES: messages}, [20] * 40, ["a", "b"]), QUICK)
    assert pairs(found, MessageMeasure.INSTANTANEOUS_COORDINATION) == {("a", "b", 0)}
    assert ("a", "a", 0) in pairs(found, MessageMeasure.SPEAKER_CONSISTENCY)


def test_what_goes_with_the_condition_is_no_listening():
    """Each task has its own word and its own action: within a task nobody listens."""
    rng = generator(0, "test", "condition")
    task = np.repeat(np.arange(40) % 2, 20)[:, None, None]
    actions, messages = (np.where(rng.random((800, 2, 1)) < 0.8, task, 1 - task).astype(float) for _ in range(2))
    log = log_from_arrays({ACTIONS: actions, MESSAGES: messages}, [20] * 40, ["a", "b"])
    told = replace(log, episodes=replace(log.episodes, conditions=("x", "y"), condition=np.arange(40) % 2))
    measure = MessageMeasure.INSTANTANEOUS_COORDINATION
    assert pairs(find_messages(log, QUICK), measure)
    assert not pairs(find_messages(told, QUICK), measure)


@pytest.mark.parametrize("is_spoken_action", [False, True])
def test_bits_beyond_the_floor_are_none_on_average_where_nobody_listens(is_spoken_action):
    size = Size(n_agents=4, n_episodes=16, n_steps=25)
    talk = Talking(is_spoken_action=is_spoken_action)
    logs = [talkers(size, generator(seed, "excess"), talk).log for seed in range(3)]
    tests = [test for log in logs for test in find_messages(log, AnalysisConfig(n_permutations=49)).tests]
    for measure in set(MessageMeasure) - {MessageMeasure.SPEAKER_CONSISTENCY}:
        own = [test for test in tests if test.measure is measure]
        if own:
            spread = np.std([test.excess for test in own])
            # Pairs and lags of one log are not independent; the floor itself is many times larger.
            assert abs(np.mean([test.excess for test in own])) < 0.5 * spread
            assert np.mean([test.floor for test in own]) > spread / 2


def test_babble_is_called_something_no_oftener_than_the_level_says():
    p_values = [test.p_value for draw in range(8) for test in measured(Talking(), draw=draw).tests]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_the_same_log_gives_the_same_figures():
    assert measured(Talking(signals=0.3)) == measured(Talking(signals=0.3))


@pytest.mark.parametrize("columns", [{}, {MESSAGES: np.zeros((200, 2, 1))}])
def test_without_messages_that_differ_nothing_is_said(columns):
    actions = generator(0, "test").integers(3, size=(200, 2, 1)).astype(np.float64)
    found = find_messages(log_from_arrays({ACTIONS: actions, **columns}, [20] * 10, ["a", "b"]))
    assert not found.tests
    assert [notice.code for notice in found.notices] == ["not-applicable"]


def test_what_stands_in_rows_of_the_dead_changes_nothing():
    rng = generator(0, "test", "dead")
    actions, messages = (rng.integers(3, size=(400, 2, 1)).astype(np.float64) for _ in range(2))
    status = np.ones((400, 2), dtype=np.uint8)
    status[10::20, 1] = 3
    other = {ACTIONS: actions.copy(), MESSAGES: messages.copy()}
    other[MESSAGES][status == 3] = 99.0
    logs = [
        log_from_arrays(c, [20] * 20, ["a", "b"], status=status)
        for c in ({ACTIONS: actions, MESSAGES: messages}, other)
    ]
    assert find_messages(logs[0], QUICK) == find_messages(logs[1], QUICK)


def test_continuous_messages_are_cut_at_medians_and_it_is_said():
    rng = generator(0, "test", "continuous")
    messages = rng.normal(size=(600, 2, 4))
    actions = (messages[:, ::-1, :1] > 0).astype(np.float64)
    found = find_messages(log_from_arrays({ACTIONS: actions, MESSAGES: messages}, [20] * 30, ["a", "b"]), QUICK)
    assert found.n_symbols <= 8
    assert "messages-cut" in {notice.code for notice in found.notices}


def test_too_many_pairs_are_refused_not_waited_for():
    config = AnalysisConfig(n_permutations=10_000_000)
    log = talkers(SMALL, generator(0, "test", "many"), Talking()).log
    assert [notice.code for notice in find_messages(log, config).notices] == ["not-computed"]
