"""Real PettingZoo environments are recorded as they were played."""

import numpy as np
import pytest

from tests.convscope_loaders.reading import in_small_blocks as read

pettingzoo = pytest.importorskip("pettingzoo", reason="the extra recorders-test is not installed")
mpe2 = pytest.importorskip("mpe2", reason="the extra recorders-test is not installed")

from gymnasium import spaces  # noqa: E402
from mpe2 import simple_speaker_listener_v4, simple_spread_v3  # noqa: E402

import convscope  # noqa: E402
from convscope.errors import UsageError  # noqa: E402
from convscope.ingest.open import open_logs  # noqa: E402
from convscope.ingest.validate import validate_log  # noqa: E402
from convscope.pipeline import analyze_files  # noqa: E402
from convscope.record import EndKind, Recorder, RecordingWarning, Status  # noqa: E402
from convscope.values.config import AnalysisConfig  # noqa: E402

A, W, D = Status.ACTING, Status.WAITING, Status.DEAD


def play(env, n_episodes, seed=0):
    """Play random actions, and return what was seen, done and given: lists of mappings by episode."""
    rng = np.random.default_rng(seed)
    played = []
    for episode in range(n_episodes):
        seen, _ = env.reset(seed=seed + episode)
        steps = {"observations": [seen], "actions": [], "rewards": []}
        while env.agents:
            actions = {agent: int(rng.integers(env.action_space(agent).n)) for agent in env.agents}
            seen, rewards, _, _, _ = env.step(actions)
            for name, values in (("observations", seen), ("actions", actions), ("rewards", rewards)):
                steps[name].append({a: np.array(value) for a, value in values.items()})
        played.append(steps)
    return played


def assert_played(block, steps, agents):
    n_steps = len(steps["actions"])
    for name, rows in steps.items():
        for t, row in enumerate(rows):
            for agent, value in row.items():
                found = block.columns[name][t, agents.index(agent)]
                np.testing.assert_array_equal(np.ravel(found)[: np.size(value)], np.ravel(value))
    assert np.isnan(block.columns["actions"][n_steps]).all()


@pytest.mark.parametrize("module", [simple_spread_v3, simple_speaker_listener_v4])
def test_a_parallel_environment_is_recorded_bit_for_bit(tmp_path, module):
    env = module.parallel_env(max_cycles=9)
    recorded = convscope.record(env, tmp_path / "log.h5", commit_seconds=0, roles={"first": ["*_0"]})
    assert isinstance(recorded, pettingzoo.ParallelEnv)
    played = play(recorded, 5)
    recorded.close()
    log, blocks = read(tmp_path / "log.h5")
    agents = [agent.name for agent in log.header.agents]
    assert agents == env.possible_agents
    for block, steps in zip(blocks, played, strict=True):
        assert_played(block, steps, agents)
        assert (block.status[:9] == A).all()
        assert (block.status[9] == W).all()
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 5
    assert log.header.framework == "PettingZoo"
    assert log.header.environment == module.__name__.split(".")[-1]
    assert [a.declared_role for a in log.header.agents] == ["first" if a.endswith("_0") else None for a in agents]
    assert validate_log(tmp_path / "log.h5") == ()


def test_a_recorded_environment_plays_as_it_does_unrecorded(tmp_path):
    plain = play(simple_spread_v3.parallel_env(max_cycles=6), 3)
    recorded = play(convscope.record(simple_spread_v3.parallel_env(max_cycles=6), tmp_path / "log.h5"), 3)
    for first, second in zip(plain, recorded, strict=True):
        for name, rows in first.items():
            for a, b in zip(rows, second[name], strict=True):
                assert a.keys() == b.keys()
                assert all(np.array_equal(a[agent], b[agent]) for agent in a)


def test_positions_and_the_state_are_recorded_on_request(tmp_path):
    def positions(env):
        return {agent.name: agent.state.p_pos for agent in env.unwrapped.world.agents}

    env = convscope.record(
        simple_spread_v3.parallel_env(max_cycles=4), tmp_path / "log.h5", positions=positions, keeps_state=True
    )
    play(env, 2)
    env.close()
    _, blocks = read(tmp_path / "log.h5")
    for block in blocks:
        # An agent of this environment sees its velocity, then its own position.
        np.testing.assert_array_equal(
            block.columns["positions"].astype(np.float32), block.columns["observations"][:, :, 2:4]
        )
        np.testing.assert_array_equal(block.columns["state"][:4], block.columns["observations"][:4].reshape(4, -1))


