"""Rows of a table that are no steps: those that hold only metrics, as trackers log them between the steps."""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader, ArrayStore, Container
from convscope.ingest.table_mapping import TableMapping
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import AGENT, name_meaning
from convscope_loaders.tidy.row_names import LEFT_OUT

_OF_NO_STEP = frozenset(
    {
        Meaning.TIMESTEP,
        Meaning.EPISODE_ID,
        Meaning.RUN,
        Meaning.CHECKPOINT,
        Meaning.CONDITION,
        Meaning.INSTANCE,
        Meaning.ROLE,
        Meaning.TEAM,
    }
)
"""What says where a row belongs, and nothing of what happened."""
_WHERE = ("time", "run", "checkpoint", "condition", "role", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRowsStore:
    """Opens a table without the rows that hold only metrics."""

    base: ArrayStore
    telling: tuple[str, ...]
    """Columns that say what happened in a step: a row with any of these is one."""
    others: tuple[str, ...]
    """Columns of no known meaning."""
    state: tuple[int, int]
    """Size and time of change of the file, so that another one at the place is looked at anew."""

    @contextmanager
    def open(self) -> Generator["StepRowsReader"]:
        """Open the table for reading rows."""
        with self.base.open() as file:
            yield StepRowsReader(file, _sorted_rows(self).kept)


class StepRowsReader:
    """Reads rows of an open table, of those that are steps."""

    def __init__(self, file: ArrayReader, kept: IntArray) -> None:
        self._file, self._kept = file, kept

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column."""
        rows = self._kept[start:stop]
        if not len(rows):
            return self._file.read(dataset, 0, 0)
        found: npt.NDArray[Any] = self._file.read(dataset, int(rows[0]), int(rows[-1]) + 1)
        return np.asarray(found[rows - rows[0]])

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of a column."""
        return self._file.read_text(dataset)


def only_steps(
    container: Container,
    declared: TableMapping,
    state: tuple[int, int],
    *,
    template_of: Mapping[str, str] = MappingProxyType({}),
) -> Container:
    """Leave out rows that hold values of no step, in columns that no step fills, and these columns.

    Parameters
    ----------
    container
        The table.
    declared
        What a mapping says, by paths.
    state
        Size and time of change of the file.
    template_of
        Path of a column with ``{agent}`` for the agent in it, by the column's path, for the columns of agents.
    """
    inventory = container.inventory
    where = {declared.told.get(name) for name in _WHERE} | {*declared.episode}
    named = {column for column in declared.columns if column not in where}
    telling, others = [], []
    for path, info in inventory.datasets.items():
        name = template_of.get(path, path)
        meaning = name_meaning(name.replace(AGENT, " "))
        if name in named or (meaning is not None and meaning not in _OF_NO_STEP):
            if info.is_whole:
                # It has no empty cell.
                return container
            telling.append(path)
        elif meaning is None and name not in where:
            others.append(path)
    store = StepRowsStore(base=container.store, telling=tuple(telling), others=tuple(others), state=state)
    found = _sorted_rows(store)
    if not found.metrics:
        return container
    n_rows = len(found.kept)
    kept = {
        path: replace(info, shape=(n_rows, *info.shape[1:]))
        for path, info in inventory.datasets.items()
        if path not in found.metrics
    }
    attributes = {**inventory.attributes, "/": {**inventory.attributes.get("/", {}), LEFT_OUT: found.left_out}}
    told = replace(inventory, datasets=kept, attributes=attributes, notices=(*inventory.notices, found.notice))
    return Container(inventory=told, store=store)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SortedRows:
    """Which rows of a table are steps."""

    kept: IntArray
    n_rows: int
    metrics: Collection[str] = ()
    """Columns that only the other rows fill; empty where all rows are steps."""

    @property
    def left_out(self) -> tuple[int, ...]:
        return tuple(np.setdiff1d(np.arange(self.n_rows), self.kept).tolist())

    @property
    def notice(self) -> Notice:
        columns = listed([path.strip("/")[:80] for path in self.metrics])
        message = (
            f"{self.n_rows - len(self.kept)} of {self.n_rows} rows are no timesteps and are left out: they say nothing "
            f"of what agents did, and hold values that no timestep has ({columns})"
        )
        return Notice(code="left-out-metric-rows", message=message)


@lru_cache(maxsize=8)
def _sorted_rows(store: StepRowsStore) -> _SortedRows:
    with store.base.open() as file:
        is_step = np.zeros(len(file.read(store.telling[0])) if store.telling else 0, bool)
        for path in store.telling:
            is_step |= _is_filled(file, path)
            if is_step.all():
                return _SortedRows(kept=np.arange(len(is_step)), n_rows=len(is_step))
        is_metric, is_mixed = np.zeros_like(is_step), np.zeros_like(is_step)
        metrics: list[str] = []
        for path in store.others:
            is_filled = _is_filled(file, path)
            if is_filled.any() and not is_filled[is_step].any():
                metrics.append(path)
                is_metric |= is_filled
            elif not is_filled.all():
                # What some steps hold is no metric; what every row holds, such as a wall clock, tells nothing.
                is_mixed |= is_filled
    is_left_out = is_metric & ~is_mixed & ~is_step
    if not is_left_out.any() or not is_step.any():
        return _SortedRows(kept=np.arange(len(is_step)), n_rows=len(is_step))
    return _SortedRows(kept=np.flatnonzero(~is_left_out), n_rows=len(is_step), metrics=tuple(metrics))


def _is_filled(file: ArrayReader, path: str) -> BoolArray:
    rows = file.read(path)
    numbers = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
    return np.asarray(~np.isnan(numbers).all(axis=1), dtype=np.bool_)
