"""Where episodes begin and end in one group of arrays."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope_loaders.structure.cutters import Marks, Spans, counts, cut_rows
from convscope_loaders.structure.templates import PathValues, Template


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The episodes of one stream."""

    label: IntArray
    """Number by which streams of other agents name the same episode, shape (E,)."""
    index: IntArray
    """Entry on the episode axis, -1 without one, shape (E,)."""
    start: IntArray
    """First row, shape (E,)."""
    stop: IntArray
    """One past the last row, shape (E,)."""
    first_time: IntArray
    """Timestep of the first row, shape (E,)."""
    is_open: BoolArray
    """Whether the recording stops without the end that others have, shape (E,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Size of a stream's arrays."""

    rows: int
    """Along the row or time axis."""
    entries: int | None
    """Along the episode axis; None without one."""


def find_segments(
    file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, extent: Extent, place: str
) -> Segments:
    """Cut one stream into episodes.

    Parameters
    ----------
    file
        Open file.
    episodes
        How episodes are told apart.
    values
        Values of the path's axes.
    extent
        Size of the stream's arrays.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If the list, column or mask does not fit the arrays.
    """
    path = "" if episodes.array is None else Template(text=episodes.array.path).fill(values)
    try:
        spans = cut_rows(episodes.cut, _marks(file, episodes, values, extent=extent))
    except LogFormatError as error:
        raise LogFormatError(f"{place}:{path}: {error}") from error
    if len(spans.start) and (
        spans.start.min() < 0 or spans.stop.max() > extent.rows or (spans.stop < spans.start).any()
    ):
        raise LogFormatError(
            f"{place}:{path} counts rows from {spans.start.min()} to {spans.stop.max()}, but the arrays have rows 0 to "
            f"{extent.rows}"
        )
    n_episodes = len(spans.start)
    return Segments(
        label=spans.label,
        index=np.full(n_episodes, -1) if extent.entries is None else spans.index,
        start=spans.start,
        stop=spans.stop,
        first_time=_first_times(file, episodes, values, spans=spans),
        is_open=spans.is_open,
    )


def read_plain(file: ArrayReader, array: ArrayMapping, values: PathValues) -> FloatArray:
    """Read a whole array of numbers, the episode axis first, then rows, then agents; trailing axes of 1 are dropped."""
    path = Template(text=array.path).fill(values)
    read = file.read(path)
    if read.dtype.kind not in "biuf":
        raise LogFormatError(f"{path} holds no plain numbers")
    numbers = read.astype(np.float64)
    order = (Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT, Axis.VALUE)
    kept = sorted(range(len(array.axes)), key=lambda place: order.index(array.axes[place]))
    ordered = np.moveaxis(numbers, kept, range(len(kept)))
    while ordered.ndim > len(array.axes) and ordered.shape[-1] == 1:
        ordered = ordered[..., 0]
    return ordered


def _marks(file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, extent: Extent) -> Marks:
    entries = 1 if extent.entries is None else extent.entries
    listed = np.empty(0) if episodes.array is None else read_plain(file, episodes.array, values)
    is_end = np.zeros((0, 0), bool)
    if episodes.cut in {Cut.FLAGS, Cut.FIRST_ROWS, Cut.FIRST_FLAG}:
        is_end = _end_flags(file, episodes, values, entries=entries, rows=extent.rows)
    elif episodes.cut not in _LISTS and listed.size not in {0, entries * extent.rows}:
        raise LogFormatError(f"it has {listed.size} numbers for {entries * extent.rows} rows")
    return Marks(listed=listed, is_end=is_end, rows=extent.rows, entries=entries)


_LISTS = frozenset({Cut.STARTS, Cut.ENDS, Cut.LAST_ROWS, Cut.LENGTHS, Cut.SPANS})


def _end_flags(
    file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, entries: int, rows: int
) -> BoolArray:
    """Read the flags of unknown kind, else those of both kinds together; with an agent axis, all must have ended."""
    named = (episodes.array,) if episodes.array is not None else (episodes.terminated, episodes.truncated)
    flags = [read_plain(file, array, values) for array in named if array is not None]
    if not flags:
        raise LogFormatError("episodes are to be cut at end flags, but none are named")
    together = np.maximum.reduce(flags)
    if not together.size or together.size % (entries * rows):
        raise LogFormatError(f"end flags of shape {together.shape} do not fit {entries * rows} rows")
    ended: BoolArray = np.min(together.reshape(entries, rows, -1), axis=2) > 0
    return ended


def _first_times(file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, spans: Spans) -> IntArray:
    if episodes.time is None or not len(spans.start):
        return np.zeros(len(spans.start), np.int64)
    steps = counts(read_plain(file, episodes.time, values))
    return steps[spans.start] if steps.ndim == 1 else steps[spans.index, spans.start]
