"""Reading does not grow with the square of a log: a block decodes its chunks once, and looks at nothing else."""

import pickle
from collections import Counter

import h5py
import numpy as np
import pytest

from convscope.ingest.hdf5 import listing, reading
from convscope.ingest.hdf5.decoding import Encoding
from convscope.ingest.open import open_logs
from convscope.ingest.writer import write_log

RNG = np.random.default_rng(0)
N_EPISODES, N_STEPS, N_AGENTS = 24, 16, 3


def padded(path):
    shape = (N_EPISODES, N_STEPS, N_AGENTS)
    observed = RNG.normal(size=(*shape, 4)).astype("f4")
    masks = np.ones((*shape, 5), "i4")
    # The last agent is out after a while: legal actions and observations say so.
    observed[:, 9:, -1], masks[:, 9:, -1, 1:] = 0, 0
    arrays = {
        "obs": observed,
        "actions": RNG.integers(1, 5, size=(*shape, 1)),
        "avail_actions": masks,
        "filled": np.ones((N_EPISODES, N_STEPS, 1)),
        "reward": RNG.normal(size=(N_EPISODES, N_STEPS, 1)),
    }
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, chunks=(4, *array.shape[1:]), compression="gzip")


def packed(path):
    padded(path.with_name("source.h5"))
    write_log(open_logs([path.with_name("source.h5")]), path)


def grouped(path):
    with h5py.File(path, "w") as file:
        for episode in range(N_EPISODES):
            arrays = {
                **{f"observations/agent_{a}": RNG.normal(size=(N_STEPS + 1, 4)) for a in range(N_AGENTS)},
                **{f"actions/agent_{a}": RNG.integers(5, size=N_STEPS) for a in range(N_AGENTS)},
                "rewards": RNG.normal(size=N_STEPS),
                "terminations": np.zeros(N_STEPS, bool),
                "truncations": np.arange(N_STEPS) == N_STEPS - 1,
            }
            for name, array in arrays.items():
                file.create_dataset(
                    f"episode_{episode}/{name}", data=array, chunks=(5, *array.shape[1:]), compression="gzip"
                )


def time_first(path):
    walks = np.cumsum(RNG.normal(size=(N_STEPS, N_EPISODES, N_AGENTS, 4)), axis=0)
    with h5py.File(path, "w") as file:
        chunks = (N_STEPS, 2, N_AGENTS)
        file.create_dataset("obs", data=walks, chunks=(*chunks, 4), compression="gzip")
        actions = RNG.integers(5, size=(N_STEPS, N_EPISODES, N_AGENTS))
        file.create_dataset("actions", data=actions, chunks=chunks, compression="gzip")
        dones = np.zeros((N_STEPS, N_EPISODES), bool)
        dones[-1] = True
        file.create_dataset("dones", data=dones, chunks=chunks[:2], compression="gzip")


@pytest.mark.parametrize("write", [padded, packed, grouped, time_first])
def test_another_process_gets_the_plan_of_its_own_episodes_only(tmp_path, write):
    write(tmp_path / "log.h5")
    log = open_logs([tmp_path / "log.h5"])
    tasks = log.tasks(frozenset(spec.name for spec in log.header.fields), max_bytes=1 << 13)
    for task in tasks:
        alone = pickle.loads(pickle.dumps(task.alone()))  # noqa: S301  our own
        rows = alone.source.rows
        assert len(getattr(rows, "length", rows)) == len(task.local)
        mine, theirs = task.load(), alone.load()
        assert (mine.episodes.tolist(), mine.offsets.tolist()) == (theirs.episodes.tolist(), theirs.offsets.tolist())
        assert mine.status.tolist() == theirs.status.tolist()
        for name, column in mine.columns.items():
            np.testing.assert_array_equal(column, theirs.columns[name])


@pytest.fixture
def decoded(monkeypatch):
    """How often each chunk was decoded, by file, path and corner."""
    seen = Counter()
    decode = Encoding.decoded

    def counting(self, content, applied, where):
        seen[where] += 1
        return decode(self, content, applied, where)

    monkeypatch.setattr(Encoding, "decoded", counting)
    return seen


@pytest.mark.parametrize("write", [padded, packed, grouped, time_first])
def test_a_block_decodes_its_chunks_once_and_no_others(tmp_path, decoded, write):
    write(tmp_path / "log.h5")
    log = open_logs([tmp_path / "log.h5"])
    fields = frozenset(spec.name for spec in log.header.fields)
    decoded.clear()
    list(log.blocks(fields))
    n_chunks = len(decoded)
    assert set(decoded.values()) == {1}
    tasks = log.tasks(fields, max_bytes=1 << 13)
    assert len(tasks) > 4
    n_decoded = 0
    for task in tasks:
        decoded.clear()
        task.load()
        assert set(decoded.values()) == {1}
        n_decoded += len(decoded)
    n_columns = len({where.partition(": ")[0] for where in decoded})
    # A chunk on the border of two blocks is decoded for both.
    assert n_decoded <= n_chunks + n_columns * len(tasks)


@pytest.mark.parametrize("write", [padded, packed, grouped, time_first])
def test_reading_rows_looks_at_each_dataset_once_a_block(tmp_path, monkeypatch, write):
    write(tmp_path / "log.h5")
    log = open_logs([tmp_path / "log.h5"])
    seen = Counter()
    check = reading.check_dataset
    monkeypatch.setattr(
        reading, "check_dataset", lambda found, where, limits: (seen.update([where]), check(found, where, limits))[1]
    )
    monkeypatch.setattr(listing, "check_heaps", lambda path: pytest.fail("the whole file was looked at again"))
    for task in log.tasks(frozenset(spec.name for spec in log.header.fields), max_bytes=1 << 13):
        seen.clear()
        task.load()
        assert set(seen.values()) <= {1}
        assert not seen if write is grouped else seen
