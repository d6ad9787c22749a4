"""Archives and folders of NumPy arrays are read as any other container of arrays."""

from functools import partial

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.loader import ONLY_MAPPED
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope_loaders.numpy_files import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import whole as only_block

RNG = np.random.default_rng(0)
OBSERVATIONS = np.cumsum(RNG.normal(size=(5, 21, 3, 4)), axis=1)
ACTIONS = RNG.integers(0, 6, (5, 20, 3))
REWARDS = RNG.normal(size=(5, 20, 3))
FIELDS = frozenset({"observations", "actions", "rewards"})
ARRAYS = {"obs": OBSERVATIONS, "actions": ACTIONS, "rewards": REWARDS, "n_agents": np.array(3)}


def archive(path, arrays, save=np.savez, **texts):
    save(path, **arrays, **texts)
    return path


def folder(path, arrays):
    path.mkdir(parents=True)
    for name, array in arrays.items():
        file = path / f"{name}.npy"
        file.parent.mkdir(exist_ok=True)
        np.save(file, array)
    return path


opened = partial(opened_by, LOADER)


whole = partial(only_block, fields=FIELDS)


@pytest.mark.parametrize(
    "make",
    [
        archive,
        folder,
        lambda path, arrays: archive(path, arrays, np.savez_compressed),
        lambda path, arrays: archive(path, {f"steps.{name}": array for name, array in arrays.items()}),
        lambda path, arrays: folder(path, {n: np.asfortranarray(a) for n, a in arrays.items()}),
    ],
    ids=["archive", "folder", "compressed", "nested", "by columns"],
)
def test_the_log_is_the_same_however_it_was_saved(tmp_path, make):
    log = opened(make(tmp_path / "log.npz", ARRAYS))
    assert log.episodes.length.tolist() == [20] * 5
    assert log.episodes.rows.tolist() == [21] * 5
    block = whole(log)
    np.testing.assert_array_equal(block.columns["observations"], OBSERVATIONS.reshape(105, 3, 4))
    acted = block.is_acting.any(axis=1)
    np.testing.assert_array_equal(block.columns["actions"][acted], ACTIONS.reshape(100, 3, 1))
    np.testing.assert_array_equal(block.columns["rewards"][acted], REWARDS.reshape(100, 3))
    pieces = list(log.blocks(FIELDS, max_bytes=1))
    assert len(pieces) == 5
    np.testing.assert_array_equal(np.concatenate([p.status for p in pieces]), block.status)


def test_texts_name_the_agents_and_the_environment(tmp_path):
    log = opened(
        archive(tmp_path / "log.npz", ARRAYS, agents=np.array(["scout", "carrier", "guard"]), env=np.array("depot"))
    )
    assert [agent.name for agent in log.header.agents] == ["scout", "carrier", "guard"]
    assert log.header.environment == "depot"
    assert "agents are named as in /@agents" in log.header.inputs[0].assumptions


def test_folders_named_for_fields_are_one_log_and_folders_of_seeds_are_several(tmp_path):
    by_field = {f"obs/agent_{k}": OBSERVATIONS[:, :20, k] for k in range(3)}
    by_field |= {f"actions/agent_{k}": ACTIONS[:, :, k] for k in range(3)}
    one = folder(tmp_path / "one", by_field)
    np.testing.assert_array_equal(whole(opened(one)).columns["actions"], ACTIONS.reshape(100, 3, 1))
    assert find_logs([one]) == [one]
    seeds = [folder(tmp_path / "seeds" / f"seed_{k}", ARRAYS) for k in range(2)]
    assert LOADER.sniff(probe(tmp_path / "seeds", "seeds")).score == 0
    assert find_logs([tmp_path / "seeds"]) == seeds
    assert open_logs(seeds[:1]).episodes.runs == ("seed_0",)


def test_a_folder_with_an_archive_for_each_episode_is_one_log_and_not_a_run_each(tmp_path):
    folder = tmp_path / "seed_3"
    folder.mkdir()
    for episode in (10, 2, 0):
        mine = {"obs": OBSERVATIONS[episode % 5], "actions": ACTIONS[episode % 5], "rewards": REWARDS[episode % 5]}
        archive(folder / f"episode_{episode}.npz", mine)
    assert find_logs([tmp_path]) == [folder]
    log = open_logs([folder])
    assert log.episodes.runs == ("seed_3",)
    assert log.episodes.path == ("/episode_0", "/episode_2", "/episode_10")
    np.testing.assert_array_equal(whole(log).columns["observations"][21:42], OBSERVATIONS[2])


def test_objects_and_other_files_are_left_out_with_a_notice(tmp_path):
    path = folder(tmp_path / "log", {**ARRAYS, "infos": np.array([{}], dtype=object)})
    (path / "notes.txt").write_text("seed 3")
    notices = opened(path).header.notices
    assert [(notice.code, notice.where) for notice in notices] == [
        ("skipped-objects", "/infos"),
        ("other-files", "notes.txt"),
    ]


def test_arrays_of_other_names_need_a_mapping(tmp_path):
    path = archive(tmp_path / "log.npz", {"arr_0": OBSERVATIONS[:, :20], "arr_1": ACTIONS})
    assert LOADER.sniff(probe(path, "log")).score == ONLY_MAPPED
    with pytest.raises(LogFormatError, match="fits no loader"):
        open_logs([path])
    axes = (Axis.EPISODE, Axis.TIME, Axis.AGENT, Axis.VALUE)
    fields = (
        FieldMapping(name="observations", array=ArrayMapping(path="/arr_0", axes=axes)),
        FieldMapping(name="actions", array=ArrayMapping(path="/arr_1", axes=axes[:3])),
    )
    log = open_logs([path], mapping=LogMapping(fields=fields, file="m.toml"))
    assert log.header.inputs[0].loader == "numpy"
    np.testing.assert_array_equal(whole(log).columns["observations"], OBSERVATIONS[:, :20].reshape(100, 3, 4))


def test_what_is_no_log_is_refused_in_a_sentence(tmp_path):
    weights = archive(tmp_path / "weights.npz", {"w": np.ones((3, 4))})
    objects = archive(tmp_path / "objects.npz", {"w": np.array([None])})
    np.save(tmp_path / "alone.npy", OBSERVATIONS)
    for path, match in (
        (weights, "no array is called actions, observations or positions"),
        (objects, r"no array of numbers: left out \(1\): pickled Python objects, never unpickled"),
        (tmp_path / "alone.npy", "is one array alone, which is no log"),
    ):
        with pytest.raises(LogFormatError, match=match):
            open_logs([path])
    with pytest.raises(LogFormatError, match="holds no array of numbers"):
        opened(objects)
    with pytest.raises(LogFormatError, match=r"this loader reads \.npz archives"):
        opened(tmp_path / "alone.npy")


def test_a_folder_of_archives_is_a_study_and_weights_in_it_are_passed_over(tmp_path):
    paths = [archive(tmp_path / f"seed_{k}.npz", {**ARRAYS, "rewards": REWARDS + k}) for k in range(2)]
    archive(tmp_path / "weights.npz", {"w": np.ones((3, 4))})
    assert find_logs([tmp_path]) == paths
    assert open_logs(paths).episodes.n_episodes == 10
