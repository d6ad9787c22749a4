"""Transitions in one file for each part and agent become episodes, whatever the end flags leave out."""

import shutil
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind
from convscope_loaders.omar import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import whole as only_block

DATA = Path(__file__).parents[1] / "data"
GENUINE = DATA / "omar" / "seed_0_data"
FIELDS = frozenset({"observations", "actions", "rewards"})


opened = partial(opened_by, LOADER, score=0.9)


whole = partial(only_block, fields=FIELDS)


def saved(folder, lengths, is_done, *, n_agents=2):
    """Transitions of episodes whose observations count on, each from a place of its own."""
    folder.mkdir(parents=True)
    for agent in range(n_agents):
        paths = [1000 * e + 100 * agent + np.arange(n + 1.0)[:, None] for e, n in enumerate(lengths)]
        flags = [np.r_[np.zeros(n - 1), float(done)] for n, done in zip(lengths, is_done, strict=True)]
        np.save(folder / f"obs_{agent}.npy", np.concatenate([path[:-1] for path in paths]))
        np.save(folder / f"next_obs_{agent}.npy", np.concatenate([path[1:] for path in paths]))
        np.save(folder / f"acs_{agent}.npy", np.full((sum(lengths), 2), 0.25 + agent))
        np.save(folder / f"rews_{agent}.npy", np.arange(sum(lengths)) + agent)
        np.save(folder / f"dones_{agent}.npy", np.concatenate(flags))
    return folder


def test_a_genuine_folder_is_the_recording_that_was_written():
    log = opened(GENUINE)
    assert log.episodes.runs == ("seed_0_data",)
    assert log.episodes.length.tolist() == [40, 33, 7, 6, 40, 40]
    # The writer set the flag at time limits too, so that it cannot tell how an episode ended.
    assert set(log.episodes.end.tolist()) == {EndKind.UNKNOWN}
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert log.header.agents[0].action_space.n == (6,)
    block = whole(log)
    with h5py.File(DATA / "pymarl" / "part_0.h5") as file:
        is_step = np.arange(41) < log.episodes.length[:, None]
        np.testing.assert_array_equal(block.columns["observations"], file["obs"][:][is_step])
        np.testing.assert_array_equal(block.columns["actions"], file["actions"][:][is_step])
        np.testing.assert_allclose(block.columns["rewards"].sum(axis=1), file["reward"][:][is_step][:, 0], rtol=1e-6)
    assert block.is_acting.all()


@given(st.lists(st.tuples(st.integers(2, 7), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_episodes_end_where_the_next_observation_is_not_the_following_row(tmp_path_factory, episodes):
    lengths, is_done = [e[0] for e in episodes], [e[1] for e in episodes]
    log = opened(saved(tmp_path_factory.mktemp("omar") / "x", lengths, is_done))
    assert log.episodes.length.tolist() == lengths
    limits = {n for n, done in zip(lengths[:-1], is_done[:-1], strict=True) if not done}
    for number, (length, done) in enumerate(episodes):
        is_last = number == len(episodes) - 1
        undone = EndKind.CUT if is_last and limits != {length} else EndKind.TRUNCATED
        assert log.episodes.end[number] == (EndKind.UNKNOWN if done else undone)


def test_continuous_actions_and_agents_of_other_sizes_stay_as_they_are(tmp_path):
    folder = saved(tmp_path / "x", [3, 4], [False, False])
    for name in ("obs", "next_obs"):
        wide = np.load(folder / f"{name}_1.npy")
        np.save(folder / f"{name}_1.npy", np.hstack([wide, wide]))
        for agent in range(2):
            np.save(folder / f"{name.replace('obs', 'states')}_{agent}.npy", np.hstack([wide, wide]))
    log = opened(folder)
    assert log.header.agents[0].action_space.kind == "continuous"
    assert log.header.field("observations").widths == (1, 2)
    assert log.header.field("info/states").shape == (2,)
    assert [notice.code for notice in log.header.notices] == ["final-observations"]


def test_rows_out_of_time_order_are_refused(tmp_path):
    folder = saved(tmp_path / "x", [20, 20], [True, True])
    order = np.random.default_rng(0).permutation(40)
    for path in folder.iterdir():
        np.save(path, np.load(path)[order])
    with pytest.raises(LogFormatError, match="rows are shuffled"):
        opened(folder)


def test_seeds_are_runs_of_a_study(tmp_path):
    for seed in range(2):
        saved(tmp_path / "medium" / f"seed_{seed}_data", [3, 4 + seed], [True, True])
    paths = find_logs([tmp_path])
    assert open_logs(paths).episodes.runs == ("seed_0_data", "seed_1_data")


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("rews_1", None, r"rews_1\.npy is missing"),
        ("acs_1", lambda a: a[:-1], r"acs_1\.npy has the shape"),
        ("acs_0", lambda a: a[0, 0], r"obs_0\.npy has the shape"),
        ("dones_1", lambda a: np.stack([a, a], 1), "one flag a row"),
        ("next_obs_0", lambda a: a[:, :-1], r"next_obs_0\.npy differ"),
        ("obs_1", lambda a: a.astype("U8"), "holds no numbers"),
        ("acs_1", lambda a: a[..., None, None], "shape"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, name, change, match):
    folder = tmp_path / "x"
    shutil.copytree(GENUINE, folder)
    if change is None:
        (folder / f"{name}.npy").unlink()
    else:
        np.save(folder / f"{name}.npy", change(np.load(folder / f"{name}.npy")))
    with pytest.raises(LogFormatError, match=match):
        opened(folder)


def test_other_folders_are_not_ours(tmp_path):
    np.save(tmp_path / "obs_0.npy", np.ones(3))
    found = probe(tmp_path, "x")
    assert LOADER.sniff(found).score == 0
    with pytest.raises(LogFormatError, match=r"no folder with obs_0\.npy"):
        LOADER.open(found, None)
