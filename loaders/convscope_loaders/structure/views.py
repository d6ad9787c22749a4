"""Arrays as a mapping wants them, worked out from those of a container row by row, as they are read."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, part_of_rows, read_part


class View(Protocol):
    """An array that is worked out. Picklable and small."""

    @property
    def info(self) -> ArrayInfo:
        """Its path may be that of an own array of the container, which it then hides."""
        ...

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows, out of the container's own arrays; a scalar as it is."""
        ...


@runtime_checkable
class PartView(Protocol):
    """A view that works out no more of itself than is asked for."""

    def part(self, file: ArrayReader, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[Any]:
        """Return a part of it: from where to where on some axes, the others whole."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldView:
    """A small array in memory, such as a flag for each row."""

    path: str
    array: npt.NDArray[Any]

    @property
    def info(self) -> ArrayInfo:
        """As the array has it."""
        return ArrayInfo(path=self.path, shape=self.array.shape, dtype=self.array.dtype.str)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:  # noqa: ARG002
        """Return rows of the array."""
        return self.array[start:stop] if self.array.ndim else self.array


class ViewReader:
    """Reads rows of own arrays and of views.

    Parameters
    ----------
    file
        Open container.
    views
        By path.
    """

    def __init__(self, file: ArrayReader, views: Mapping[str, View]) -> None:
        self._file = file
        self._views = views

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar."""
        view = self._views.get(dataset)
        if view is None:
            return self._file.read(dataset, start, stop)
        n_rows = view.info.shape[0] if view.info.shape else 0
        return view.rows(self._file, start, max(n_rows if stop is None else min(stop, n_rows), start))

    def read_part(self, dataset: str, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[np.generic]:
        """Return a part of an array: from where to where on some axes, the others whole."""
        view = self._views.get(dataset)
        if view is None:
            return read_part(self._file, dataset, spans)
        if isinstance(view, PartView):
            return view.part(self._file, spans)
        return part_of_rows(self, dataset, spans)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array, flattened."""
        return self._file.read_text(dataset)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewStore:
    """A container and views of it."""

    store: ArrayStore
    views: Mapping[str, View]

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the container for reading rows."""
        return _opened(self)


def with_views(container: Container, views: Iterable[View]) -> Container:
    """Return a container with views beside its own arrays, or in their place."""
    by_path = {view.info.path: view for view in views}
    inventory = container.inventory
    datasets = {**inventory.datasets, **{path: view.info for path, view in by_path.items()}}
    return Container(
        inventory=replace(inventory, datasets=datasets), store=ViewStore(store=container.store, views=by_path)
    )


def only_views(container: Container, views: Iterable[View]) -> Container:
    """Return a container of views alone."""
    return with_views(replace(container, inventory=replace(container.inventory, datasets={})), views)


@contextmanager
def _opened(store: ViewStore) -> Generator[ViewReader]:
    with store.store.open() as file:
        yield ViewReader(file, store.views)
