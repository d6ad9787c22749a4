"""Minari episodes: T + 1 observations, one entry per agent."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.probe import probe
from convscope.values.header import ActionKind, ActionSpace
from convscope.values.status import EndKind, Status
from convscope_loaders.minari import LOADER
from tests.convscope_loaders.reading import opened_by, whole

GENUINE = Path(__file__).parents[1] / "data" / "minari" / "main_data.hdf5"


def episode(n_steps, *, agents=("a", "b"), widths=(2, 3), seed=0):
    """The datasets of an episode by their paths within it."""
    rng = np.random.default_rng(seed)
    held = {f"observations/{name}": rng.normal(size=(n_steps + 1, w)) for name, w in zip(agents, widths, strict=True)}
    held |= {f"actions/{name}": rng.integers(0, 4, n_steps) for name in agents}
    held |= {"rewards": rng.normal(size=n_steps)}
    held |= {"terminations": np.zeros(n_steps, bool), "truncations": np.arange(n_steps) == n_steps - 1}
    return held


def saved(tmp_path, episodes, metadata=None, options=None):
    path = tmp_path / "main_data.hdf5"
    with h5py.File(path, "w") as file:
        for number, held in episodes.items():
            for name, array in held.items():
                file[f"episode_{number}/{name}"] = array
            file[f"episode_{number}"].attrs.update({"id": number, **(options or {}).get(number, {})})
    if metadata is not None:
        (tmp_path / "metadata.json").write_text(metadata)
    return opened(path)


opened = partial(opened_by, LOADER, score=0.9)


def test_a_genuine_file_is_read():
    log = opened(GENUINE)
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert {agent.action_space for agent in log.header.agents} == {ActionSpace(kind=ActionKind.DISCRETE, n=(5,))}
    assert {agent.group for agent in log.header.agents} == {"agent"}
    assert log.header.environment == "mpe/spread/random-hdf5-v0"
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([12] * 4, [13] * 4)
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 4
    assert log.episodes.conditions == ("random",)
    block = whole(log)
    is_final = block.time_of_row == 12
    assert (block.status[is_final] == Status.WAITING).all()
    assert (block.status[~is_final] == Status.ACTING).all()
    with h5py.File(GENUINE) as file:
        for slot in range(3):
            held = [file[f"episode_{e}"] for e in range(4)]
            observations = np.concatenate([h[f"observations/agent_{slot}"][:] for h in held])
            np.testing.assert_array_equal(block.columns["observations"][:, slot], observations)
            actions = np.concatenate([h[f"actions/agent_{slot}"][:] for h in held])
            np.testing.assert_array_equal(block.columns["actions"][~is_final, slot, 0], actions)
    # The team's reward is the sum of the agents' own, which stand in the infos one row later.
    own = block.columns["rewards"][~is_final].sum(axis=1)
    np.testing.assert_allclose(own, block.columns["team_rewards"][~is_final], atol=1e-6)
    assert np.isnan(block.columns["rewards"][is_final]).all()
    assert any("infos/agent_reward" in sentence for sentence in log.header.inputs[0].assumptions)


def test_without_metadata_action_spaces_come_from_the_actions_and_that_is_said(tmp_path):
    shutil.copy(GENUINE, tmp_path / "main_data.hdf5")
    log = opened(tmp_path / "main_data.hdf5")
    assert {agent.action_space.n for agent in log.header.agents} == {(5,)}
    assert log.header.environment is None
    assert any("no metadata.json" in sentence for sentence in log.header.inputs[0].assumptions)


def test_a_tuple_space_names_nobody(tmp_path):
    log = saved(tmp_path, {0: episode(3, agents=("_index_0", "_index_1"))})
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert any("Tuple" in sentence for sentence in log.header.inputs[0].assumptions)


def test_agents_of_different_spaces_are_padded_and_grouped(tmp_path):
    log = saved(tmp_path, {0: episode(3, agents=("speaker_0", "listener_0"), widths=(5, 2))})
    assert log.header.field("observations").widths == (2, 5)  # entries are in numbered order: listener, speaker
    assert [agent.group for agent in log.header.agents] == ["listener", "speaker"]
    assert np.isnan(whole(log).columns["observations"][:, 0, 2:]).all()
    assert np.isfinite(whole(log).columns["observations"][:, 1]).all()


def test_an_agent_may_observe_nothing(tmp_path):
    log = saved(tmp_path, {0: episode(3, widths=(2, 0)), 1: episode(4, widths=(2, 0))})
    assert log.header.field("observations").widths == (2, 0)
    observed = whole(log).columns["observations"]
    assert (np.isfinite(observed[:, 0]).all(), np.isnan(observed[:, 1]).all()) == (True, True)


def test_episodes_are_in_numbered_order_and_empty_ones_left_out(tmp_path):
    log = saved(tmp_path, {number: episode(n, seed=number) for number, n in [(10, 2), (9, 3), (2, 0), (1, 4)]})
    assert log.episodes.path == ("/episode_1", "/episode_9", "/episode_10")
    assert log.episodes.length.tolist() == [4, 3, 2]
    assert [(notice.code, notice.where) for notice in log.header.notices] == [("empty-episodes", "/episode_2")]
    fields = frozenset({"observations"})
    pieces = [piece.columns["observations"] for piece in log.blocks(fields, max_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole(log).columns["observations"])


def test_observations_may_be_dictionaries_with_a_mask_inside(tmp_path):
    held = {name: array for name, array in episode(3).items() if not name.startswith("observations")}
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        held[f"observations/{name}/action_mask"] = np.ones((4, 4), np.int8)
        held[f"observations/{name}/image"] = rng.normal(size=(4, 2, 2))
        held[f"observations/{name}/own"] = rng.normal(size=(4, 1))
    log = saved(tmp_path, {0: held})
    block = whole(log)
    assert block.columns["action_masks"].shape == (4, 2, 4)
    np.testing.assert_array_equal(block.columns["observations"][:, 0, :4], held["observations/a/image"].reshape(4, 4))
    np.testing.assert_array_equal(block.columns["observations"][:, 0, 4:], held["observations/a/own"])


def test_infos_become_fields_of_agents_or_of_the_team(tmp_path):
    held = episode(3) | {
        "infos/health/a": np.arange(4.0),
        "infos/health/b": np.arange(4.0),
        "infos/score": np.arange(4.0),
        "infos/goal/x": np.ones((4, 2)),
        "infos/words": np.array([b"w"] * 4),
    }
    log = saved(tmp_path, {0: held})
    found = {(f.name, f.level.value, f.shape) for f in log.header.fields if f.name.startswith("info/")}
    assert found == {
        ("info/health", "agent", ()),
        ("info/score", "team", ()),
        ("info/goal/x", "team", (2,)),
    }
    assert [n.where for n in log.header.notices] == ["infos/words"]
    np.testing.assert_array_equal(whole(log).columns["info/health"], np.arange(4.0)[:, None] * [1, 1])


@pytest.mark.parametrize(
    ("terminated", "truncated", "end"),
    [
        (True, False, EndKind.TERMINATED),
        (False, True, EndKind.TRUNCATED),
        (True, True, EndKind.AMBIGUOUS),
        (False, False, EndKind.CUT),
    ],
)
def test_the_last_flags_say_how_an_episode_ends(tmp_path, terminated, truncated, end):
    flags = {"terminations": np.array([False, terminated]), "truncations": np.array([False, truncated])}
    assert saved(tmp_path, {0: episode(2) | flags}).episodes.end.tolist() == [end]


def test_an_agent_that_an_episode_lacks_is_absent_there(tmp_path):
    alone = {name: array for name, array in episode(2).items() if not name.endswith("/b")}
    block = whole(saved(tmp_path, {0: episode(2), 1: alone}))
    assert (block.status[block.episode_of_row == 1, 1] == Status.ABSENT).all()
    assert np.isnan(block.columns["observations"][block.episode_of_row == 1, 1]).all()


def test_as_many_observations_as_actions_leave_no_final_row(tmp_path):
    held = {n: array[:3] if n.startswith("observations") else array for n, array in episode(3).items()}
    log = saved(tmp_path, {0: held})
    assert log.episodes.rows.tolist() == [3]
    assert (whole(log).status == Status.ACTING).all()


def test_spaces_of_the_metadata_count(tmp_path):
    space = {
        "type": "Dict",
        "subspaces": {"a": {"type": "Discrete", "n": 9, "start": 0}, "b": {"type": "Box", "shape": [7]}},
    }
    metadata = json.dumps({"action_space": json.dumps(space), "env_spec": json.dumps({"id": "Team-v0"})})
    log = saved(tmp_path, {0: episode(3)}, metadata)
    # A Box of 7 does not fit one column of whole numbers, so what the data say counts for b.
    assert [agent.action_space.kind for agent in log.header.agents] == ["discrete", "discrete"]
    assert log.header.agents[0].action_space.n == (9,)
    assert log.header.environment == "Team-v0"


@pytest.mark.parametrize("metadata", ["", "[]", "{", '{"action_space": 3}', "[" * 100000, '{"action_space": "[[["}'])
def test_broken_metadata_does_no_harm(tmp_path, metadata):
    assert saved(tmp_path, {0: episode(3)}, metadata).header.environment is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions/a": None, "actions/b": None, "actions": np.zeros(3, int)}, "nothing tells the agents apart"),
        ({"actions/c": np.zeros(3, int)}, "are no agents"),
        ({"actions/a": np.zeros(2, int)}, "/episode_0/actions/a has 2 rows for 3 steps"),
        ({"observations/a": np.zeros((6, 2))}, "/episode_0/observations/a has 6 rows for 3 steps"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(tmp_path, change, words):
    held = {name: array for name, array in (episode(3) | change).items() if array is not None}
    with pytest.raises(LogFormatError, match=words):
        saved(tmp_path, {0: held})


def test_rows_of_another_width_are_an_error(tmp_path):
    with pytest.raises(LogFormatError, match="unlike the other episodes"):
        saved(tmp_path, {0: episode(3), 1: episode(3, widths=(4, 3))})


def test_other_files_are_not_ours(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["episode_0/obs"] = np.zeros(3)
    found = probe(tmp_path / "x.h5", "x.h5")
    assert LOADER.sniff(found).score == 0
    with pytest.raises(LogFormatError, match="no Minari dataset"):
        LOADER.open(found, None)


def stating(**entries):
    return json.dumps({"action_space": json.dumps({"type": "Dict", "subspaces": entries})})


def discrete(n):
    return {"type": "Discrete", "n": n, "start": 0}


def test_the_metadata_beside_the_file_are_part_of_its_digest(tmp_path):
    logs = []
    for n in (5, 50):
        (tmp_path / str(n)).mkdir()
        logs.append(saved(tmp_path / str(n), {0: episode(3)}, stating(a=discrete(n), b=discrete(n))))
    first, second = (log.header.inputs[0] for log in logs)
    assert (first.companions, first.sha256 != second.sha256) == (("metadata.json",), True)
    folder = tmp_path / "5"
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("main_data.hdf5", "metadata.json")]
    lines = f"{digests[0]}  main_data.hdf5\n{digests[1]}  metadata.json\n"
    assert first.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert first.n_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_stated_spaces_that_the_actions_contradict_are_said_and_do_not_count(tmp_path):
    held = episode(30)
    held["actions/c"], held["observations/c"] = np.linspace(0, 1, 30), np.zeros((31, 2))
    log = saved(tmp_path, {0: held}, stating(a=discrete(2), b={"type": "Box", "shape": [7]}, c=discrete(3)))
    assert [agent.action_space.n for agent in log.header.agents] == [(4,), (4,), ()]
    assert [(notice.where, notice.message) for notice in log.header.notices if notice.code == "other-space"] == [
        (f"actions/{name}", f"metadata.json states {stated}, and the actions are {found}: what they are counts")
        for name, stated, found in (
            ("a", "discrete actions (2)", "discrete actions (4)"),
            ("b", "continuous actions of 7 numbers", "discrete actions (4)"),
            ("c", "discrete actions (3)", "continuous actions of 1 number"),
        )
    ]


@pytest.mark.parametrize(
    "space",
    [
        discrete(-3),
        discrete(1e30),
        {"type": "MultiDiscrete", "nvec": [-5]},
        {"type": "MultiDiscrete", "nvec": [2**62] * 3},
        {"type": "Box", "shape": [-2]},
    ],
)
def test_a_stated_space_that_cannot_be_is_refused_with_its_place(tmp_path, space):
    with pytest.raises(LogFormatError, match=r"metadata\.json:action_space/a states an action space that cannot be"):
        saved(tmp_path, {0: episode(3)}, stating(a=space, b=discrete(5)))
