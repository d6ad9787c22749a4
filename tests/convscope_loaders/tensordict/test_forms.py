"""Every form in which TensorDict saves a rollout says the same; what is no rollout is refused with a reason."""

import importlib.util
import json
import pickle
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import LogFormatError, MissingPackageError, RefusedFileError
from convscope.ingest.choice import installed_loaders, match_all
from convscope.ingest.probe import probe
from convscope_loaders.tensordict import LOADER
from convscope_loaders.tensordict.pickled import pickled_container
from tests.convscope_loaders.reading import complaint, read_through
from tests.convscope_loaders.tensordict.rollouts import DATA, episodes, opened, rollout, write_h5, write_memmap

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_ZARR = importlib.util.find_spec("zarr") is not None
GENUINE = ("autoreset.h5", "autoreset.tdz", "memmap", "ring", "rollout.zarr", "rollout.pt", "trajectories_part")


def same(first, second):
    assert first.episodes.end.tolist() == second.episodes.end.tolist()
    for one, other in zip(episodes(first), episodes(second), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    "name", ["memmap", pytest.param("rollout.zarr", marks=pytest.mark.skipif(not HAS_ZARR, reason="no zarr"))]
)
def test_genuine_folders_hold_the_rollout_of_the_hdf5_file(name):
    same(opened(DATA / name), opened(DATA / "rollout.h5"))


@pytest.mark.parametrize("name", ["autoreset.tdz", "packed.tdz"])
def test_genuine_archives_stored_or_compressed_hold_the_rollout_of_the_hdf5_file(name):
    same(opened(DATA / name), opened(DATA / "autoreset.h5"))


@pytest.mark.parametrize("name", GENUINE)
def test_no_other_loader_takes_a_genuine_file(name):
    loaders = [found.loader for found in installed_loaders()[0]]
    first, second, *_ = match_all(probe(DATA / name, name), loaders)
    assert (first.loader.name, first.match.score) == ("tensordict", 0.9)
    assert second.match.score <= 0.5


@pytest.mark.parametrize("name", ["autoreset.tdz", "packed.tdz", "ring", "rollout_hetero.h5", "trajectories_part"])
def test_what_reads_a_log_can_be_sent_to_another_process(name):
    log = opened(DATA / name)
    sent = replace(log, sources=tuple(pickle.loads(pickle.dumps(source)) for source in log.sources))  # noqa: S301  ours
    same(sent, log)


def test_a_pickle_is_refused_unless_it_is_trusted():
    with pytest.raises(RefusedFileError, match="--trust-pickle"):
        opened(DATA / "rollout.pt")


@pytest.mark.skipif(not HAS_TORCH, reason="no torch")
def test_a_trusted_pickle_of_anything_but_tensors_is_refused_and_runs_nothing(tmp_path):
    import torch  # noqa: PLC0415  optional

    for number, content in enumerate((Path("x"), {"_batch_size": [2], "_tensordict": torch.nn.ReLU()}, [1], {})):
        path = tmp_path / f"{number}.pt"
        torch.save(content, path)
        found = probe(path, path.name, trusts_pickle=True)
        with pytest.raises(LogFormatError, match="to_h5"):
            pickled_container(found.path)
    wide = {"_batch_size": torch.Size([2]), "_tensordict": {"x": torch.zeros(1).expand(1 << 40)}}
    torch.save(wide, path)
    with pytest.raises(LogFormatError, match="unpacks to more"):
        pickled_container(path)


@pytest.mark.skipif(not HAS_TORCH, reason="no torch")
def test_a_trusted_pickle_holds_the_rollout_of_the_hdf5_file():
    same(opened(DATA / "rollout.pt", trusts_pickle=True), opened(DATA / "rollout.h5"))


def test_without_its_package_a_form_says_what_to_install(tmp_path, monkeypatch):
    shutil.copy(DATA / "rollout.pt", tmp_path)
    for name in ("torch", "zarr"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError, match=r"convscope\[torch\]"):
        opened(tmp_path / "rollout.pt", trusts_pickle=True)
    with pytest.raises(MissingPackageError, match=r"convscope\[zarr\]"):
        opened(DATA / "rollout.zarr")


@pytest.mark.parametrize("name", ["", "ippo_balance_mlp__5e124ea2_26_11_22-12_44_18"])
def test_a_run_of_benchmarl_holds_no_trajectories_and_the_callback_is_named(name):
    (run,) = (DATA / "run").iterdir()
    with pytest.raises(LogFormatError, match="ConvscopeCallback"):
        opened(run / name)
    with pytest.raises(LogFormatError, match="no trajectories"):
        opened(run / f"{run.name}.json")


