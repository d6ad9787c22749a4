"""Declared roles, teams, runs, checkpoints and conditions are found wherever people write them."""

import json
from functools import partial

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import probe
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by

N_ROWS, N_EPISODES = 30, 5
ENDS = np.arange(6, N_ROWS + 1, 6)
NAMES = ("a_0", "a_1", "a_2")
ROLES = ("scout", "guard", "guard")


def write(path, arrays, attributes=None, **of_file):
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value
        for group, own in (attributes or {}).items():
            file.require_group(group).attrs.update(own)
        file.attrs.update(of_file)


opened = partial(opened_by, LOADER)


def flat():
    rng = np.random.default_rng(3)
    return {
        "obs": np.cumsum(rng.normal(size=(N_ROWS, 3, 4)), axis=0),
        "actions": rng.integers(4, size=(N_ROWS, 3)),
        "episode_ends": ENDS,
    }


def by_agent(*, is_by_episode=False):
    columns = {f"{name}/{key}": flat()[key][:, slot] for slot, name in enumerate(NAMES) for key in ("obs", "actions")}
    if not is_by_episode:
        return columns | {"episode_ends": ENDS}
    return {
        f"ep_{episode}/{key}": value[6 * episode : 6 * episode + 6]
        for key, value in columns.items()
        for episode in range(N_EPISODES)
    }


def roles_of(log):
    return tuple(agent.declared_role for agent in log.header.agents)


@pytest.mark.parametrize(
    "written",
    [
        {"roles": list(ROLES)},
        {"declared_roles": list(ROLES)},
        {"agent_roles": json.dumps(list(ROLES))},
        {"role_of": json.dumps(dict(zip(NAMES, ROLES, strict=True)))},
        {"declared": json.dumps({"scout": ["a_0"], "guard": ["a_1", "a_2"]})},
        {"roles": json.dumps({"scout": [0], "guard": [1, 2]})},
    ],
    ids=str,
)
def test_roles_are_found_in_lists_and_tables_of_the_file(path, written):
    write(path, flat(), agents=list(NAMES), **written)
    log = opened(path)
    assert roles_of(log) == ROLES
    assert log.header.roles == ("scout", "guard")
    assert any("declared role of each agent" in sentence for sentence in log.header.inputs[0].assumptions)


def test_roles_of_agents_without_names_go_by_their_place(path):
    write(path, flat() | {"rewards": np.ones(N_ROWS)}, roles=list(ROLES))
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert roles_of(log) == ROLES


@pytest.mark.parametrize(
    ("array", "attributes"),
    [
        (np.array([0, 1, 1]), {"/": {"role_names": ["scout", "guard"]}}),
        (np.array([1, 2, 2]), {"/": {"role_names": ["scout", "guard"]}}),
        (np.array([0, 1, 1]), {"role_ids": {"flag_meanings": "scout guard"}}),
        (np.array([b"scout", b"guard", b"guard"]), {}),
        (np.tile([0, 1, 1], (N_EPISODES, 1)), {"/": {"roles": ["scout", "guard"]}}),
        (np.tile([b"scout", b"guard", b"guard"], (N_EPISODES, 1)), {}),
        (np.tile([0, 1, 1], (N_ROWS, 1)), {"/": {"roles": ["scout", "guard"]}}),
    ],
    ids=["codes", "codes-from-1", "codes-CF", "texts", "codes-per-episode", "texts-per-episode", "codes-per-row"],
)
def test_roles_are_found_in_arrays_of_codes_and_of_texts(path, array, attributes):
    write(path, flat() | {"role_ids": array}, agents=list(NAMES))
    with h5py.File(path, "r+") as file:
        for place, own in attributes.items():
            file[place].attrs.update(own)
    assert roles_of(opened(path)) == ROLES


def test_codes_without_names_and_codes_beyond_them_are_called_by_their_number(path):
    write(path, flat() | {"agent_roles": np.array([0, 1, 1])}, agents=list(NAMES))
    assert roles_of(opened(path)) == ("role_0", "role_1", "role_1")
    write(path, flat() | {"agent_roles": np.array([0, 1, 5])}, agents=list(NAMES), role_names=["scout", "guard"])
    assert roles_of(opened(path)) == ("scout", "guard", "role_5")


def test_roles_that_are_redrawn_per_episode_belong_to_no_agent(path):
    codes = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])
    write(path, flat() | {"roles": codes}, agents=list(NAMES), role_names=["scout", "guard"])
    log = opened(path)
    assert np.array_equal(log.episodes.declared_roles, codes)
    assert set(roles_of(log)) == {None}
    assert not log.header.identities_persist


