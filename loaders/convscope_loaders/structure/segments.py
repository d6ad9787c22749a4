"""Where episodes begin and end in one group of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope_loaders.structure.blanks import blank_rows
from convscope_loaders.structure.cutters import Marks, Spans, counts, cut_rows
from convscope_loaders.structure.numbers import as_numbers, is_set
from convscope_loaders.structure.succession import find_breaks
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
    has_final: BoolArray
    """Whether one more row, with the final observation, follows, shape (E,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Size of a stream's arrays."""

    rows: int
    """Along the row or time axis."""
    entries: int | None
    """Along the episode axis; None without one."""


def find_segments(
    file: ArrayReader,
    episodes: EpisodeMapping,
    values: PathValues,
    *,
    extent: Extent,
    agents: Sequence[str],
    place: str,
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
    agents
        What stands for each agent in a path.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If the list, column or mask does not fit the arrays.
    """
    path = "" if episodes.array is None else episodes.array.path
    try:
        spans = cut_rows(episodes.cut, _marks(file, episodes, values, extent=extent, agents=agents))
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
        has_final=spans.has_final,
    )


def read_plain(file: ArrayReader, array: ArrayMapping, values: PathValues) -> FloatArray:
    """Read a whole array of numbers, the episode axis first, then rows, then agents; trailing axes of 1 are dropped."""
    path = Template(text=array.path).fill(values)
    return arranged(as_numbers(file.read(path), path), array.axes, path)


def arranged(numbers: FloatArray, axes: tuple[Axis, ...], path: str) -> FloatArray:
    """Return an array in the order of `read_plain`.

    Raises
    ------
    LogFormatError
        If it has too few axes.
    """
    if numbers.ndim < len(axes) - (axes[-1:] == (Axis.VALUE,)):
        raise LogFormatError(f"{path} has the shape {numbers.shape}; it should have the axes {', '.join(axes)}")
    axes = axes[: numbers.ndim]
    order = (Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT, Axis.VALUE)
    kept = sorted(range(len(axes)), key=lambda place: order.index(axes[place]))
    ordered = np.moveaxis(numbers, kept, range(len(kept)))
    while ordered.ndim > len(axes) and ordered.shape[-1] == 1:
        ordered = ordered[..., 0]
    return ordered


def _marks(
    file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, extent: Extent, agents: Sequence[str]
) -> Marks:
    entries = 1 if extent.entries is None else extent.entries
    array, cut = episodes.array, episodes.cut
    listed, lengths = np.empty(0), np.empty(0)
    is_end, is_blank, is_break = np.zeros((0, 0, 0), bool), np.zeros((0, 0), bool), np.zeros((0, 0), bool)
    if cut in {Cut.FLAGS, Cut.FIRST_FLAG, Cut.FIRST_ROWS, Cut.FINAL_FLAGS}:
        named = (array, episodes.terminated, episodes.truncated)
        is_end = _end_flags(file, named, values, extent=extent, agents=agents)
        is_end = is_end if cut is Cut.FIRST_ROWS else is_end[:, : extent.rows]
    elif cut is Cut.BEGINS and array is not None:
        listed = is_set(read_plain(file, array, values), is_negated=array.is_negated).astype(np.float64)
        if listed.size != entries * extent.rows:
            raise LogFormatError(f"it has {listed.size} flags for {entries * extent.rows} rows")
        named = (episodes.ended, episodes.terminated, episodes.truncated)
        is_end = _end_flags(file, named, values, extent=extent, agents=agents) if any(named) else is_end
    elif cut is Cut.ANNOUNCED:
        is_break = _breaks(file, episodes, values, extent=extent, agents=agents)
        named = (episodes.ended, episodes.terminated, episodes.truncated)
        is_end = _end_flags(file, named, values, extent=extent, agents=agents) if any(named) else is_end
    elif cut in {Cut.MISSING, Cut.ZEROS, Cut.REPEATS} and array is not None:
        is_blank = blank_rows(file, Template(text=array.path).fill(values), array.axes, cut=cut)
        if is_blank.shape[0] != entries or is_blank.shape[1] not in {extent.rows, extent.rows + 1}:
            raise LogFormatError(f"it has {is_blank.shape} episodes and rows for {(entries, extent.rows)}")
        is_blank = is_blank[:, : extent.rows]
    elif array is not None:
        listed = _numbers(file, array, values, cut=cut, extent=extent)
        lengths = np.empty(0) if episodes.lengths is None else _listed(file, episodes.lengths, values)
    return Marks(
        listed=listed,
        lengths=lengths,
        is_end=is_end,
        is_break=is_break,
        is_blank=is_blank,
        rows=extent.rows,
        entries=entries,
    )


def _numbers(file: ArrayReader, array: ArrayMapping, values: PathValues, *, cut: Cut, extent: Extent) -> FloatArray:
    """Read a list, column or mask."""
    if cut in _LISTS - {Cut.SPANS}:
        return _listed(file, array, values)
    listed = read_plain(file, array, values)
    entries = 1 if extent.entries is None else extent.entries
    # A mask of filled rows may count the final observation, for which the actions have no row.
    n_more = entries if cut is Cut.FILLED_AND_FINAL else 0
    if cut is not Cut.SPANS and listed.size not in {0, entries * extent.rows, entries * extent.rows + n_more}:
        raise LogFormatError(f"it has {listed.size} numbers for {entries * extent.rows} rows")
    return listed


def _breaks(
    file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, extent: Extent, agents: Sequence[str]
) -> BoolArray:
    if episodes.array is None or episodes.after is None:
        raise LogFormatError("episodes are to be cut by what was announced, but list and next are not both named")
    breaks = find_breaks(file, episodes.array, episodes.after, values=values, agents=agents)
    if breaks.shape[0] != (extent.entries or 1) or breaks.shape[1] not in {extent.rows, extent.rows + 1}:
        raise LogFormatError(f"it has {breaks.shape} episodes and rows for {(extent.entries or 1, extent.rows)}")
    return breaks[:, : extent.rows]


_LISTS = frozenset({Cut.STARTS, Cut.ENDS, Cut.LAST_ROWS, Cut.LENGTHS, Cut.LENGTHS_AND_FINAL, Cut.SPANS})


def _listed(file: ArrayReader, array: ArrayMapping, values: PathValues) -> FloatArray:
    """Read a list of episodes, which is a single number where a group holds one episode."""
    path = Template(text=array.path).fill(values)
    return as_numbers(file.read(path), path).ravel()


def _end_flags(
    file: ArrayReader,
    named: Sequence[ArrayMapping | None],
    values: PathValues,
    *,
    extent: Extent,
    agents: Sequence[str],
) -> BoolArray:
    """Read the flags of all kinds together, shape (entries, rows, flags), with a flag of each agent or of the team."""
    entries = 1 if extent.entries is None else extent.entries
    flags = [_flags_of_all(file, array, values, agents=agents) for array in named if array is not None]
    if not flags:
        raise LogFormatError("episodes are to be cut at end flags, but none are named")
    # One row more belongs to the final observation.
    sizes = {one.size and extent.rows + (one.size % (entries * extent.rows or 1) > 0) for one in flags}
    n_rows = sizes.pop()
    wrong = next((one.shape for one in flags if sizes or not n_rows or one.size % (entries * n_rows)), None)
    if wrong is not None:
        raise LogFormatError(f"end flags of shape {wrong} do not fit {entries * extent.rows} rows")
    each = [one.reshape(entries, n_rows, -1) for one in flags]
    if len({one.shape[2] for one in each} - {1}) > 1:
        raise LogFormatError("end flags of several kinds are for another number of agents each")
    ended: BoolArray = np.logical_or.reduce(np.broadcast_arrays(*each))
    return ended


def _flags_of_all(file: ArrayReader, array: ArrayMapping, values: PathValues, *, agents: Sequence[str]) -> BoolArray:
    """Read flags; those of all agents side by side where each has its own and the rows are the team's."""
    if Axis.AGENT not in Template(text=array.path).axes or Axis.AGENT in values:
        return _read_flags(file, array, values)
    own = [_read_flags(file, array, {**values, Axis.AGENT: agent}) for agent in agents]
    if len({one.shape for one in own}) != 1:
        raise LogFormatError("end flags of agents are not equally long")
    return np.stack(own, axis=-1)


def _read_flags(file: ArrayReader, array: ArrayMapping, values: PathValues) -> BoolArray:
    return is_set(read_plain(file, array, values), is_negated=array.is_negated)


def _first_times(file: ArrayReader, episodes: EpisodeMapping, values: PathValues, *, spans: Spans) -> IntArray:
    if episodes.time is None or not len(spans.start):
        return np.zeros(len(spans.start), np.int64)
    steps = counts(read_plain(file, episodes.time, values))
    return steps[spans.start] if steps.ndim == 1 else steps[spans.index, spans.start]
