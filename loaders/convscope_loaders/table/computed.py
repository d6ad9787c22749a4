"""A table with columns that are worked out from its own: once in a process, and again in another one."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory


class Recipe(Protocol):
    """How a column is worked out; small, picklable and hashable."""

    def numbers(self, file: ArrayReader) -> npt.NDArray[Any]:
        """Return the whole column."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedStore:
    """A table with one column more."""

    base: ArrayStore
    column: str
    recipe: Recipe
    state: tuple[int, int]
    """Size and time of change of the file, so that another one at the place is looked at anew."""

    @contextmanager
    def open(self) -> Generator["ComputedReader"]:
        """Open the table for reading rows."""
        with self.base.open() as file:
            yield ComputedReader(file, self)


class ComputedReader:
    """Reads rows of an open table."""

    def __init__(self, file: ArrayReader, store: ComputedStore) -> None:
        self._file, self._store = file, store

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column."""
        if dataset == self._store.column:
            return computed(self._store)[start:stop]
        return self._file.read(dataset, start, stop)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of a column."""
        return self._file.read_text(dataset)


@lru_cache(maxsize=8)
def computed(store: ComputedStore) -> npt.NDArray[Any]:
    """Return the whole column that a store adds."""
    with store.base.open() as file:
        return store.recipe.numbers(file)


def with_column(container: Container, store: ComputedStore) -> Container:
    """Return a container with the column that a store adds to it."""
    column = computed(store)
    inventory = container.inventory
    info = ArrayInfo(path=store.column, shape=column.shape, dtype=column.dtype.str)
    return Container(
        inventory=Inventory(
            datasets={**inventory.datasets, store.column: info},
            attributes=inventory.attributes,
            notices=inventory.notices,
        ),
        store=store,
    )
