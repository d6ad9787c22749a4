"""A program that records for ever: run by the tests that kill it.

Usage: python recording_child.py LOG SEED COMMIT_SECONDS PAUSE_SECONDS
"""

import sys
import time

import numpy as np

from convscope.record import EndKind, Recorder
from convscope.values.header import ActionKind, ActionSpace

AGENTS = ("a_0", "a_1", "b_0")
SPACES = {agent: ActionSpace(kind=ActionKind.DISCRETE, n=(5,)) for agent in AGENTS}


def episodes(seed):
    """Yield the episodes that such a program records, one after the other."""
    rng = np.random.default_rng(seed)
    while True:
        length = int(rng.integers(1, 60))
        columns = {
            "observations": rng.normal(size=(length + 1, 3, 7)).astype(np.float32),
            "actions": rng.integers(0, 5, (length, 3)),
            "rewards": rng.normal(size=(length, 3)),
            "attention": rng.dirichlet(np.ones(3), size=(length, 2, 3)),
            "info/held": rng.integers(0, 200, (length, 3)).astype(np.uint8),
        }
        yield columns, EndKind(int(rng.integers(1, 4))), f"update_{int(rng.integers(4))}"


def main():
    path, seed, seconds, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    recorder = Recorder(path, agents=AGENTS, action_spaces=SPACES, commit_seconds=seconds)
    for columns, end, checkpoint in episodes(seed):
        recorder.checkpoint = checkpoint
        recorder.add_episode(columns, end=end)
        sys.stdout.write(f"{recorder.n_committed}\n")
        sys.stdout.flush()
        time.sleep(pause)


if __name__ == "__main__":
    main()
