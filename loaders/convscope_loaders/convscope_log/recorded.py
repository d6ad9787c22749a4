"""Logs that a recorder wrote, or is writing: what of them is committed, and in which order it belongs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.log_layout import COMMITTED, NOTES
from convscope.ingest.names import in_numbered_order
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.header import Notice
from convscope_loaders.convscope_log.tables import Tables


def only_committed(tables: Tables) -> Tables:
    """Return the tables, with no more episodes than their recorder has committed; unchanged for other logs.

    Raises
    ------
    LogFormatError
        If nothing was committed, or the counter is no number.
    """
    if not tables.has(COMMITTED):
        return tables
    counter = int(tables.numbers(COMMITTED, (1,))[0])
    inventory = tables.inventory
    # What a file that grows held when it was looked at may be less than the counter says now.
    sizes = [info.shape[0] for path, info in inventory.datasets.items() if path.startswith("/episodes/") and info.shape]
    n_episodes = min([counter, *sizes])
    paths = [path for path in inventory.datasets if path.startswith(("/steps/", "/groups/", "/channels/"))]
    n_rows = min((inventory.datasets[path].shape[0] for path in paths if inventory.datasets[path].shape), default=0)
    start = tables.file.read("/episodes/start", 0, max(n_episodes, 0)).astype(np.int64)
    rows = tables.file.read("/episodes/rows", 0, max(n_episodes, 0)).astype(np.int64)
    is_there = np.logical_and.accumulate(start + rows <= n_rows)
    if not is_there.any():
        raise LogFormatError(f"{tables.name} holds no whole episode yet; wait until its recorder has committed one")
    return replace(tables, n_episodes=int(is_there.sum()))


def recorded_notices(tables: Tables, notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Return the notices of a file, with what its recorder noted; and in words that fit a file that may still grow."""
    if tables.n_episodes is None:
        return tuple(notices)
    committed = (
        f"the recording was not closed, or goes on: the {tables.n_episodes} episodes that were committed are read"
    )
    own = [replace(notice, message=committed) if notice.code == _UNFINISHED else notice for notice in notices]
    noted = [Notice(code="recorder", message=note) for note in tables.texts(NOTES) if note]
    return (*own, *noted)


def training_order(table: EpisodeTable) -> tuple[EpisodeTable, IntArray]:
    """Return a table with each run's episodes together, checkpoints in numbered order, and where each episode was."""
    runs, checkpoints = in_numbered_order(table.runs), in_numbered_order(table.checkpoints)
    run = np.array([runs.index(name) for name in table.runs], np.int64)[table.run]
    places = np.array([*(checkpoints.index(label) for label in table.checkpoints), -1], np.int64)
    checkpoint = places[table.checkpoint]
    order = np.lexsort((np.arange(len(run)), checkpoint, run))
    return replace(
        table,
        runs=runs,
        checkpoints=checkpoints,
        run=run[order],
        checkpoint=checkpoint[order],
        condition=table.condition[order],
        number=episode_numbers(run[order], checkpoint[order]),
        length=table.length[order],
        rows=table.rows[order],
        end=table.end[order],
        path=tuple(table.path[episode] for episode in order.tolist()),
        declared_roles=table.declared_roles[order],
    ), order


_UNFINISHED = "unfinished-file"
