"""robomimic demonstrations: agents by their keys, joint actions divided where one way fits, filters as conditions."""

import json
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import probe
from convscope.values.header import ActionKind
from convscope.values.status import EndKind, Status
from convscope_loaders.robomimic import LOADER
from tests.convscope_loaders.reading import opened_by, rows_of

JOINT = Path(__file__).parents[1] / "data" / "flat_hdf5" / "robomimic_joint.hdf5"
STEPS = (5, 3, 4)


def write(path, *, keys, n_actions, robots=None, filters=None, steps=STEPS, seed=0):
    """Write demonstrations with observations of these widths and actions of so many columns; return what was seen."""
    rng = np.random.default_rng(seed)
    seen, acted = {key: [] for key in keys}, []
    with h5py.File(path, "w") as file:
        arguments = {} if robots is None else {"robots": robots}
        file.create_group("data").attrs["env_args"] = json.dumps({"env_name": "Task", "env_kwargs": arguments})
        for number, n in enumerate(steps):
            demo = file.create_group(f"data/demo_{number}")
            demo.attrs["num_samples"] = n
            for key, width in keys.items():
                walk = rng.normal(size=(n + 1, width) if isinstance(width, int) else (n + 1, *width))
                demo[f"obs/{key}"], demo[f"next_obs/{key}"] = walk[:-1], walk[1:]
                seen[key].append(walk)
            acted.append(rng.normal(size=(n, n_actions)))
            demo["actions"], demo["rewards"], demo["dones"] = acted[-1], np.ones(n), np.arange(n) == n - 1
            demo["states"] = np.zeros((n, 2))
        for name, demos in (filters or {}).items():
            file[f"mask/{name}"] = np.array(demos, "S")
    return {key: np.concatenate(walks) for key, walks in seen.items()}, np.concatenate(acted)


opened = partial(opened_by, LOADER)


columns = partial(rows_of, max_bytes=900)


def test_the_joint_file_is_read_as_its_three_agents():
    seen = probe(JOINT, JOINT.name)
    assert choose(seen, [found.loader for found in installed_loaders()[0]]).loader.name == "robomimic"
    log = opened(JOINT)
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert (log.header.framework, log.header.environment) == ("robomimic", "Foraging-5x5-3p-1f-v3")
    assert log.episodes.length.tolist() == [30, 29, 3, 7, 30]
    assert log.episodes.rows.tolist() == [31, 30, 4, 8, 31]
    assert set(log.episodes.end.tolist()) == {EndKind.UNKNOWN}
    assert [log.episodes.condition_name(episode) for episode in range(5)] == ["train"] * 4 + [None]
    assert {agent.action_space.kind for agent in log.header.agents} == {ActionKind.DISCRETE}
    status, actions, observed, rewards = columns(log, "actions", "observations", "team_rewards")
    is_step = (status == Status.ACTING).all(axis=1)
    assert (status[~is_step] == Status.WAITING).all()
    with h5py.File(JOINT) as file:
        demos = [file[f"data/demo_{number}"] for number in range(5)]
        assert np.array_equal(actions[is_step][..., 0], np.concatenate([demo["actions"][...] for demo in demos]))
        assert np.array_equal(rewards[is_step], np.concatenate([demo["rewards"][...] for demo in demos]))
        for slot in range(3):
            own = np.concatenate([demo[f"obs/agent_{slot}"][...] for demo in demos])
            final = np.stack([demo[f"next_obs/agent_{slot}"][-1] for demo in demos])
            assert np.array_equal(observed[is_step, slot], own)
            assert np.array_equal(observed[~is_step, slot], final)
    assert any("/states" in notice.message for notice in log.header.notices)


