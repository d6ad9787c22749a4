"""A table with a row per joint step, shown as one with a row per joint step and agent."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory
from convscope.ingest.names import in_numbered_order
from convscope.values.arrays import FloatArray
from convscope_loaders.structure.names import text_list
from convscope_loaders.table.columns import AGENT
from convscope_loaders.tidy.row_names import BESIDE

AGENT_COLUMN = f"/{AGENT}"
"""Which agent a row is about."""
PRESENT_COLUMN = "/{present}"
"""Whether any of its columns says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnColumn:
    """One column for each agent."""

    paths: tuple[str | None, ...]
    """Of each agent; None where it has no such column."""
    width: int
    """Numbers of the widest."""
    shape: tuple[int, ...]
    """Of one row."""
    codes: tuple[tuple[int, ...], ...] = ()
    """What each agent's codes are in the names of all; empty for numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WideStore:
    """Opens a wide table with a row for each agent."""

    base: ArrayStore
    n_agents: int
    own: tuple[tuple[str, OwnColumn], ...]
    """By template."""
    some: str
    """Any column, to count rows by."""

    @contextmanager
    def open(self) -> Generator["WideReader"]:
        """Open the table for reading rows."""
        with self.base.open() as file:
            yield WideReader(file, self)


class WideReader:
    """Reads rows of an open wide table."""

    def __init__(self, file: ArrayReader, store: WideStore) -> None:
        self._file, self._own = file, dict(store.own)
        self._n_agents, self._some = store.n_agents, store.some

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column, those of a joint step one after the other in the order of the agents."""
        n_agents = self._n_agents
        first, last = start // n_agents, None if stop is None else -(-stop // n_agents)
        rows = self._rows(dataset, first, last)
        flat = rows.reshape(-1, *rows.shape[2:])
        return flat[start - first * n_agents : None if stop is None else stop - first * n_agents]

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: texts are codes here."""
        raise LogFormatError(f"{dataset} holds no text")

    def _rows(self, dataset: str, first: int, last: int | None) -> npt.NDArray[Any]:
        """Return joint steps of a column, shape (steps, agents, ...)."""
        if dataset in self._own:
            return self._own_rows(self._own[dataset], first, last)
        if dataset == PRESENT_COLUMN:
            known = [self._own_rows(own, first, last) for own in self._own.values()]
            is_known = [np.isfinite(rows.reshape(*rows.shape[:2], -1)).any(axis=2) for rows in known]
            return np.asarray(np.any(is_known, axis=0))
        if dataset == AGENT_COLUMN:
            return np.tile(np.arange(self._n_agents), (len(self._file.read(self._some, first, last)), 1))
        return np.repeat(self._file.read(dataset, first, last)[:, None], self._n_agents, axis=1)

    def _own_rows(self, own: OwnColumn, first: int, last: int | None) -> FloatArray:
        parts = [None if path is None else self._numbers(path, first, last) for path in own.paths]
        n_steps = next(len(part) for part in parts if part is not None)
        rows = np.full((n_steps, self._n_agents, own.width), np.nan)
        for slot, part in enumerate(parts):
            if part is None:
                continue
            if own.codes:
                is_known = np.isfinite(part)
                part[is_known] = np.array(own.codes[slot], np.float64)[part[is_known].astype(np.int64)]
            rows[:, slot, : part.shape[1]] = part
        return rows.reshape(n_steps, self._n_agents, *own.shape)

    def _numbers(self, path: str, first: int, last: int | None) -> FloatArray:
        found = self._file.read(path, first, last)
        return found.reshape(len(found), -1).astype(np.float64)


def widened(container: Container, agents: Sequence[str], template_of: Mapping[str, str]) -> Container:
    """Return the view of a wide table.

    Parameters
    ----------
    container
        Its columns.
    agents
        What stands for each agent in their names.
    template_of
        Path of a column with ``{agent}`` for the agent in it, by the column's path, for all columns of agents.
    """
    inventory = container.inventory
    attributes = {**inventory.attributes, "/": {**inventory.attributes.get("/", {}), BESIDE: len(agents)}}
    own: dict[str, OwnColumn] = {}
    for template in dict.fromkeys(template_of.values()):
        paths = tuple(_path_of(template, agent, template_of) for agent in agents)
        own[template], names = _own(inventory, paths)
        if names is not None:
            attributes[template] = {"values": names}
    n_agents = len(agents)
    n_rows = max((info.shape[0] for info in inventory.datasets.values()), default=0) * n_agents
    shared = [info for path, info in inventory.datasets.items() if path not in template_of]
    infos = [ArrayInfo(path=info.path, shape=(n_rows, *info.shape[1:]), dtype=info.dtype) for info in shared]
    infos += [ArrayInfo(path=path, shape=(n_rows, *column.shape), dtype="<f8") for path, column in own.items()]
    infos += [
        ArrayInfo(path=AGENT_COLUMN, shape=(n_rows,), dtype="<i8"),
        ArrayInfo(path=PRESENT_COLUMN, shape=(n_rows,), dtype="|b1"),
    ]
    attributes[AGENT_COLUMN] = {"values": tuple(f"agent_{name}" if name.isdecimal() else name for name in agents)}
    return Container(
        inventory=Inventory(
            datasets={info.path: info for info in infos}, attributes=attributes, notices=inventory.notices
        ),
        store=WideStore(
            base=container.store, n_agents=n_agents, own=tuple(own.items()), some=next(iter(inventory.datasets))
        ),
    )


def _path_of(template: str, agent: str, template_of: Mapping[str, str]) -> str | None:
    path = template.replace(AGENT, agent)
    return path if path in template_of else None


def _own(inventory: Inventory, paths: Sequence[str | None]) -> tuple[OwnColumn, tuple[str, ...] | None]:
    shapes = [inventory.datasets[path].shape[1:] for path in paths if path is not None]
    width = max(prod(shape) for shape in shapes)
    shape = shapes[0] if len(set(shapes)) == 1 else (width,)
    values = [None if path is None else inventory.attributes.get(path, {}).get("values") for path in paths]
    if not any(isinstance(own, tuple) for own in values):
        return OwnColumn(paths=tuple(paths), width=width, shape=shape), None
    names = in_numbered_order({name for own in values for name in text_list(own)})
    place = {name: code for code, name in enumerate(names)}
    codes = tuple(tuple(place[name] for name in text_list(own)) for own in values)
    return OwnColumn(paths=tuple(paths), width=width, shape=shape, codes=codes), names
