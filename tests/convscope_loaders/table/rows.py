"""Rows of a small study for tests of tables, and what a right reading of them says."""

import csv
import io
import json
from functools import partial

import numpy as np

from convscope_loaders.table import LOADER
from tests.convscope_loaders.reading import joined as whole
from tests.convscope_loaders.reading import opened_by

# Two runs of two episodes of two agents; ann is out after the first step of episode 1 of run 0.
ROWS = [
    {
        "seed": seed,
        "episode": episode,
        "t": t,
        "agent": agent,
        "x": 10.0 * episode + t,
        "y": float(slot),
        "action": ("left", "right", "stay")[(t + slot + seed) % 3],
        "reward": t / 2 + slot,
        "done": t == length - 1,
    }
    for seed in (0, 1)
    for episode, length in ((0, 3), (1, 2))
    for t in range(length)
    for slot, agent in enumerate(("ann", "bob"))
    if not (seed == 0 and episode == 1 and t == 1 and agent == "ann")
]
LENGTHS = [3, 2, 3, 2]


opened = partial(opened_by, LOADER)


def write(path, rows):
    """Write rows as the file's ending says."""
    if path.suffix in {".jsonl", ".ndjson"}:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(as_text(rows, "\t" if path.suffix == ".tsv" else ","))
    return path


def as_text(rows, separator=","):
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def without(rows, *names):
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def is_same(log, other):
    """Whether two logs hold the same episodes of the same agents."""
    (status, columns), (other_status, other_columns) = whole(log), whole(other)
    return (
        [agent.name for agent in log.header.agents] == [agent.name for agent in other.header.agents]
        and log.episodes.length.tolist() == other.episodes.length.tolist()
        and np.array_equal(status, other_status)
        and columns.keys() == other_columns.keys()
        and all(np.array_equal(column, other_columns[name], equal_nan=True) for name, column in columns.items())
    )