def test_labels_change_between_episodes_and_a_recorder_serves_several_environments(tmp_path):
    with Recorder(tmp_path / "log.h5", run="seed_1") as recorder:
        train, held_out = (convscope.record(simple_spread_v3.parallel_env(max_cycles=3), recorder) for _ in range(2))
        play(train, 2)
        train.recorder.checkpoint = "update_40"
        play(train, 1)
        recorder.condition = "held out"
        play(held_out, 1)
        train.close()
        play(held_out, 1)
    table = open_logs([tmp_path / "log.h5"]).episodes
    assert table.runs == ("seed_1",)
    told = [(table.checkpoint_label(e), table.condition_name(e)) for e in range(5)]
    assert told == [(None, None)] * 2 + [("update_40", None)] + [("update_40", "held out")] * 2


def test_episodes_of_two_environments_may_overlap(tmp_path):
    with Recorder(tmp_path / "log.h5", commit_seconds=0) as recorder:
        first, second = (convscope.record(simple_spread_v3.parallel_env(max_cycles=4), recorder) for _ in range(2))
        seen = {"first": [], "second": []}
        for seed in range(3):
            for name, env in (("first", first), ("second", second)):
                seen[name].append([env.reset(seed=seed)[0]])
            for name, env, steps in (("first", first, 2), ("second", second, 4), ("first", first, 2)):
                for _ in range(steps):  # the second one ends, and is committed, while the first goes on
                    seen[name][-1].append(env.step(dict.fromkeys(env.agents, len(seen[name][-1])))[0])
    log, blocks = read(tmp_path / "log.h5")
    agents = [agent.name for agent in log.header.agents]
    order = [rows for pair in zip(seen["second"], seen["first"], strict=True) for rows in pair]
    for block, rows in zip(blocks, order, strict=True):
        for t, row in enumerate(rows):
            np.testing.assert_array_equal(block.columns["observations"][t], [row[agent] for agent in agents])
        assert block.columns["actions"][:4, 0, 0].tolist() == [1, 2, 3, 4]


def test_continuous_actions_are_copied(tmp_path):
    env = convscope.record(simple_spread_v3.parallel_env(max_cycles=5, continuous_actions=True), tmp_path / "log.h5")
    rng, done = np.random.default_rng(0), []
    actions = {agent: np.zeros(5, np.float32) for agent in env.possible_agents}
    for seed in range(3):
        env.reset(seed=seed)
        while env.agents:
            for action in actions.values():
                action[:] = rng.uniform(size=5)
            done.append([action.copy() for action in actions.values()])
            env.step(actions)
    env.close()
    _, blocks = read(tmp_path / "log.h5")
    np.testing.assert_array_equal(np.concatenate([block.columns["actions"][:5] for block in blocks]), done)


def test_an_episode_that_is_left_is_cut(tmp_path):
    env = convscope.record(simple_spread_v3.parallel_env(max_cycles=9), tmp_path / "log.h5")
    for _ in range(2):
        env.reset()
        env.step(dict.fromkeys(env.agents, 0))
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    assert log.episodes.end.tolist() == [EndKind.CUT] * 2
    assert [block.n_rows for block in blocks] == [2, 2]


class Falling(pettingzoo.ParallelEnv):
    """Agents fall one after the other; a late one joins. They see a mask beside what they see."""

    metadata = {"name": "falling_v0"}  # noqa: RUF012

    def __init__(self, masks="observation"):
        self.possible_agents = ["a", "b", "late"]
        self.masks = masks

    def observation_space(self, agent):
        own = spaces.Box(0, 99, (2,), np.int64)
        mask = spaces.Box(0, 1, (3,), np.int8)
        return spaces.Dict({"observation": own, "action_mask": mask}) if self.masks == "observation" else own

    def action_space(self, agent):
        return spaces.Discrete(3, start=-1)

    def seen(self, agents):
        rows = {agent: np.array([self.time, self.possible_agents.index(agent)]) for agent in agents}
        mask = np.array([1, 1, self.time % 2], np.int8)
        if self.masks == "observation":
            return {a: {"observation": row, "action_mask": mask} for a, row in rows.items()}, {a: {} for a in agents}
        return rows, {agent: {"action_mask": mask} for agent in agents}

    def reset(self, seed=None, options=None):
        self.agents, self.time = ["a", "b"], 0
        return self.seen(self.agents)

    def step(self, actions):
        self.time += 1
        before = [*self.agents, "late"] if self.time == 2 else self.agents
        falls = {1: "b", 3: "a", 4: "late"}.get(self.time)
        self.agents = [agent for agent in before if agent != falls]
        flags = {agent: agent == falls for agent in before}
        seen, infos = self.seen(before)
        return seen, {a: float(actions.get(a, 0)) for a in before}, flags, dict.fromkeys(before, False), infos


