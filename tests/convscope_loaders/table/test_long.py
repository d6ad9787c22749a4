"""Columns that are arrays of an archive or of an HDF5 file are read as the table that they are."""

import h5py
import numpy as np
import pytest

from convscope.errors import ConvscopeError, MappingError
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

N_EPISODES, N_STEPS, N_AGENTS = 3, 5, 2
EPISODE, TIME, AGENT = (axis.ravel() for axis in np.indices((N_EPISODES, N_STEPS, N_AGENTS)))
RNG = np.random.default_rng(3)
COLUMNS = {
    "episode": EPISODE,
    "t": TIME,
    "agent_id": AGENT,
    "action": RNG.integers(4, size=AGENT.size),
    "reward": RNG.normal(size=AGENT.size),
    "obs": RNG.normal(size=(AGENT.size, 3)),
}
NAMES = np.array(["scout", "healer"])[AGENT]
MAPPING = """convscope-mapping = 1

[table]
agent = "who"
episode = ["nr"]
time = "when"
[table.fields.actions]
columns = ["did"]
"""


def npz(path, columns):
    np.savez(path.with_suffix(".npz"), **columns)
    return path.with_suffix(".npz")


def hdf5(path, columns):
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, column in columns.items():
            file[f"steps/{name}"] = column.astype("S8") if column.dtype.kind == "U" else column
    return path.with_suffix(".h5")


def d4rl(path, columns):
    names = {"obs": "observations", "action": "actions", "reward": "rewards"}
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, column in columns.items():
            file[names.get(name, name)] = column.astype("S8") if column.dtype.kind == "U" else column
        file["terminals"] = columns["t"] == N_STEPS - 1
    return path.with_suffix(".h5")


def opened(path, text=None):
    if text is None:
        return open_logs([path])
    (path.parent / "map.toml").write_text(text)
    return open_logs([path], mapping=read_mapping(path.parent / "map.toml"))


@pytest.mark.parametrize("write", [npz, hdf5, d4rl])
def test_rows_that_name_their_agents_are_read_as_a_table(tmp_path, write):
    shuffled = np.random.default_rng(1).permutation(AGENT.size)
    log = opened(write(tmp_path / "log", {name: column[shuffled] for name, column in COLUMNS.items()}))
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert log.episodes.n_episodes == N_EPISODES
    (block,) = log.blocks(frozenset({"actions", "rewards", "observations"}))
    for field, column in (("actions", "action"), ("rewards", "reward"), ("observations", "obs")):
        # Episodes come as the rows do.
        numbers = np.unique(COLUMNS["episode"][shuffled], return_index=True)
        order = numbers[0][np.argsort(numbers[1])]
        told = COLUMNS[column].reshape(N_EPISODES, N_STEPS, N_AGENTS, -1)[order]
        assert np.allclose(block.columns[field].reshape(told.shape), told)


@pytest.mark.parametrize("write", [npz, hdf5])
def test_texts_name_the_agents(tmp_path, write):
    log = opened(write(tmp_path / "log", {**COLUMNS, "agent_id": NAMES}))
    assert [agent.name for agent in log.header.agents] == ["healer", "scout"]


def test_the_proposed_mapping_reads_the_file(tmp_path):
    path = hdf5(tmp_path / "log", COLUMNS)
    (seen,) = inspect_logs([path])
    assert 'path = "/steps"' in seen.mapping
    assert opened(path, seen.mapping).episodes.length.tolist() == [N_STEPS] * N_EPISODES


def test_columns_of_any_name_are_read_by_a_mapping(tmp_path):
    names = {"agent_id": "who", "episode": "nr", "t": "when", "action": "did"}
    path = npz(tmp_path / "log", {names.get(name, name): column for name, column in COLUMNS.items()})
    log = opened(path, MAPPING)
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N_AGENTS, [N_STEPS] * N_EPISODES)


@pytest.mark.parametrize("write", [npz, hdf5])
def test_a_table_that_is_declared_for_arrays_on_a_grid_is_an_error_with_its_line(tmp_path, write):
    grid = {"obs": RNG.normal(size=(3, 6, 2, 4)), "actions": RNG.integers(3, size=(3, 6, 2))}
    path = write(tmp_path / "log", grid)
    with pytest.raises(MappingError, match=r"^map.toml:3: \[table\] .*\[fields.actions\]"):
        opened(path, MAPPING)


def test_as_many_agents_as_timesteps_are_no_columns(tmp_path):
    grid = {"obs": RNG.normal(size=(3, 3, 4)), "actions": RNG.integers(3, size=(3, 3)), "agent_ids": np.arange(3)}
    path = npz(tmp_path / "log", {**grid, "t": np.arange(3)})
    try:
        log = opened(path)
    except ConvscopeError:
        return
    assert log.episodes.length.tolist() == [3]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"time = ": 'time = "reward"'}, "map.toml:6: the column reward holds fractions and is called as a reward"),
        ({"episode = ": 'episode = ["agent_id"]'}, "map.toml:5: the column 'agent_id' is named for two things"),
        ({"columns = ": 'columns = ["deed"]'}, "map.toml:8: .* has no column 'deed'"),
    ],
)
def test_columns_that_cannot_be_what_a_mapping_says_are_errors_with_their_lines(tmp_path, wrong, said):
    names = {"who": "agent_id", "nr": "episode", "when": "t", "did": "action"}
    text = MAPPING
    for odd, name in names.items():
        text = text.replace(f'"{odd}"', f'"{name}"')
    lines = [next((new for start, new in wrong.items() if line.startswith(start)), line) for line in text.splitlines()]
    with pytest.raises(MappingError, match=f"^{said}"):
        opened(npz(tmp_path / "log", COLUMNS), "\n".join(lines))