def test_an_array_of_roles_for_fewer_episodes_is_an_error(path):
    write(path, flat() | {"roles": np.zeros((3, 3), int)}, agents=list(NAMES))
    with pytest.raises(LogFormatError, match="there are more"):
        opened(path)


def test_roles_and_teams_are_found_in_attributes_of_each_agents_group(path):
    own = {name: {"role": role, "team": team} for name, role, team in zip(NAMES, ROLES, ("x", "x", "y"), strict=True)}
    write(path, by_agent(), own)
    log = opened(path)
    assert roles_of(log) == ROLES
    assert [agent.team for agent in log.header.agents] == ["x", "x", "y"]


def test_roles_in_attributes_may_be_redrawn_per_episode(path, tmp_path):
    own = {
        f"ep_{episode}/{name}": {"role": "scout" if slot == episode % 3 else "guard"}
        for episode in range(N_EPISODES)
        for slot, name in enumerate(NAMES)
    }
    write(path, by_agent(is_by_episode=True), own)
    log = opened(path)
    told = [[log.header.roles[code] for code in codes] for codes in log.episodes.declared_roles.tolist()]
    assert told[:2] == [["scout", "guard", "guard"], ["guard", "scout", "guard"]]
    (tmp_path / "map.toml").write_text(mapping_text(LOADER.propose(probe(path, "log.h5"), None)))
    again = opened(path, read_mapping(tmp_path / "map.toml"))
    assert np.array_equal(again.episodes.declared_roles, log.episodes.declared_roles)


@pytest.mark.parametrize(
    ("arrays", "attributes", "teams"),
    [
        ({}, {"teams": ["red", "red", "blue"]}, ["red", "red", "blue"]),
        ({}, {"teams": json.dumps({"red": ["a_0", "a_1"], "blue": ["a_2"]})}, ["red", "red", "blue"]),
        ({}, {"agent_teams": json.dumps({"a_0": "red", "a_1": "red", "a_2": "blue"})}, ["red", "red", "blue"]),
        ({}, {"team_ids": [0, 0, 1]}, ["0", "0", "1"]),
        ({"team": np.array([0, 0, 1])}, {}, ["team_0", "team_0", "team_1"]),
        ({"metadata/teams": np.array([b"red", b"red", b"blue"])}, {}, ["red", "red", "blue"]),
    ],
    ids=["list", "table-of-teams", "table-of-agents", "numbers", "codes", "texts"],
)
def test_teams_are_found(path, arrays, attributes, teams):
    write(path, flat() | arrays, agents=list(NAMES), **attributes)
    assert [agent.team for agent in opened(path).header.agents] == teams


def labels_of(log):
    table = log.episodes
    return [(table.run_name(e), table.checkpoint_label(e), table.condition_name(e)) for e in range(table.n_episodes)]


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"seed": 3}, ("seed_3", None, None)),
        ({"run_id": "abc", "training_step": 1000}, ("abc", "training_step_1000", None)),
        ({"checkpoint": "final", "map_name": "3m"}, ("log.h5", "final", "3m")),
        ({"update": 40, "layout": "[time, env, agent] as written"}, ("log.h5", "update_40", None)),
    ],
    ids=str,
)
def test_attributes_of_the_file_name_its_run_checkpoint_and_condition(path, attributes, told):
    write(path, flat(), agents=list(NAMES), **attributes)
    assert set(labels_of(opened(path))) == {told}


def test_columns_with_an_entry_per_episode_are_checkpoints_runs_and_conditions(path, tmp_path):
    columns = {
        "seed": np.array([1, 1, 0, 0, 0]),
        "checkpoint": np.array([500, 500, 20, 500, 20]),
        "layout": np.array([b"ring", b"cramped", b"ring", b"ring", b"cramped"]),
    }
    write(path, flat() | columns, agents=list(NAMES))
    log = opened(path)
    assert labels_of(log) == [
        ("seed_0", "checkpoint_20", "ring"),
        ("seed_0", "checkpoint_20", "cramped"),
        ("seed_0", "checkpoint_500", "ring"),
        ("seed_1", "checkpoint_500", "ring"),
        ("seed_1", "checkpoint_500", "cramped"),
    ]
    assert log.episodes.number.tolist() == [0, 1, 0, 0, 1]
    assert log.episodes.path == ("/[12:18]", "/[24:30]", "/[18:24]", "/[0:6]", "/[6:12]")
    (block,) = log.blocks(frozenset({"actions"}), max_bytes=1 << 30)
    rows = np.concatenate([np.arange(12, 18), np.arange(24, 30), np.arange(18, 24), np.arange(12)])
    assert np.array_equal(block.columns["actions"][..., 0], flat()["actions"][rows])
    (tmp_path / "map.toml").write_text(mapping_text(LOADER.propose(probe(path, "log.h5"), None)))
    assert labels_of(opened(path, read_mapping(tmp_path / "map.toml"))) == labels_of(log)


