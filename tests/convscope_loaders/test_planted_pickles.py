"""A pickle that leaves a mark when it is loaded leaves none, whatever it is packed in and whichever loader reads it.

Without --trust-pickle nothing is unpickled; with it, only what makes numbers, texts and arrays. The test runs over all
installed loaders: a new one is covered as soon as it has an entry point.
"""

import base64
import gzip
import json
import pickle
import shutil
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest

from convscope.errors import ConvscopeError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.probe import probe
from tests.convscope_loaders.pickles import Mark, marking_pickle, old_frame_pickle

DATA = Path(__file__).parents[1] / "data"
LOADERS = [found.loader for found in installed_loaders()[0]]
ROWS = 6
LZ4_FRAME = b"\x04\x22\x4d\x18\x60\x40\x82"
"""Begins an LZ4 frame of blocks that stand alone and may be stored as they are."""


def objects(mark):
    return np.array([Mark(mark)] * ROWS, dtype=object)


def columns():
    return {"actions": np.zeros((ROWS, 2), int), "rewards": np.zeros((ROWS, 2)), "terminals": np.zeros(ROWS, bool)}


def as_pickle(folder, mark):
    for name in ("log.pkl", "log.pickle", "metadata.pickle"):
        (folder / name).write_bytes(marking_pickle(mark))
    (folder / "log.pickle.gz").write_bytes(gzip.compress(marking_pickle(mark)))
    (folder / "protocol_0.pkl").write_bytes(marking_pickle(mark, protocol=0))
    (folder / "dump.dump").write_bytes(marking_pickle(mark) * 3)


def as_human_trials(folder, mark):
    rows = {"joint_action": ["[[0, 0], [0, 0]]"], "state": ["{}"], "layout_name": ["ring"]}
    (folder / "trials.pickle").write_bytes(old_frame_pickle(rows, more=Mark(mark)))


def as_numpy(folder, mark):
    np.savez(folder / "log.npz", observations=objects(mark), **columns())
    np.save(folder / "observations.npy", objects(mark), allow_pickle=True)
    several = folder / "several"
    several.mkdir()
    for name, array in {"obs_0": objects(mark), "acs_0": np.zeros((ROWS, 5)), "rews_0": np.zeros(ROWS)}.items():
        np.save(several / f"{name}.npy", array, allow_pickle=True)


