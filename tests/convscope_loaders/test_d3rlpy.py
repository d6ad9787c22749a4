"""d3rlpy data sets of both versions: episodes by number, ends by their flags, joint columns never guessed."""

from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope.values.status import EndKind
from convscope_loaders.d3rlpy import LOADER
from tests.convscope_loaders.reading import column, mapped, opened_by

DATA = Path(__file__).parents[1] / "data" / "d3rlpy"
SOURCE = Path(__file__).parents[1] / "data" / "flat_hdf5" / "d4rl_joint.hdf5"
LENGTHS = [30, 29, 3, 7, 30]


opened = partial(opened_by, LOADER)


@pytest.fixture
def source():
    """Return the arrays that d3rlpy's writer was given."""
    with h5py.File(SOURCE) as file:
        return {name: file[name][...] for name in ("observations", "actions", "rewards", "terminals")}


@pytest.mark.parametrize("name", ["joint.h5", "tuple.h5"])
def test_a_teams_columns_are_ambiguous_and_the_mapping_in_the_error_reads_them(tmp_path, source, name):
    seen = probe(DATA / name, name)
    assert choose(seen, [found.loader for found in installed_loaders()[0]]).loader.name == "d3rlpy"
    with pytest.raises(AmbiguousLogError, match=r"can be read in \d ways") as caught:
        LOADER.open(seen, None)
    log = opened(DATA / name, mapped(tmp_path, caught.value.mapping))
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert log.episodes.length.tolist() == LENGTHS == log.episodes.rows.tolist()
    ended = source["terminals"][np.cumsum(LENGTHS) - 1]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED if over else EndKind.UNKNOWN for over in ended]
    assert log.episodes.path[2] == "/actions_2"
    assert np.array_equal(column(log, "actions")[..., 0], source["actions"])
    assert np.array_equal(column(log, "observations"), source["observations"].reshape(99, 3, 12))
    assert np.array_equal(column(log, "team_rewards"), source["rewards"])
    assert log.header.framework == "d3rlpy"
    assert log.header.notices == ()


def test_agents_of_a_tuple_take_the_names_of_the_mapping(tmp_path):
    text = 'convscope-mapping = 1\n[agents]\nnames = ["left", "mid", "right"]\n'
    log = opened(DATA / "tuple.h5", mapped(tmp_path, text))
    assert [agent.name for agent in log.header.agents] == ["left", "mid", "right"]
    assert column(log, "observations").shape == (99, 3, 12)


def test_one_name_reads_a_tuple_as_one_agents_parts(tmp_path, source):
    log = opened(DATA / "tuple.h5", mapped(tmp_path, 'convscope-mapping = 1\n[agents]\nnames = ["robot"]\n'))
    assert column(log, "actions").shape == (99, 1, 3)
    assert np.array_equal(column(log, "info/observations_1"), source["observations"][:, 12:24])


def test_one_column_of_actions_is_one_agents(source):
    log = opened(DATA / "single.h5")
    assert [agent.name for agent in log.header.agents] == ["agent_0"]
    assert np.array_equal(column(log, "actions").ravel(), source["actions"][:, 0])
    assert "one-agent" in {notice.code for notice in log.header.notices}


def numbered(path, lengths, **more):
    with h5py.File(path, "w") as file:
        file["columns"] = ["observations", "actions", "rewards", "terminated", *more]
        file["num_episodes"], file["version"] = len(lengths), "2.1"
        for number, n in enumerate(lengths):
            file[f"observations_{number}"], file[f"actions_{number}"] = np.ones((n, 4)), np.zeros((n, 2))
            file[f"rewards_{number}"], file[f"terminated_{number}"] = np.ones((n, 2)), number % 2 == 0
            for name, width in more.items():
                file[f"{name}_{number}"] = np.full((n, width), number)
    return path


NAMES = 'convscope-mapping = 1\n[agents]\nnames = ["left", "right"]\n'


def test_episodes_are_in_the_order_of_their_numbers_and_further_columns_are_kept(tmp_path):
    log = opened(numbered(tmp_path / "log.h5", [1 + k % 3 for k in range(12)], masks=3), mapped(tmp_path, NAMES))
    assert log.episodes.length.tolist() == [1 + k % 3 for k in range(12)]
    assert column(log, "info/masks")[-1].tolist() == [11, 11, 11]
    assert log.header.field("rewards").level is Level.AGENT
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.UNKNOWN] * 6


def test_episodes_that_are_counted_but_not_there_are_said(tmp_path):
    path = numbered(tmp_path / "log.h5", [2, 3, 4])
    with h5py.File(path, "a") as file:
        del file["actions_2"]
    log = opened(path, mapped(tmp_path, NAMES))
    assert log.episodes.length.tolist() == [2, 3]
    messages = {notice.code: notice.message for notice in log.header.notices}
    assert messages["episodes-missing"] == "the file counts 3 episodes, but holds the actions of 2"


def test_version_1_is_cut_at_the_end_of_episodes_not_only_of_tasks(tmp_path):
    rows = np.arange(12)
    arrays = {
        "observations": np.ones((12, 4)),
        "actions": np.zeros((12, 1)),
        "rewards": np.ones(12),
        "terminals": rows == 4,
        "episode_terminals": np.isin(rows, [4, 7]),
    }
    with h5py.File(tmp_path / "log.h5", "w") as file:
        for name, value in arrays.items():
            file[name] = value
    seen = probe(tmp_path / "log.h5", "log.h5")
    assert choose(seen, [found.loader for found in installed_loaders()[0]]).loader.name == "d3rlpy"
    log = LOADER.open(seen, None)
    assert log.episodes.length.tolist() == [5, 3, 4]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.UNKNOWN, EndKind.CUT]


def test_other_files_are_not_d3rlpys(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["actions_0"] = np.zeros((3, 2))
    assert LOADER.sniff(probe(tmp_path / "log.h5", "log.h5")).score == 0
    with pytest.raises(LogFormatError, match="is no log of d3rlpy"):
        opened(tmp_path / "log.h5")
