"""A recording survives the death of its program, and can be read while it grows."""

import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convscope.ingest.open import open_logs
from convscope.ingest.validate import validate_log

CHILD = Path(__file__).with_name("recording_child.py")
spec = importlib.util.spec_from_file_location("recording_child", CHILD)
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)


class Program:
    """The child, and what it says of itself."""

    def __init__(self, path, seed, seconds, *, pause=0.0005):
        self.out = path.with_suffix(".out")
        command = [sys.executable, str(CHILD), str(path), str(seed), str(seconds), str(pause)]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out)

    @property
    def n_committed(self):
        """What it last said to be committed."""
        told = self.out.read_text().rpartition("\n")[0].split()
        return int(told[-1]) if told else 0

    def wait_for(self, n_committed):
        deadline = time.monotonic() + 60
        while self.n_committed < n_committed:
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def assert_committed(path, seed, at_least):
    """Compare all that the log holds with what another such program records, bit for bit."""
    log = open_logs([path])
    n_episodes = log.episodes.n_episodes
    assert n_episodes >= at_least
    told = child.episodes(seed)
    expected = [next(told) for _ in range(n_episodes)]
    fields = frozenset(spec.name for spec in log.header.fields)
    for block in log.blocks(fields):
        for episode, start in zip(block.episodes.tolist(), block.offsets[:-1].tolist(), strict=True):
            columns, end, checkpoint = expected[int(log.local_of[episode])]
            assert log.episodes.checkpoint_label(episode) == checkpoint
            assert (log.episodes.end[episode], log.episodes.length[episode]) == (end, len(columns["actions"]))
            for name, given in columns.items():
                found = block.columns[name][start : start + len(given)]
                np.testing.assert_array_equal(found[..., 0] if name == "actions" else found, given)
    return n_episodes


@pytest.mark.parametrize("seed", range(6))
def test_what_was_committed_survives_a_kill_at_any_moment(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path / "log.h5"
    program = Program(path, seed, seconds=(0, 0.005, 0.02)[seed % 3])
    program.wait_for(1)
    time.sleep(rng.uniform(0, 0.6))
    program.kill()
    n_episodes = assert_committed(path, seed, program.n_committed)
    problems = validate_log(path)
    assert {(p.rule, p.severity) for p in problems} <= {("unfinished", "suggestion")}
    (notice,) = [n for n in open_logs([path]).header.notices if n.code == "unfinished-file"]
    assert f"the {n_episodes} episodes that were committed are read" in notice.message


def test_a_log_is_read_while_it_grows(tmp_path):
    path = tmp_path / "log.h5"
    # On a busy machine a program without pauses would record faster than all of it can be compared.
    program = Program(path, 11, seconds=0, pause=0.05)
    try:
        program.wait_for(1)
        seen = [assert_committed(path, 11, program.n_committed)]
        while len(seen) < 5:
            program.wait_for(seen[-1] + 1)
            seen.append(assert_committed(path, 11, program.n_committed))
            assert {problem.rule for problem in validate_log(path)} == {"unfinished"}
    finally:
        program.kill()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]