def test_what_is_no_tensordict_is_not_taken(tmp_path):
    (tmp_path / "folder").mkdir()
    for name, text in {
        "meta.json": "{}",
        "notes.txt": "tensordict",
        "zarr.json": "[]",
        "folder/meta.json": '{"_type": 5}',
    }.items():
        (tmp_path / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("meta.json", "{}")
    for name in ("meta.json", "notes.txt", "zarr.json", "folder", "log.zip", ""):
        assert LOADER.sniff(probe(tmp_path / name, name)).score == 0
    with pytest.raises(LogFormatError, match="no rollout"):
        LOADER.open(probe(tmp_path / "notes.txt", "notes.txt"), None)


def test_keys_are_encoded_in_file_names_and_entries_that_are_no_numbers_are_left_out_and_said(tmp_path):
    folder = write_memmap(tmp_path / "log", rollout([[0, 1]]), (1, 2))
    meta = json.loads((folder / "agents" / "meta.json").read_text())
    kind = {"shape": [1, 2, 2], "dtype": "torch.float32", "is_nested": False}
    meta |= {"my key": kind, "nested": kind | {"is_nested": True}, "odd": kind | {"dtype": "torch.bfloat16"}}
    meta["task"] = {"type": "NonTensorData"}
    (folder / "agents" / "meta.json").write_text(json.dumps(meta))
    np.arange(4, dtype="f4").tofile(folder / "agents" / "my%20key.memmap")
    (folder / "agents" / "task").mkdir()
    told = {"_type": "<class 'tensordict.tensorclass.NonTensorData'>", "data": "balance"}
    (folder / "agents" / "task" / "meta.json").write_text(json.dumps(told))
    log = opened(folder)
    (episode,) = episodes(log)
    np.testing.assert_array_equal(episode["info/my key"][:2], [[0, 1], [2, 3]])
    (notice,) = log.header.notices
    assert notice.message.startswith("left out (3): entries that are no plain arrays")


def test_a_lazy_stack_is_refused_with_a_remedy(tmp_path):
    folder = write_memmap(tmp_path / "log", rollout([[0, 1]]), (1, 2))
    told = {"_type": "<class 'tensordict._lazy.LazyStackedTensorDict'>", "stack_dim": 0}
    (folder / "agents" / "meta.json").write_text(json.dumps(told))
    with pytest.raises(LogFormatError, match="contiguous"):
        opened(folder)


def edited(folder, level, change):
    path = folder / level / "meta.json"
    meta = json.loads(path.read_text())
    for key, value in change.items():
        meta[key] = meta[key] | value if isinstance(value, dict) and key in meta else value
    path.write_text(json.dumps(meta))


@pytest.mark.parametrize(
    ("level", "change"),
    [
        ("", {"shape": [10**30]}),
        ("", {"shape": None}),
        ("", {"next": {"type": "TensorDict", "shape": [1]}}),
        ("", {"done": {"shape": [3, 9, 1]}}),
        ("agents", {"action": {"shape": [10**9, 8, 3, 2]}}),
        ("agents", {"action": {"shape": [0, 10**30]}}),
        ("agents", {"action": {"shape": "x"}}),
        ("agents", {"action": {"dtype": "torch.complex64"}}),
        ("agents", {"action": {"shape": [3, 8, 6]}}),
        ("agents", {"observation": {"shape": [8, 3, 3, 16]}}),
        ("next/agents", {"reward": {"shape": [72]}}),
        ("next", {"done": {"shape": [24]}}),
        ("next", {"terminated": {"dtype": "torch.float64"}}),
        ("agents", {"../../etc/passwd": {"shape": [1], "dtype": "torch.uint8"}}),
        ("agents", {"..": {"type": "TensorDict"}}),
    ],
    ids=str,
)
def test_a_folder_whose_description_does_not_fit_is_read_or_refused_in_one_line(tmp_path, level, change):
    folder = shutil.copytree(DATA / "memmap", tmp_path / "memmap")
    edited(folder, level, change)
    assert "\n" not in complaint(read_through, LOADER, folder)


def test_missing_short_and_linked_numbers_are_errors_that_name_the_file(tmp_path):
    for number, harm in enumerate((lambda path: path.unlink(), lambda path: path.write_bytes(b"x"), link)):
        folder = shutil.copytree(DATA / "memmap", tmp_path / f"memmap_{number}")
        harm(folder / "next" / "agents" / "reward.memmap")
        with pytest.raises(LogFormatError, match=r"next/agents/reward\.memmap has \d bytes"):
            opened(folder)


def link(path):
    other = path.with_suffix(".other")
    shutil.move(path, other)
    path.symlink_to(other)


def test_a_broken_archive_is_one_line(tmp_path):
    content = (DATA / "packed.tdz").read_bytes()
    for number, cut in enumerate((2000, 4000, len(content) - 30)):
        path = tmp_path / f"{number}.tdz"
        path.write_bytes(content[:cut])
        assert "\n" not in complaint(read_through, LOADER, path)
        assert complaint(read_through, LOADER, path)
    for at in range(0, len(content), 97):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        found = probe(path, path.name)
        if LOADER.sniff(found).score:
            assert "\n" not in complaint(read_through, LOADER, path)


def test_an_archive_that_unpacks_beyond_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope_loaders.tensordict.files.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(RefusedFileError, match="unpacks to more"):
        opened(DATA / "packed.tdz")


def test_a_rollout_of_one_agent_is_refused(tmp_path):
    entries = {name.replace("agents/", ""): array for name, array in rollout([[0, 1]]).items()}
    path = write_h5(tmp_path / "log.h5", entries)
    assert LOADER.sniff(probe(path, path.name)).score == 0
    folder = write_memmap(tmp_path / "log", entries, (1, 2))
    with pytest.raises(LogFormatError, match="no group of agents with an action"):
        opened(folder)
