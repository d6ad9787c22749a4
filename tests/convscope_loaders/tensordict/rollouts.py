"""Rollouts as TorchRL lays them out, made by hand, and the forms in which TensorDict saves them."""

import json
from pathlib import Path

import h5py
import numpy as np

from convscope.ingest.probe import probe
from convscope_loaders.tensordict import LOADER
from tests.convscope_loaders.reading import whole

DATA = Path(__file__).parents[2] / "data" / "tensordict"


def rollout(done, *, truncated=None, n_agents=2, width=3, seed=0):
    """The entries of a rollout by path; what follows a step is what the next row begins with, but after a reset.

    Flags have the shape of the batch, time last.
    """
    done = np.asarray(done, bool)
    rng = np.random.default_rng(seed)
    agents = (*done.shape, n_agents)
    after, fresh = rng.normal(size=(2, *agents, width)).astype("f4")
    before = fresh.copy()
    carried = np.concatenate([np.zeros((*done.shape[:-1], 1), bool), ~done[..., :-1]], axis=-1)
    before[carried] = np.roll(after, 1, axis=done.ndim - 1)[carried]
    cut = np.zeros_like(done) if truncated is None else np.asarray(truncated, bool)
    return {
        "agents/action": rng.integers(0, 5, agents),
        "agents/observation": before,
        "done": np.zeros((*done.shape, 1), bool),
        "next/agents/observation": after,
        "next/agents/reward": rng.normal(size=(*agents, 1)).astype("f4"),
        "next/done": done[..., None],
        "next/terminated": (done & ~cut)[..., None],
        "next/truncated": cut[..., None],
    }


def write_h5(path, entries):
    with h5py.File(path, "w") as file:
        for name, array in entries.items():
            file[name] = array
    return path


def write_memmap(folder, entries, batch):
    """Write a memory-mapped folder; returns the folder."""
    levels = {"": {}}
    for name, array in entries.items():
        *above, leaf = name.split("/")
        for depth in range(len(above)):
            levels.setdefault("/".join(above[: depth + 1]), {})
            levels["/".join(above[:depth])][above[depth]] = {"type": "TensorDict"}
        inside = folder.joinpath(*above)
        inside.mkdir(parents=True, exist_ok=True)
        array.tofile(inside / f"{leaf}.memmap")
        kind = {"shape": list(array.shape), "dtype": f"torch.{array.dtype}", "device": "cpu", "is_nested": False}
        levels["/".join(above)][leaf] = kind
    for level, meta in levels.items():
        told = {"shape": list(batch), "device": "cpu", "_type": "<class 'tensordict._td.TensorDict'>"}
        (folder / level / "meta.json").write_text(json.dumps(meta | told))
    return folder


def write_buffer(folder, entries, *, cursor, n_stored, n_written):
    """Write a replay buffer whose storage holds the entries as they lie."""
    batch = entries["next/done"].shape[:-1]
    write_memmap(folder / "storage", entries, batch)
    (folder / "writer").mkdir()
    stored = {"metadata": {}, "is_pytree": False, "len": n_stored}
    (folder / "storage" / "storage_metadata.json").write_text(json.dumps(stored))
    (folder / "writer" / "metadata.json").write_text(json.dumps({"cursor": cursor, "write_count": n_written}))
    return folder


def opened(path, **told):
    found = probe(path, path.name, **told)
    assert LOADER.sniff(found).score == 0.9
    return LOADER.open(found, None)


def episodes(log):
    """Columns of each episode: what is recorded at every step, and observations with their final row."""
    block = whole(log)
    cuts = [slice(*pair) for pair in zip(block.offsets[:-1], block.offsets[1:], strict=True)]
    return [{name: column[cut] for name, column in block.columns.items()} for cut in cuts]


def assumed(log):
    (file,) = log.header.inputs
    return "\n".join(file.assumptions)
