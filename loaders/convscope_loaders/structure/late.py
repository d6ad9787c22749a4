"""Values that stand a row after the step they came of: rewards beside the observation that came with them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope.ingest.mapping import Axis, LogMapping
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import with_views


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierView:
    """An array in which each row holds what its own next row does; the last one holds nothing."""

    own: ArrayInfo
    axis: int
    """That of the rows."""

    @property
    def info(self) -> ArrayInfo:
        """With room for missing numbers."""
        return replace(self.own, dtype="<f8", pieces=None)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        if self.axis:
            read = np.asarray(file.read(self.own.path, start, stop), dtype=np.float64)
            return self._closed(np.delete(read, 0, axis=self.axis), n_rows=self.own.shape[self.axis])
        read = np.asarray(file.read(self.own.path, start + 1, stop + 1), dtype=np.float64)
        return self._closed(read, n_rows=stop - start)

    def _closed(self, read: npt.NDArray[np.float64], *, n_rows: int) -> npt.NDArray[np.float64]:
        n_more = n_rows - read.shape[self.axis]
        width = [(0, n_more if place == self.axis else 0) for place in range(read.ndim)]
        return np.pad(read, width, constant_values=np.nan)


def with_late(container: Container, mapping: LogMapping) -> Container:
    """Return a container in which the values of late fields stand in the row of their step."""
    views = list(_views(container, mapping))
    return with_views(container, views) if views else container


def _views(container: Container, mapping: LogMapping) -> Iterator[EarlierView]:
    for field in mapping.fields:
        axis = next((place for place, axis in enumerate(field.array.axes) if axis in {Axis.TIME, Axis.ROW}), None)
        if not field.is_late or axis is None:
            continue
        for path, _ in matches(Template(text=field.array.path), container.inventory.datasets):
            yield EarlierView(own=container.inventory.datasets[path], axis=axis)
