"""Writing a log in the convscope log format, block by block (``docs/log-format.md``)."""

from pathlib import Path

import numpy as np

from convscope.ingest.hdf5.writing import Hdf5Writer, create_hdf5
from convscope.ingest.log_layout import group_path
from convscope.ingest.log_tables import slots_of, write_tables
from convscope.ingest.log_targets import InexactError, create_columns, targets_of
from convscope.values.arrays import IntArray
from convscope.values.header import LogHeader
from convscope.values.log import Block, TrajectoryLog
from convscope.values.status import Status


def write_log(log: TrajectoryLog, path: Path) -> None:
    """Write a log as one file in the convscope log format.

    Parameters
    ----------
    log
        Any log; it is read block by block, so it may be larger than memory.
    path
        Where nothing is yet. The file appears under this name only when it is whole.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.

    Notes
    -----
    The same log gives the same bytes. A field keeps the type that it has in the log's file when that holds every value
    exactly, and becomes float64 otherwise.
    """
    exact = frozenset[str]()
    while True:
        try:
            with create_hdf5(path) as file:
                _write(file, log, exact)
        except InexactError as inexact:
            exact |= {inexact.field}
        else:
            return


def _write(file: Hdf5Writer, log: TrajectoryLog, exact: frozenset[str]) -> None:
    write_tables(file, log)
    n_rows = int(log.episodes.rows.sum())
    targets = [target for field in log.header.fields for target in targets_of(log.header, field, exact)]
    create_columns(file, log.header, targets, n_rows=n_rows)
    start = 0
    for block in log.blocks(frozenset(field.name for field in log.header.fields)):
        _write_block(file, log.header, block, start=start)
        for target in targets:
            file.write(target.path, start, target.rows(block.columns[target.field.name]))
        start += block.n_rows


def _write_block(file: Hdf5Writer, header: LogHeader, block: Block, *, start: int) -> None:
    file.write("/steps/episode", start, block.episodes[block.episode_of_row])
    file.write("/steps/t", start, block.time_of_row)
    for group, slots in slots_of(header).items():
        file.write(f"{group_path(group)}/status", start, block.status[:, slots])
    file.write("/slots/agent", int(block.episodes[0]), _agents_present(block))


def _agents_present(block: Block) -> IntArray:
    seen = np.cumsum(block.status != Status.ABSENT, axis=0)
    seen = np.concatenate([np.zeros((1, seen.shape[1]), seen.dtype), seen])
    is_present = np.diff(seen[block.offsets], axis=0) > 0
    return np.where(is_present, np.arange(block.status.shape[1]), -1)
