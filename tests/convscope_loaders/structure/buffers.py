"""Episodes of a small world, and the ways in which buffers hold them."""

import h5py
import numpy as np

from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.probe import probe
from convscope_loaders.hdf5 import LOADER

N_AGENTS = 3


def episodes(lengths, seed=0):
    """Rows of each episode, by name; what agents see moves little in a step and far at a reset."""
    rng = np.random.default_rng(seed)
    return [_episode(rng, length) for length in lengths]


def _episode(rng, length):
    walk = np.cumsum(rng.normal(size=(length + 1, N_AGENTS, 4)) * 0.2, axis=0)
    seen = (walk + rng.normal(size=(1, N_AGENTS, 4)) * 9).astype("f4")
    return {
        "observations": seen[:-1],
        "next_observations": seen[1:],
        "actions": rng.integers(5, size=(length, N_AGENTS)),
        "rewards": rng.normal(size=(length, N_AGENTS)),
        "dones": np.arange(length) == length - 1,
        "firsts": np.arange(length) == 0,
    }


def rows_of(world, *names):
    """Return the rows of all episodes, one after the other."""
    return {name: np.concatenate([episode[name] for episode in world]) for name in names}


BASICS = ("observations", "actions", "rewards", "dones")


def unfilled(rows, capacity):
    """Return arrays of which only the first rows were written."""
    return {
        name: np.concatenate([array, np.zeros((capacity - len(array), *array.shape[1:]), array.dtype)])
        for name, array in rows.items()
    }


def ring(rows, capacity, cursor):
    """Return the last rows as a full ring holds them that goes on at a row."""
    return {name: np.roll(array[-capacity:], cursor, axis=0) for name, array in rows.items()}


def write(path, arrays, **attributes):
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value
        file.attrs.update(attributes)
    return path


def opened(path, mapping=None):
    """Open a file, with the text of a mapping."""
    if mapping is None:
        return LOADER.open(probe(path, "log.h5"), None)
    (path.parent / "map.toml").write_text(mapping)
    return LOADER.open(probe(path, "log.h5"), read_mapping(path.parent / "map.toml"))


def actions_of(log):
    """Return the actions of each episode, without the row of a final observation."""
    (block,) = log.blocks(frozenset({"actions"}), max_bytes=1 << 30)
    actions = block.columns["actions"].reshape(len(block.status), -1)
    first = np.cumsum(log.episodes.rows) - log.episodes.rows
    return [actions[start : start + length] for start, length in zip(first, log.episodes.length, strict=True)]


def is_read_as(log, world):
    """Whether a log holds these episodes and no others, in this order."""
    read = actions_of(log)
    return len(read) == len(world) and all(
        np.array_equal(own, episode["actions"]) for own, episode in zip(read, world, strict=True)
    )


def said(log):
    return " ".join(log.header.inputs[0].assumptions)


def noted(log):
    return {notice.code: notice.message for notice in log.header.notices}
