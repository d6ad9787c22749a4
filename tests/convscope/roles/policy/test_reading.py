"""Agents told apart by what they do given what they see, on teams whose policies are known."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.engine.executors import SerialExecutor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.roles.policy.reading import policy_reading
from convscope.roles.policy.sampling import policy_fold
from convscope.simulate.deciding import Actions, Deciding, deciding_team
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig

SIZE = Size(n_agents=3, n_episodes=60, n_steps=25)

CONFIG = AnalysisConfig(n_permutations=199)


def agents_of(log):
    return tuple(agent.name for agent in log.header.agents)


def read(log, config=CONFIG):
    fold = policy_fold(log, agents=agents_of(log), config=config)
    (steps,) = run_folds(log, [fold], executor=SerialExecutor(), max_bytes=1 << 20)
    return policy_reading(log, steps, agents=agents_of(log), config=config)


def team(how, *names, size=SIZE):
    return deciding_team(size, generator(0, *names), how)


@pytest.mark.parametrize("actions", Actions)
def test_an_agent_that_answers_the_other_way_round_is_a_class_of_its_own(actions):
    found = read(team(Deciding(turn=2.0, actions=actions), "turn", actions.value))
    (run,) = found.runs
    assert found.k_agents == 2
    assert run.class_of == (0, 1, 1)
    assert run.nats_low[0, 1] > 0 > run.nats[1, 2]
    assert run.all_interval[0] > 0
    assert run.p_value[0, 1] == run.attainable_p == 1 / 200


def test_agents_with_one_policy_in_places_of_their_own_are_one_class():
    found = read(team(Deciding(area=0.7), "areas"))
    assert found.runs[0].overlap[0, 2] < 0.6
    assert found.k_agents == 1


def test_agents_that_never_meet_the_same_situation_are_not_compared():
    found = read(team(Deciding(area=6.0), "far"))
    (run,) = found.runs
    assert np.isnan(run.nats).all()
    assert (run.p_value == 1).all()
    assert run.all_nats is None
    assert {notice.code for notice in found.notices} == {"no-common-situations"}


def test_columns_that_say_who_sees_are_left_out_and_told():
    found = read(team(Deciding(names_itself=True, habit=1.5), "names"))
    assert "identity-in-observations" in {notice.code for notice in found.notices}
    assert found.runs[0].class_of == (0, 1, 1)


def test_structureless_teams_have_one_class():
    kinds = (Deciding(), Deciding(area=0.7, memory=0.7))
    found = [
        read(team(how, str(draw), size=Size(n_agents=2, n_episodes=24, n_steps=15)), replace(CONFIG, seed=draw))
        for draw in range(20)
        for how in kinds
    ]
    # More than 5 of 40 draws of a 5 % test would be a 1.4 % event.
    assert sum(each.k_agents > 1 for each in found) <= 5


def test_the_order_of_agents_and_episodes_changes_nothing():
    log = team(Deciding(turn=1.0, area=0.5), "order")
    (block,) = log.blocks(frozenset({"observations", "actions"}), max_bytes=1 << 40)
    rng = generator(1)
    agents, episodes = rng.permutation(3), rng.permutation(SIZE.n_episodes)
    rows = (episodes[:, np.newaxis] * SIZE.n_steps + np.arange(SIZE.n_steps)).ravel()
    columns = {name: column[rows][:, agents] for name, column in block.columns.items()}
    names = [f"agent_{number}" for number in agents]
    plain = log_from_arrays(dict(block.columns), [SIZE.n_steps] * SIZE.n_episodes, agents_of(log))
    first, second = read(plain), read(log_from_arrays(columns, [SIZE.n_steps] * SIZE.n_episodes, names))
    for name in ("nats", "nats_low", "p_value", "overlap"):
        assert getattr(first.runs[0], name).tobytes() == getattr(second.runs[0], name).tobytes()
    assert first.runs[0].class_of == second.runs[0].class_of


def test_agents_of_different_spaces_are_classes_apart():
    log = team(Deciding(), "spaces")
    header = replace(
        log.header,
        agents=tuple(
            replace(agent, group="others" if agent.name == "agent_2" else "all") for agent in log.header.agents
        ),
    )
    (run,) = read(replace(log, header=header)).runs
    assert run.class_of == (0, 0, 1)
    assert np.isnan(run.overlap[0, 2])
    assert run.overlap[0, 1] > 0.8


def test_a_log_without_observations_says_so():
    log = log_from_arrays({"actions": np.zeros((40, 2, 1))}, [5] * 8, ["a", "b"])
    found = read(log)
    assert found.runs == ()
    assert "no observations" in found.notices[0].message


def test_a_change_of_policy_is_found_and_a_change_of_places_is_none():
    size = Size(n_agents=2, n_episodes=120, n_steps=25)
    changed = read(team(Deciding(turn=1.5, turns_at=60), "change", size=size))
    assert len(changed.change_points) == 1
    assert abs(changed.change_points[0].episode - 60) <= 6
    assert read(team(Deciding(moves_at=60), "moved", size=size)).change_points == ()


def test_pairs_are_read_on_one_side_of_a_change():
    size = Size(n_agents=2, n_episodes=120, n_steps=25)
    found = read(team(Deciding(turn=1.5, turns_at=75), "change, then pairs", size=size))
    (change,) = found.change_points
    (run,) = found.runs
    assert abs(change.episode - 75) <= 6
    # The two agents follow one policy before the change, and differ after it.
    assert run.stretch == (0, change.episode - 1)
    assert run.n_episodes == change.episode
    assert run.p_value[0, 1] > 0.05
    assert any(f"read in episodes 0 to {change.episode - 1} alone" in notice.message for notice in found.notices)


def test_of_many_runs_evenly_spaced_ones_are_read_and_told(monkeypatch):
    log = team(Deciding(), "runs", size=Size(n_agents=2, n_episodes=60, n_steps=10))
    names = tuple(f"seed_{number}" for number in range(5))
    log = replace(log, episodes=replace(log.episodes, runs=names, run=np.repeat(np.arange(5), 12)))
    # A joint step holds two agents' four columns, and an action twice.
    monkeypatch.setattr("convscope.roles.policy.sampling.MOST_NUMBERS", 3 * 400 * 2 * (4 + 2))
    found = read(log)
    assert [run.run for run in found.runs] == ["seed_0", "seed_2", "seed_4"]
    assert "policies are read in 3 of 5 runs" in " ".join(notice.message for notice in found.notices)
