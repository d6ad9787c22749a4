"""D4RL data sets are read as one agent's or a team's where something says which, and as neither otherwise."""

import re
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.d4rl import LOADER
from tests.convscope_loaders.reading import column, mapped, opened_by
from tests.convscope_loaders.reading import write_hdf5 as write

JOINT = Path(__file__).parents[1] / "data" / "flat_hdf5" / "d4rl_joint.hdf5"
N = 12


def flat(n_columns=4, width=6, seed=0):
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(N + 1, width))
    return {
        "observations": seen[:-1],
        "actions": rng.normal(size=(N, n_columns)),
        "rewards": rng.normal(size=N),
        "terminals": np.isin(np.arange(N), [4]),
        "timeouts": np.isin(np.arange(N), [8]),
    }


opened = partial(opened_by, LOADER)


def test_joint_columns_are_ambiguous_and_the_mapping_in_the_error_reads_them_as_a_team(tmp_path):
    seen = probe(JOINT, JOINT.name)
    assert choose(seen, [found.loader for found in installed_loaders()[0]]).loader.name == "d4rl"
    with pytest.raises(AmbiguousLogError, match="one agent with 3 action columns") as caught:
        LOADER.open(seen, None)
    with pytest.raises(AmbiguousLogError):
        LOADER.propose(seen, None)
    log = opened(JOINT, mapped(tmp_path, caught.value.mapping))
    with h5py.File(JOINT) as file:
        actions, observed, rewards = (file[name][...] for name in ("actions", "observations", "rewards"))
        positions, ended = file["infos/agent_pos"][...], file["terminals"][...]
    assert log.episodes.length.tolist() == [30, 29, 3, 7, 30]
    t, x = EndKind.TERMINATED, EndKind.TRUNCATED
    assert log.episodes.end.tolist() == [t if ended[last] else x for last in (29, 58, 61, 68, 98)]
    assert np.array_equal(column(log, "actions")[..., 0], actions)
    assert np.array_equal(column(log, "observations"), observed.reshape(99, 3, 12))
    assert np.array_equal(column(log, "team_rewards"), rewards)
    assert np.array_equal(column(log, "positions"), positions)
    assert log.header.framework == "D4RL"


def test_the_mapping_of_the_error_reads_observations_that_all_agents_share(tmp_path):
    with pytest.raises(AmbiguousLogError) as caught:
        LOADER.open(probe(JOINT, JOINT.name), None)
    assert '# reading 2: [fields.state] instead of [fields.observations], with axes = ["row", "value"]' in str(
        caught.value
    )
    actions, observations = caught.value.mapping.split("[fields.observations]", 1)
    log = opened(JOINT, mapped(tmp_path, f"{actions}[fields.state]{observations.replace('agent-value', 'value')}"))
    assert column(log, "actions").shape == (99, 3, 1)
    assert (column(log, "state").shape, log.has("observations")) == ((99, 36), False)


def test_one_name_reads_the_same_file_as_one_agents(tmp_path):
    log = opened(JOINT, mapped(tmp_path, 'convscope-mapping = 1\n[agents]\nnames = ["robot"]\n'))
    assert [agent.name for agent in log.header.agents] == ["robot"]
    assert column(log, "actions").shape == (99, 1, 3)
    assert "one-agent" in {notice.code for notice in log.header.notices}


def test_agents_that_the_file_names_share_the_columns(tmp_path):
    arrays = flat(n_columns=4, width=6)
    log = opened(write(tmp_path / "log.hdf5", arrays, agents="left,right"))
    assert [agent.name for agent in log.header.agents] == ["left", "right"]
    assert np.array_equal(column(log, "actions"), arrays["actions"].reshape(N, 2, 2))
    assert np.array_equal(column(log, "observations"), arrays["observations"].reshape(N, 2, 3))
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.TRUNCATED, EndKind.CUT]
    said = " ".join(log.header.inputs[0].assumptions)
    assert "named as in /@agents" in said
    assert "2 columns of /actions for each agent" in said


def test_observations_that_agents_cannot_share_are_the_state(tmp_path):
    arrays = flat(n_columns=4, width=5)
    log = opened(write(tmp_path / "log.hdf5", arrays, agents="left,right"))
    assert np.array_equal(column(log, "state"), arrays["observations"])
    assert not log.has("observations")


def test_columns_that_agents_cannot_share_need_their_widths(tmp_path):
    path = write(tmp_path / "log.hdf5", flat(n_columns=5), agents="left,right")
    with pytest.raises(AmbiguousLogError, match="cannot share evenly") as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    text = (
        'convscope-mapping = 1\n[agents]\nnames = ["left", "right"]\n'
        '[fields.actions]\npath = "/actions"\naxes = ["row", "agent-value"]\nwidths = [2, 3]\n'
    )
    log = opened(path, mapped(tmp_path, text))
    assert log.header.field("actions").widths == (2, 3)
    assert np.array_equal(column(log, "actions")[:, 1], flat(n_columns=5)["actions"][:, 2:])


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_one_column_of_actions_is_one_agents(tmp_path, shape):
    arrays = flat(n_columns=1)
    actions = np.arange(N).reshape(shape) % 3
    columns = {name: arrays[name].reshape(N, 1) for name in ("rewards", "terminals", "timeouts")}
    log = opened(write(tmp_path / "log.hdf5", arrays | columns | {"actions": actions}))
    assert [agent.name for agent in log.header.agents] == ["agent_0"]
    assert log.header.agents[0].action_space.n == (3,)
    assert log.episodes.length.tolist() == [5, 4, 3]
    assert np.array_equal(column(log, "actions").ravel(), actions.ravel())


def test_next_observations_close_the_episodes(tmp_path):
    arrays = flat(n_columns=1)
    following = np.roll(arrays["observations"], -1, axis=0) + 0.0
    following[[4, 8, 11]] = 7
    log = opened(write(tmp_path / "log.hdf5", arrays | {"next_observations": following}))
    assert log.episodes.rows.tolist() == [6, 5, 4]
    assert (column(log, "observations")[[5, 10, 14]] == 7).all()
    status = np.concatenate([block.status for block in log.blocks(frozenset())])
    assert (status[[5, 10, 14]] == Status.WAITING).all()


def test_missing_timeouts_and_weights_of_a_policy_are_said(tmp_path):
    arrays = flat(n_columns=1) | {"metadata/policy/fc0/weight": np.zeros((4, 4)), "infos/qpos": np.zeros((N, 3))}
    del arrays["timeouts"]
    log = opened(write(tmp_path / "log.hdf5", arrays))
    assert log.episodes.length.tolist() == [5, 7]
    assert {"no-timeouts", "left-out-arrays"} <= {notice.code for notice in log.header.notices}
    assert log.has("info/qpos")


@pytest.mark.parametrize(
    "change",
    [
        {"terminals": None},
        {"actions": np.zeros((N, 2, 3))},
        {"observations": np.zeros((N, 2, 3))},
        {"rewards": np.zeros((N, 2))},
        {"rewards": np.zeros(N + 1)},
        {"observations": np.array([b"x"] * N)},
    ],
    ids=lambda change: re.sub(r"\W+", " ", str(change))[:30],
)
def test_other_files_are_not_d4rl(tmp_path, change):
    arrays = {name: value for name, value in (flat() | change).items() if value is not None}
    path = write(tmp_path / "log.hdf5", arrays)
    assert LOADER.sniff(probe(path, "log.hdf5")).score == 0
    with pytest.raises(LogFormatError, match="is no log of d4rl"):
        opened(path)