def test_roles_per_episode_follow_their_episodes_into_another_order(path):
    codes = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])
    write(path, flat() | {"roles": codes, "checkpoint": np.array([9, 9, 1, 9, 1])}, agents=list(NAMES))
    log = opened(path)
    assert np.array_equal(log.episodes.declared_roles, codes[[2, 4, 0, 1, 3]])


def test_seeds_that_differ_in_every_episode_are_those_of_the_environment(path):
    write(path, flat() | {"seed": np.arange(5)}, agents=list(NAMES))
    assert opened(path).episodes.runs == ("log.h5",)
    seeds = {f"ep_{episode}": {"seed": episode, "layout": "ring"} for episode in range(N_EPISODES)}
    write(path, by_agent(is_by_episode=True), seeds)
    log = opened(path)
    assert log.episodes.runs == ("log.h5",)
    assert log.episodes.conditions == ("ring",)


def test_a_column_per_row_that_stays_in_an_episode_labels_it_and_one_that_counts_on_does_not(path):
    steps = {"checkpoint": np.repeat([1, 1, 1, 2, 2], 6), "training_step": np.arange(N_ROWS)}
    write(path, flat() | steps, agents=list(NAMES))
    log = opened(path)
    assert log.episodes.checkpoints == ("checkpoint_1", "checkpoint_2")
    assert log.episodes.checkpoint.tolist() == [0, 0, 0, 1, 1]


def test_a_column_of_another_length_is_left_out_and_said(path):
    write(path, flat() | {"layout": np.array([b"ring", b"ring", b"ring"])}, agents=list(NAMES))
    log = opened(path)
    assert log.episodes.conditions == ()
    assert "labels" in {notice.code for notice in log.header.notices}


def test_names_roles_and_seeds_may_be_entries_of_a_json_object(path):
    meta = {
        "agents": list(NAMES),
        "roles": dict(zip(NAMES, ROLES, strict=True)),
        "seed": 7,
        "teams": {"x": list(NAMES)},
    }
    write(path, flat(), metadata=json.dumps(meta))
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == list(NAMES)
    assert roles_of(log) == ROLES
    assert {agent.team for agent in log.header.agents} == {"x"}
    assert log.episodes.runs == ("seed_7",)


def test_single_values_in_datasets_are_as_good_as_attributes(path):
    arrays = by_agent(is_by_episode=True)
    for episode, layout in enumerate(("ring", "ring", "cramped", "ring", "cramped")):
        arrays |= {f"ep_{episode}/layout": layout, f"ep_{episode}/{NAMES[0]}/role": "scout"}
        arrays |= {f"ep_{episode}/{name}/role": "guard" for name in NAMES[1:]}
    write(path, arrays | {"seed": 4})
    log = opened(path)
    assert [log.episodes.condition_name(e) for e in range(5)] == ["ring", "ring", "cramped", "ring", "cramped"]
    assert roles_of(log) == ROLES
    assert log.episodes.runs == ("seed_4",)


@pytest.mark.parametrize("key", ["episode_lengths", "lengths", "episode_ends"])
def test_lists_of_episodes_may_be_attributes(path, key, tmp_path):
    arrays = {name: value for name, value in flat().items() if name != "episode_ends"}
    lengths = [4, 10, 6, 6, 4]
    write(path, arrays, agents=list(NAMES), **{key: np.cumsum(lengths) if key == "episode_ends" else lengths})
    assert opened(path).episodes.length.tolist() == lengths
    (tmp_path / "map.toml").write_text(mapping_text(LOADER.propose(probe(path, "log.h5"), None)))
    assert opened(path, read_mapping(tmp_path / "map.toml")).episodes.length.tolist() == lengths


def test_a_length_beside_an_episodes_padded_arrays_counts_its_steps(path):
    arrays = {
        f"ep_{k}/{key}": np.ones((9, 3, 2)[: 3 - (key == "actions")]) for k in (0, 1) for key in ("obs", "actions")
    }
    write(path, arrays, {f"ep_{k}": {"length": length} for k, length in enumerate((9, 4))}, agents=list(NAMES))
    assert opened(path).episodes.length.tolist() == [9, 4]
