"""Parts of arrays by what their axes count, whatever order the file has them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayInfo, ArrayReader, read_part
from convscope.ingest.mapping import ArrayMapping, Axis
from convscope.ingest.pair_weights import Numbering
from convscope.values.arrays import FloatArray, IntArray

Spans = Mapping[Axis, tuple[int, int]]
"""From where to where on some axes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisArray:
    """An array of a container, and what its axes count."""

    info: ArrayInfo
    axes: tuple[Axis, ...]
    """Those that have names; the others are values."""
    column: int | None = None
    """The entry of the axis of columns that is meant; None where there is no such axis."""

    @classmethod
    def of(cls, info: ArrayInfo, array: ArrayMapping) -> "AxisArray":
        """Return an array as a mapping describes it."""
        axes = tuple(axis for axis in array.axes if axis is not Axis.VALUE)
        return cls(info=info, axes=axes, column=array.take[0] if Axis.COLUMN in axes and array.take else None)

    @property
    def sizes(self) -> Mapping[Axis, int]:
        """Of each axis but that of columns."""
        sizes = dict(zip(self.axes, self.info.shape, strict=False))
        return {axis: size for axis, size in sizes.items() if axis is not Axis.COLUMN}

    @property
    def values(self) -> tuple[int, ...]:
        """Sizes of the axes without a name."""
        return self.info.shape[len(self.axes) :]

    def read(self, file: ArrayReader, spans: Spans, order: Sequence[Axis]) -> FloatArray:
        """Return a part of it.

        Parameters
        ----------
        file
            Open container.
        spans
            Other axes, and those that the array does not have, are read whole.
        order
            Axes of what is returned; those that the array lacks have one entry. All its values follow on one axis.
        """
        at = {place: spans[axis] for place, axis in enumerate(self.axes) if axis in spans}
        if self.column is not None:
            at[self.axes.index(Axis.COLUMN)] = (self.column, self.column + 1)
        read = np.asarray(read_part(file, self.info.path, at), dtype=np.float64)
        read = read.reshape(*read.shape[: len(self.axes)], -1)
        if self.column is not None:
            read = np.squeeze(read, axis=self.axes.index(Axis.COLUMN))
        own = [axis for axis in self.axes if axis is not Axis.COLUMN]
        wanted = [own.index(axis) for axis in order if axis in own]
        ordered = read.transpose(*wanted, len(own))
        return np.expand_dims(ordered, [place for place, axis in enumerate(order) if axis not in own])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairEnd:
    """Receivers or senders of weights: the same everywhere, or numbered in an array."""

    axes: tuple[Axis, ...]
    held: IntArray | None = None
    """Agents by their place, -1 for none; None where an array numbers them."""
    array: AxisArray | None = None
    numbering: Numbering | None = None
    place: str = ""
    """The array, for errors."""

    def read(self, file: ArrayReader, spans: Spans, order: Sequence[Axis]) -> IntArray:
        """Return agents; parameters as in `AxisArray.read`."""
        if self.held is not None:
            return np.expand_dims(self.held, [place for place, axis in enumerate(order) if axis not in self.axes])
        if self.array is None or self.numbering is None:
            raise ValueError("an end of pairs is either held or numbered in an array")
        return self.numbering.agents(self.array.read(file, spans, order)[..., 0], self.place)
