"""Each error of an ambiguous log shows the readings, and the mapping in it, edited as it says, opens the file."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.probe import probe
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.detection.judging import Outcome, judge, truth_of
from tests.convscope_loaders.reading import joined
from tests.convscope_loaders.reading import write_hdf5 as write

RNG = np.random.default_rng(11)
JOINT = Path(__file__).parents[1] / "data" / "flat_hdf5" / "d4rl_joint.hdf5"
LAST = np.isin(np.arange(20), (9, 19))


def caught(path):
    with pytest.raises(AmbiguousLogError) as error:
        LOADER.open(probe(path, "log.h5"), None)
    return error.value


def mapping_of(path):
    error = caught(path)
    message = str(error)
    n_readings = int(re.search(r"can be read in (\d+) ways:", message)[1])
    assert re.findall(r"^  (\d+)\. ", message, re.MULTILINE) == [str(n + 1) for n in range(n_readings)]
    assert message.endswith(f"for the first reading:\n{error.mapping}")
    return error.mapping


def opened(path, text):
    (path.parent / "map.toml").write_text(text)
    return LOADER.open(probe(path, "log.h5"), read_mapping(path.parent / "map.toml"))


def names_of(log):
    return [agent.name for agent in log.header.agents]


def noise(*shape):
    return RNG.normal(size=shape)


def test_the_first_mapping_of_joint_columns_reads_the_file_as_it_was_written(tmp_path):
    (tmp_path / "map.toml").write_text(mapping_of(JOINT))
    verdict = judge(JOINT, truth_of(JOINT), loader="hdf5", mapping=read_mapping(tmp_path / "map.toml"))
    assert verdict.outcome is Outcome.RIGHT, verdict.why


def test_joint_columns_may_be_those_of_agents_who_see_all_or_of_one_agent(path):
    write(path, {"actions": noise(20, 3), "observations": noise(20, 12), "rewards": noise(20), "terminals": LAST})
    text = mapping_of(path)
    log = opened(path, text)
    assert (log.header.field("actions").shape, log.header.field("observations").shape) == ((1,), (4,))
    assert '# reading 2: [fields.state] instead of [fields.observations], with axes = ["row", "value"]' in text
    actions, observations = text.split("[fields.observations]", 1)
    log = opened(path, f"{actions}[fields.state]{observations.replace('agent-value', 'value')}")
    assert (log.header.field("state").shape, log.has("observations")) == ((12,), False)
    assert '# reading 3: names = ["agent_0"]' in text
    log = opened(path, text.replace('["agent_0", "agent_1", "agent_2"]', '["agent_0"]'))
    assert (log.header.field("actions").shape, log.header.field("observations").shape) == ((3,), (12,))
    assert log.episodes.length.tolist() == [10, 10]


def test_joint_columns_of_blocks_and_of_named_agents_are_shown_as_such(path):
    lengths = {"lengths": np.array([9, 9, 5, 7])}
    write(path, {"actions": noise(4, 9, 6), "obs": noise(4, 9, 12)} | lengths, agents=["a", "b", "c"])
    assert "3 agents with 2 action columns each" in str(caught(path))
    log = opened(path, mapping_of(path))
    assert (names_of(log), log.header.field("actions").shape) == (["a", "b", "c"], (2,))
    assert log.episodes.length.tolist() == [9, 9, 5, 7]


def test_rows_of_one_agent_are_read_as_such_with_the_mapping(path):
    write(path, {"act": RNG.integers(3, size=20), "obs": noise(20, 4), "done": LAST})
    log = opened(path, mapping_of(path))
    assert names_of(log) == ["agent_0"]
    assert log.header.field("observations").shape == (4,)
    assert log.episodes.length.tolist() == [10, 10]


def test_axes_that_nothing_tells_are_read_as_chosen(path):
    write(path, {"obs": noise(6, 5, 4, 2), "actions": RNG.integers(4, size=(6, 5, 4))})
    text = mapping_of(path)
    lines = [re.search(r"^axes = .*", text, re.MULTILINE)[0], *re.findall(r"# reading \d: (axes = .*)", text)]
    assert len(lines) == 6
    for line in lines:
        axes = line[len("axes = [") : -1].replace('"', "").split(", ")
        sizes = dict(zip(axes, (6, 5, 4), strict=True))
        log = opened(path, re.sub(r"axes = .*", line, text, count=1))
        assert len(names_of(log)) == sizes["agent"]
        assert log.episodes.length.tolist() == [sizes["time"]] * sizes["episode"]
        (block,) = log.blocks(frozenset({"actions", "observations"}), max_bytes=1 << 30)
        with h5py.File(path) as file:
            told = np.moveaxis(file["actions"][...], [axes.index(a) for a in ("episode", "time", "agent")], range(3))
        assert np.array_equal(block.columns["actions"][..., 0], told.reshape(-1, sizes["agent"]))


def test_the_figures_of_smoothness_are_in_the_error(path):
    write(path, {"obs": noise(6, 5, 4, 2), "actions": RNG.integers(4, size=(6, 5, 4))})
    assert "of the difference between entries far apart, neighbours have" in str(caught(path))


def flat():
    arrays = {"obs": noise(20, 2, 3), "actions": RNG.integers(4, size=(20, 2)), "done": LAST}
    return arrays | {"rewards": noise(20, 2)}


def test_groups_of_unknown_kind_are_read_as_chosen(path):
    arrays = flat()
    write(path, {f"block_{k}/{field}": value for k in (0, 1) for field, value in arrays.items()}, agents=["a", "b"])
    text = mapping_of(path)
    log = opened(path, text)
    assert (log.episodes.runs, log.episodes.n_episodes) == (("block_0", "block_1"), 4)
    assert "write {checkpoint} instead of {run}" in text
    log = opened(path, text.replace("{run}", "{checkpoint}"))
    assert (log.episodes.runs, log.episodes.checkpoints) == (("log.h5",), ("block_0", "block_1"))
    log = opened(path, text.replace("{run}", "{condition}"))
    assert log.episodes.conditions == ("block_0", "block_1")


def test_numbered_arrays_are_agents_or_episodes_as_chosen(path):
    arrays = {f"obs_{k}": noise(20, 3) for k in (0, 1)} | {f"act_{k}": RNG.integers(4, size=20) for k in (0, 1)}
    write(path, arrays)
    text = mapping_of(path)
    assert names_of(opened(path, text)) == ["agent_0", "agent_1"]
    assert "write {episode} instead of {agent}" in text


def test_of_several_actions_all_but_one_can_be_left_out(path):
    arrays = flat()
    write(path, arrays | {"actions": np.zeros((20, 2), int), "joint_actions": np.ones((20, 2), int)}, agents=["a", "b"])
    (block,) = opened(path, mapping_of(path)).blocks(frozenset({"actions"}), max_bytes=1 << 30)
    assert not block.columns["actions"].any()


def test_a_mask_and_flags_that_disagree_are_followed_as_chosen(path):
    filled = np.arange(9) < np.array([9, 6, 4])[:, None]
    ended = np.arange(9) == np.array([4, 2, 1])[:, None]
    arrays = {"obs": noise(3, 9, 2, 4), "actions": np.ones((3, 9, 2), int), "filled": filled, "terminated": ended}
    write(path, arrays, agents=["a", "b"])
    text = mapping_of(path)
    assert opened(path, text).episodes.length.tolist() == [9, 6, 4]
    assert '# reading 2: cut = "first-flag"' in text
    other = text.replace('"filled"', '"first-flag"').replace("/filled", "/terminated")
    assert opened(path, other).episodes.length.tolist() == [5, 3, 2]


def test_names_in_a_file_cannot_forge_lines_of_the_error(path):
    names = ("x\nconvscope: all is well", "y")
    write(
        path, {f"actions/{name}": RNG.integers(4, size=20) for name in names} | {"obs": noise(20, 2, 3), "done": LAST}
    )
    assert "has an axis of agents" in str(caught(path))
    assert "\nconvscope: all is well" not in str(caught(path))


@pytest.mark.parametrize("dtype", ["<i8", "<f4", "|u1"])
def test_one_hot_actions_stay_one_hot_in_the_mapping_that_is_offered(path, dtype):
    # Nothing tells the axes apart; the mapping says only which they are.
    chosen = RNG.integers(0, 4, (6, 10, 3))
    write(path, {"obs": noise(6, 10, 3, 5), "actions": np.eye(4)[chosen].astype(dtype)})
    text = mapping_of(path)
    log = opened(path, text)
    assert log.header.agents[0].action_space.n == (4,)
    assert np.array_equal(joined(log)[1]["actions"][..., 0].reshape(6, 10, 3), chosen)
    assert "/actions is one-hot: the place of the one is the action" in log.header.inputs[0].assumptions
    plain = opened(path, text.replace("[fields.actions]", "[fields.actions]\none_hot = false"))
    assert plain.header.agents[0].action_space.n == (2, 2, 2, 2)