@pytest.mark.parametrize("masks", ["observation", "info"])
def test_who_falls_is_dead_and_who_joins_late_was_absent(tmp_path, masks):
    env = convscope.record(Falling(masks), tmp_path / "log.h5")
    for _ in range(2):
        env.reset()
        while env.agents:
            env.step(dict.fromkeys(env.agents, -1))
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    assert log.episodes.end.tolist() == [EndKind.TERMINATED] * 2
    for block in blocks:
        assert block.status.tolist() == [[A, A, 0], [A, W, W], [A, D, A], [W, D, A], [D, D, W]]
        assert block.columns["actions"][block.is_acting].tolist() == [[0]] * 6
        assert block.columns["observations"][1, 1].tolist() == [1, 1]
        assert block.columns["action_masks"][:4, 0, 2].tolist() == [0, 1, 0, 1]
    assert "the actions of a begin at -1 in the environment and at 0 in the log" in log.header.inputs[0].assumptions
    assert validate_log(tmp_path / "log.h5") == ()


class Nested(Falling):
    """Agents see several things at once."""

    def observation_space(self, agent):
        return spaces.Dict({"near": spaces.Box(0, 9, (2, 2)), "far": spaces.Tuple([spaces.Discrete(5)])})

    def seen(self, agents):
        return {a: {"near": np.eye(2), "far": (self.time,)} for a in agents}, {a: {} for a in agents}


def test_observations_in_parts_are_put_in_a_row(tmp_path):
    env = convscope.record(Nested(), tmp_path / "log.h5")
    env.reset()
    env.step({"a": -1, "b": 0})
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    assert blocks[0].columns["observations"][1, 0].tolist() == [1, 0, 0, 1, 1]
    assert any("those of a: near (4), far/0 (1)" in sentence for sentence in log.header.inputs[0].assumptions)


def play_in_turn(env, rng):
    env.reset(seed=0)
    turns = []
    for agent in env.agent_iter():
        seen, _, terminated, truncated, _ = env.last()
        action = None if terminated or truncated else int(rng.integers(env.action_space(agent).n))
        env.step(action)
        if action is not None:
            turns.append((agent, seen, action, dict(env.rewards)))
    return turns


def test_agents_that_act_in_turn_wait_for_each_other(tmp_path):
    env = convscope.record(simple_spread_v3.env(max_cycles=3), tmp_path / "log.h5")
    assert isinstance(env, pettingzoo.AECEnv)
    turns = play_in_turn(env, np.random.default_rng(0))
    env.close()
    log, (block,) = read(tmp_path / "log.h5")
    agents = [agent.name for agent in log.header.agents]
    assert log.episodes.length.tolist() == [len(turns)] == [9]
    assert block.status[:9].tolist() == [[A if agent == turn[0] else W for agent in agents] for turn in turns]
    assert (block.status[9] == W).all()
    for row, (agent, seen, action, rewards) in enumerate(turns):
        slot = agents.index(agent)
        np.testing.assert_array_equal(block.columns["observations"][row, slot], seen)
        assert block.columns["actions"][row, slot, 0] == action
        assert block.columns["rewards"][row].tolist() == [rewards[name] for name in agents]
    assert np.isfinite(block.columns["observations"][9]).all()
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED]
    assert any("a timestep is the turn of one agent" in text for text in log.header.inputs[0].assumptions)
    assert validate_log(tmp_path / "log.h5") == ()


def test_an_observation_that_nobody_asked_for_is_recorded_too(tmp_path):
    env = convscope.record(simple_spread_v3.env(max_cycles=2), tmp_path / "log.h5")
    env.reset(seed=0)
    seen = env.observe(env.agent_selection)
    env.step(0)
    env.close()
    _, (block,) = read(tmp_path / "log.h5")
    np.testing.assert_array_equal(block.columns["observations"][0, 0], seen)


def test_what_no_adapter_knows_is_an_error_that_leaves_no_file(tmp_path):
    with pytest.raises(
        UsageError, match=r"no recorder knows a builtins.object; there are .*gymnasium: .*; pettingzoo: "
    ):
        convscope.record(object(), tmp_path / "log.h5")
    assert list(tmp_path.iterdir()) == []
    assert issubclass(RecordingWarning, UserWarning)


def test_a_recorded_log_can_be_analysed(tmp_path):
    env = convscope.record(simple_spread_v3.parallel_env(max_cycles=10), tmp_path / "log.h5")
    play(env, 40)
    env.close()
    evidence = analyze_files([str(tmp_path / "log.h5")], config=AnalysisConfig(seed=0, n_permutations=99))
    assert evidence.header.agents[0].name == "agent_0"