def as_torch(folder, mark):
    for name in ("log.pt", "episode_0.pth"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("archive/data.pkl", marking_pickle(mark, protocol=2))
            archive.writestr("archive/byteorder", "little")
            archive.writestr("archive/version", "3\n")
    (folder / "legacy.pt").write_bytes(marking_pickle(mark, protocol=2) * 4)


def as_hdf5(folder, mark):
    content = np.frombuffer(marking_pickle(mark), np.int8)
    with h5py.File(folder / "buffer.hdf5", "w") as file:
        file.attrs.update({"maxsize": ROWS, "_size": ROWS, "_insertion_idx": 0, "stack_num": 1, "buffer_num": 1})
        for name, array in {
            "act": np.zeros(ROWS, int),
            "rew": np.zeros((ROWS, 2)),
            "done": np.zeros(ROWS, bool),
        }.items():
            file[f"_meta/{name}"] = array
            file[f"_meta/{name}"].attrs["__data_type__"] = "ndarray"
        file["_meta"].attrs["__data_type__"] = "Batch"
        for name in ("_meta/obs/agent_id", "buffers", "_random_state"):
            file[name] = content
            file[name].attrs["__data_type__"] = "numpy.ndarray"
        for name in ("last_index", "_lengths", "_offset", "_extend_offset"):
            file[name] = np.array([0, ROWS])
    with h5py.File(folder / "opaque.h5", "w") as file:
        for name, array in columns().items():
            file[name] = array
        file["observations"] = np.void(marking_pickle(mark))
        file["infos"] = content
        file.attrs["config"] = np.void(marking_pickle(mark))
        file.attrs["agents"] = marking_pickle(mark, protocol=0)


def as_json(folder, mark):
    content = marking_pickle(mark)
    framed = LZ4_FRAME + struct.pack("<I", len(content) | 0x80000000) + content + bytes(4)
    for name, packed in {"plain": content, "lz4": framed}.items():
        text = base64.b64encode(packed).decode()
        own = {
            "obs": text,
            "new_obs": text,
            "actions": [0],
            "rewards": [0.0],
            "t": [0],
            "eps_id": [0],
            "agent_index": [0],
        }
        batch = {
            "type": "MultiAgentBatch",
            "count": 1,
            "policy_batches": {"p": {**own, "dones": [True], "infos": text}},
        }
        single = {"type": "SampleBatch", **own, "dones": [True]}
        lines = "".join(json.dumps(line) + "\n" for line in (batch, single))
        (folder / f"output-2020-01-01_00-00-00_worker-0_{name}.json").write_text(lines)
        (folder / f"{name}.jsonl").write_text(
            json.dumps({"episode": 0, "t": 0, "agent": "a", "action": 0, "obs": text}) + "\n"
        )


def as_table(folder, mark):
    frame = pl.DataFrame(
        {"eps_id": ["e"] * ROWS, "agent_id": ["a", "b"] * 3, "t": [0, 0, 1, 1, 2, 2], "actions": [0] * ROWS}
    )
    frame = frame.with_columns(pl.lit(marking_pickle(mark)).alias("obs"))
    frame.write_parquet(folder / "log.parquet")
    frame.write_ipc(folder / "log.arrow")
    frame.select(item="obs").write_parquet(folder / "run-000000-00001.parquet")


def as_folders(folder, mark):
    """Plant pickles where frameworks leave them beside their logs, and in place of their files."""
    for own in ("flatland/timeout", "magent2/battle"):
        made = folder / own.replace("/", "_")
        shutil.copytree(DATA / own, made)
        (made / "serialised_state").mkdir()
        (made / "serialised_state" / "ep_10.pkl").write_bytes(marking_pickle(mark))
    for number, name in enumerate(("config.json", "meta.json", "metadata.json", "manifest.ocdbt", "zarr.json")):
        made = folder / f"planted_{number}"
        (made / "storage").mkdir(parents=True)
        shutil.copy(DATA / "magent2" / "render" / "config.json", made / "config.json")
        for place in (name, "prefetch.pkl", "transform.t", "storage/obs.memmap", "video_1.txt"):
            (made / place).write_bytes(marking_pickle(mark))


def poisoned(folder, mark):
    """Plant a pickle in place of every row of bytes in every genuine HDF5 file."""
    content = np.frombuffer(marking_pickle(mark), np.int8)
    for path in sorted([*DATA.rglob("*.h5"), *DATA.rglob("*.hdf5")]):
        made = folder / f"{path.parent.name}_{path.name}"
        shutil.copy(path, made)
        with h5py.File(made, "a") as file:
            for name in _bytes_in(file):
                attributes = dict(file[name].attrs)
                del file[name]
                file[name] = content
                file[name].attrs.update(attributes)


def _bytes_in(file):
    found = []
    file.visititems(
        lambda name, item: (
            found.append(name) if getattr(item, "dtype", None) in (np.int8, np.uint8) and item.ndim == 1 else None
        )
    )
    return found


@pytest.mark.parametrize(
    "plant", [as_pickle, as_human_trials, as_numpy, as_torch, as_hdf5, as_json, as_table, as_folders, poisoned]
)
@pytest.mark.parametrize("trusts", [False, True], ids=["unasked", "trusted"])
def test_no_loader_runs_a_planted_pickle(tmp_path, plant, trusts):
    mark, folder = tmp_path / "mark", tmp_path / "logs"
    folder.mkdir()
    plant(folder, mark)
    for path in [folder, *sorted(folder.iterdir())]:
        seen = _seen(path, trusts=trusts)
        for loader in LOADERS if seen is not None else ():
            assert 0 <= loader.sniff(seen).score <= 1
            _read(lambda seen=seen, loader=loader: loader.open(seen, None))
            assert not mark.exists(), f"{loader.name} runs the pickle in {path.name}"
        if seen is not None:
            _read(lambda seen=seen: choose(seen, LOADERS).loader.open(seen, None))
        assert not mark.exists(), f"reading {path.name} runs its pickle"


def test_the_planted_pickle_leaves_its_mark_when_it_is_loaded(tmp_path):
    mark = tmp_path / "mark"
    pickle.loads(marking_pickle(mark))  # noqa: S301
    assert mark.exists()


def _seen(path, *, trusts):
    try:
        return probe(path, path.name, trusts_pickle=trusts)
    except ConvscopeError:
        return None


def _read(opened):
    """Read all rows, if there are any; a refusal is as good."""
    try:
        log = opened()
        for block in log.blocks(frozenset(spec.name for spec in log.header.fields)):
            assert block.n_rows
    except ConvscopeError as error:
        assert len(str(error)) < 2000  # noqa: PT017
