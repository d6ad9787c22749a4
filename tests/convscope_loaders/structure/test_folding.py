"""Agents and environments of one axis come apart, whichever comes first and wherever the axis is."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import MappingError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.parsed import MemoryReader
from convscope.ingest.probe import probe
from convscope_loaders.numpy_files import LOADER
from convscope_loaders.structure.folding import UnfoldedView

FIELDS = frozenset({"actions", "observations"})
NAMES = '[agents]\nnames = ["a", "b", "c"]\n'


def toml(path, *, axis, agents=NAMES, cut="flags"):
    text = f"""convscope-mapping = 1
{agents}
[episodes]
cut = "{cut}"
list = {{ path = "/over", axes = ["time", "episode"] }}
[fields.observations]
path = "/o"
axes = ["time", "{axis}", "value"]
[fields.actions]
path = "/u"
axes = ["time", "{axis}"]
"""
    path.write_text(text)
    return read_mapping(path)


def arrays(n_steps, n_envs, *, is_agent_first):
    """Observations say time, environment and agent."""
    at, env, agent = np.meshgrid(np.arange(n_steps), np.arange(n_envs), np.arange(3), indexing="ij")
    observed = np.stack([at, env, agent], axis=-1).astype(float)
    if is_agent_first:
        observed = observed.swapaxes(1, 2)
    folded = observed.reshape(n_steps, 3 * n_envs, 3)
    over = np.zeros((n_steps, n_envs), bool)
    over[1::4, 0] = True
    over[-1] = True
    return {"o": folded, "u": folded[..., 2].astype(int) * 2, "over": over}


@given(st.integers(4, 9), st.integers(1, 5), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_every_row_finds_its_environment_and_agent(tmp_path_factory, n_steps, n_envs, is_agent_first, has_names):
    folder = tmp_path_factory.mktemp("folded")
    np.savez(folder / "log.npz", **arrays(n_steps, n_envs, is_agent_first=is_agent_first))
    axis = "agent-env" if is_agent_first else "env-agent"
    mapping = toml(folder / "m.toml", axis=axis, agents=NAMES if has_names else "")
    log = LOADER.open(probe(folder / "log.npz", "log"), mapping)
    assert int(log.episodes.length.sum()) == n_steps * n_envs
    (block,) = pickle.loads(pickle.dumps(log)).blocks(FIELDS)  # noqa: S301
    observed = block.columns["observations"]
    assert (observed[..., 2] == np.arange(3)).all()
    assert (observed[..., 1] == observed[:, :1, 1]).all()
    starts = np.cumsum([0, *log.episodes.length[:-1]])
    for start, length in zip(starts, log.episodes.length, strict=True):
        at = observed[start : start + length, 0, 0]
        assert (np.diff(at) == 1).all()
        assert len(set(observed[start : start + length, 0, 1])) == 1
    np.testing.assert_array_equal(block.columns["actions"][..., 0], 2 * observed[..., 2])


@given(st.integers(0, 2), st.booleans(), st.data())
def test_rows_of_a_view_are_rows_of_the_whole(at, is_agent_first, data):
    shape = [4, 4, 4]
    shape[at] = 6
    array = np.arange(96.0).reshape(shape)
    own = ArrayInfo(path="/x", shape=array.shape, dtype="<f8")
    file = MemoryReader({"/x": array}, "log")
    view = UnfoldedView(own=own, at=at, n_agents=2, is_agent_first=is_agent_first)
    whole = view.rows(file, 0, view.info.shape[0])
    assert whole.shape == view.info.shape
    start = data.draw(st.integers(0, 3))
    stop = data.draw(st.integers(start, 3))
    np.testing.assert_array_equal(view.rows(file, start, stop), whole[start:stop])
    entry, agent = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 1))
    place = agent * 3 + entry if is_agent_first else entry * 2 + agent
    np.testing.assert_array_equal(whole.take(entry, axis=at).take(agent, axis=at), array.take(place, axis=at))


def test_a_proposal_is_written_as_the_file_has_it(tmp_path):
    np.savez(tmp_path / "log.npz", **arrays(6, 2, is_agent_first=True), rewards=np.ones((6, 2)))
    mapping = toml(tmp_path / "m.toml", axis="agent-env")
    proposed = LOADER.propose(probe(tmp_path / "log.npz", "log"), mapping)
    (tmp_path / "again.toml").write_text(mapping_text(proposed))
    assert 'axes = ["time", "agent-env", "value"]' in (tmp_path / "again.toml").read_text()
    log = LOADER.open(probe(tmp_path / "log.npz", "log"), read_mapping(tmp_path / "again.toml"))
    assert log.has("team_rewards")


def test_an_axis_of_unknown_or_unfitting_agents_is_an_error_that_says_so(tmp_path):
    np.savez(tmp_path / "log.npz", **arrays(6, 2, is_agent_first=True))
    found = probe(tmp_path / "log.npz", "log")
    four = '[agents]\nnames = ["a", "b", "c", "d"]\n'
    with pytest.raises(MappingError, match=r"m\.toml: /o \(6, 6, 3\) does not hold 4 agents"):
        LOADER.open(found, toml(tmp_path / "m.toml", axis="agent-env", agents=four))
    text = 'convscope-mapping = 1\n[fields.actions]\npath = "/u"\naxes = ["time", "agent-env"]\n'
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(MappingError, match="name the agents"):
        LOADER.open(found, read_mapping(tmp_path / "m.toml"))