@given(n_agents=st.integers(2, 4), n_each=st.integers(1, 3), width=st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_joint_actions_are_divided_evenly_among_agents_that_observe_alike(tmp_path_factory, n_agents, n_each, width):
    path = tmp_path_factory.mktemp("demos") / "log.hdf5"
    keys = {f"player_{slot}": width for slot in range(n_agents)}
    seen, acted = write(path, keys=keys, n_actions=n_agents * n_each)
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == list(keys)
    status, actions, observed = columns(log, "actions", "observations")
    is_step = (status == Status.ACTING).all(axis=1)
    assert np.array_equal(actions[is_step], acted.reshape(-1, n_agents, n_each))
    assert np.array_equal(observed, np.stack(list(seen.values()), axis=1))


def test_actions_that_fit_in_several_ways_are_ambiguous_and_the_mapping_settles_it(tmp_path):
    path = tmp_path / "log.hdf5"
    _, acted = write(path, keys={"agent_0": 4, "agent_1": 2}, n_actions=4)
    with pytest.raises(AmbiguousLogError, match="nothing tells how many are each agent's") as caught:
        opened(path)
    (tmp_path / "map.toml").write_text(caught.value.mapping.replace("widths = [2, 2]", "widths = [3, 1]"))
    status, actions = columns(opened(path, read_mapping(tmp_path / "map.toml")), "actions")
    is_step = (status == Status.ACTING).all(axis=1)
    assert np.array_equal(actions[is_step, 0], acted[:, :3])
    assert np.array_equal(actions[is_step, 1, 0], acted[:, 3])
    write(path, keys={"agent_0": 4, "agent_1": 2}, n_actions=1)
    with pytest.raises(AmbiguousLogError, match="too few to tell"):
        opened(path)


def test_other_observations_beside_the_agents_own_belong_to_the_world(tmp_path):
    write(tmp_path / "log.hdf5", keys={"agent_0": 2, "agent_1": 2, "object": 5}, n_actions=2)
    log = opened(tmp_path / "log.hdf5")
    assert len(log.header.agents) == 2
    assert log.header.field("info/obs_object").shape == (5,)


ROBOT = {"eef_pos": 3, "gripper_qpos": 2, "eye_in_hand_image": (4, 4, 3)}


@pytest.mark.parametrize("robots", [None, ["Panda", "Panda"]])
def test_robots_are_agents_that_observe_their_keys(tmp_path, robots):
    path = tmp_path / "log.hdf5"
    keys = {f"robot{slot}_{key}": width for slot in (0, 1) for key, width in ROBOT.items()}
    seen, acted = write(path, keys=keys | {"object": 4}, n_actions=14, robots=robots)
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["robot0", "robot1"]
    status, actions, observed, positions = columns(log, "actions", "observations", "positions")
    is_step = (status == Status.ACTING).all(axis=1)
    assert np.array_equal(actions[is_step], acted.reshape(-1, 2, 7))
    for slot in (0, 1):
        own = [seen[f"robot{slot}_{key}"] for key in ("eef_pos", "gripper_qpos")]
        assert np.array_equal(observed[:, slot], np.concatenate(own, axis=1))
        assert np.array_equal(positions[is_step, slot], own[0][is_step])
    assert not log.has("info/obs_robot0_eef_pos")
    text = mapping_text(LOADER.propose(probe(path, "log.hdf5"), None))
    (tmp_path / "map.toml").write_text(text.replace('"robot0", "robot1"', '"left", "right"'))
    renamed = opened(path, read_mapping(tmp_path / "map.toml"))
    assert [agent.name for agent in renamed.header.agents] == ["left", "right"]
    assert np.array_equal(columns(renamed, "observations")[1], observed)


def test_one_robot_is_one_agent(tmp_path):
    keys = {f"robot0_{key}": width for key, width in ROBOT.items()} | {"object": 4}
    write(tmp_path / "log.hdf5", keys=keys, n_actions=7, robots=["Panda"])
    log = opened(tmp_path / "log.hdf5")
    assert [agent.name for agent in log.header.agents] == ["robot0"]
    assert log.header.agents[0].action_space.width == 7
    assert "one-agent" in {notice.code for notice in log.header.notices}


def test_columns_without_agents_are_ambiguous(tmp_path):
    write(tmp_path / "log.hdf5", keys={"flat": 6}, n_actions=3)
    with pytest.raises(AmbiguousLogError, match="one agent with 3 action columns") as caught:
        opened(tmp_path / "log.hdf5")
    (tmp_path / "map.toml").write_text(caught.value.mapping)
    log = opened(tmp_path / "log.hdf5", read_mapping(tmp_path / "map.toml"))
    assert log.header.field("observations").shape == (2,)
    assert log.episodes.rows.tolist() == [6, 4, 5]


@pytest.mark.parametrize(
    ("filters", "conditions", "code"),
    [
        ({"train": ["demo_0", "demo_2"], "valid": ["demo_1"]}, ["train", "valid", "train"], "filters-as-conditions"),
        ({"train": ["demo_0", "demo_1"], "small": ["demo_0"]}, [None, None, None], "filters-unused"),
        ({}, [None, None, None], None),
    ],
)
def test_filters_are_conditions_unless_they_share_demonstrations(tmp_path, filters, conditions, code):
    write(tmp_path / "log.hdf5", keys={"agent_0": 2, "agent_1": 2}, n_actions=2, filters=filters)
    log = opened(tmp_path / "log.hdf5")
    assert [log.episodes.condition_name(episode) for episode in range(3)] == conditions
    assert {notice.code for notice in log.header.notices} == ({code} if code else set())


def test_demonstrations_of_another_length_than_they_claim_are_said(tmp_path):
    write(tmp_path / "log.hdf5", keys={"agent_0": 2, "agent_1": 2}, n_actions=2)
    with h5py.File(tmp_path / "log.hdf5", "a") as file:
        file["data/demo_1"].attrs["num_samples"] = 9
    messages = [n.message for n in opened(tmp_path / "log.hdf5").header.notices if n.code == "lengths-differ"]
    assert messages == [
        "1 demonstrations do not have as many steps as their num_samples says, such as demo_1: 3, not 9"
    ]


@pytest.mark.parametrize("told", ["", "[]", "{", '{"env_name": 3, "env_kwargs": []}', '{"env_kwargs": {"robots": 7}}'])
def test_an_environment_that_says_nothing_is_no_environment(tmp_path, told):
    write(tmp_path / "log.hdf5", keys={"agent_0": 2, "agent_1": 2}, n_actions=2)
    with h5py.File(tmp_path / "log.hdf5", "a") as file:
        file["data"].attrs["env_args"] = told
    assert opened(tmp_path / "log.hdf5").header.environment is None


def test_other_files_are_not_robomimics(tmp_path):
    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        file["data/episode_0/actions"] = np.zeros((3, 2))
    seen = probe(tmp_path / "log.hdf5", "log.hdf5")
    assert LOADER.sniff(seen).score == 0
    with pytest.raises(LogFormatError, match="is no log of robomimic"):
        LOADER.open(seen, None)
