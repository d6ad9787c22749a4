"""Ways to cut rows into episodes, on arrays in memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Cut
from convscope.values.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """What a stream has to be cut by."""

    listed: FloatArray
    """The list, column or mask; empty where the cut needs none."""
    is_end: BoolArray
    """End flags, shape (entries, rows); empty where the cut needs none."""
    rows: int
    """Along the row or time axis."""
    entries: int
    """Along the episode axis, 1 without one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """The rows of each episode."""

    index: IntArray
    """Entry on the episode axis, shape (E,)."""
    start: IntArray
    """First row, shape (E,)."""
    stop: IntArray
    """One past the last row, shape (E,)."""
    label: IntArray
    """Number by which other streams know the episode, shape (E,)."""
    is_open: BoolArray
    """Whether the recording stops before the end flag that others have, shape (E,)."""


def cut_rows(cut: Cut, marks: Marks) -> Spans:
    """Cut a stream into episodes.

    Parameters
    ----------
    cut
        How.
    marks
        By what.

    Raises
    ------
    LogFormatError
        If a mask has gaps, or a list holds numbers that count nothing.
    """
    return _CUTTERS[cut](marks)


def _whole(marks: Marks) -> Spans:
    return _first_rows(np.full(marks.entries, marks.rows))


def _starts(marks: Marks) -> Spans:
    start = counts(marks.listed)
    return _listed(start, np.append(start[1:], marks.rows))


def _ends(marks: Marks) -> Spans:
    stop = counts(marks.listed)
    return _listed(np.concatenate([[0], stop[:-1]]), stop)


def _last_rows(marks: Marks) -> Spans:
    stop = counts(marks.listed) + 1
    return _listed(np.concatenate([[0], stop[:-1]]), stop)


def _lengths(marks: Marks) -> Spans:
    lengths = counts(marks.listed)
    if len(lengths) == marks.entries:
        return _first_rows(lengths)
    stop = np.cumsum(lengths)
    return _listed(stop - lengths, stop)


def _spans(marks: Marks) -> Spans:
    table = counts(marks.listed)
    if table.ndim != 2 or table.shape[1] not in {2, 3}:
        raise LogFormatError(f"a table of episodes has 2 or 3 columns, not the shape {table.shape}")
    spans = _listed(table[:, -2], table[:, -1])
    if table.shape[1] == 2:
        return spans
    if len(table) and not 0 <= table[:, 0].min() <= table[:, 0].max() < marks.entries:
        raise LogFormatError(f"a table of episodes names entries other than 0 to {marks.entries - 1}")
    return replace(spans, index=table[:, 0])


def _filled(marks: Marks) -> Spans:
    mask = marks.listed.reshape(marks.entries, marks.rows) > 0
    lengths = mask.sum(axis=1)
    if not np.array_equal(mask, np.arange(marks.rows) < lengths[:, None]):
        raise LogFormatError("the mask of filled rows has gaps: an episode must be filled from its first row on")
    return _first_rows(lengths)


def _filled_and_final(marks: Marks) -> Spans:
    spans = _filled(marks)
    return _first_rows(np.maximum(spans.stop - 1, 0))


def _ids(marks: Marks) -> Spans:
    numbers = counts(marks.listed).reshape(marks.entries, marks.rows)
    is_last = np.ones(numbers.shape, bool)
    is_last[:, :-1] = np.diff(numbers, axis=1) != 0
    spans = _between(is_last, np.ones(numbers.shape, bool))
    return Spans(
        index=spans.index,
        start=spans.start,
        stop=spans.stop,
        label=numbers[spans.index, spans.start],
        is_open=spans.is_open,
    )


def _times(marks: Marks) -> Spans:
    steps = counts(marks.listed).reshape(marks.entries, marks.rows)
    is_last = np.ones(steps.shape, bool)
    is_last[:, :-1] = np.diff(steps, axis=1) <= 0
    return _between(is_last, np.ones(steps.shape, bool))


def _flags(marks: Marks) -> Spans:
    is_last = marks.is_end.copy()
    is_last[:, -1:] = True
    return _between(is_last, marks.is_end)


def _flags_ahead(marks: Marks) -> Spans:
    is_end = np.zeros_like(marks.is_end)
    is_end[:, :-1] = marks.is_end[:, 1:]
    return _flags(replace(marks, is_end=is_end))


def _first_flag(marks: Marks) -> Spans:
    first = marks.is_end.argmax(axis=1) + 1
    return _first_rows(np.where(marks.is_end.any(axis=1), first, marks.rows))


_CUTTERS: dict[Cut, Callable[[Marks], Spans]] = {
    Cut.WHOLE: _whole,
    Cut.STARTS: _starts,
    Cut.ENDS: _ends,
    Cut.LAST_ROWS: _last_rows,
    Cut.LENGTHS: _lengths,
    Cut.IDS: _ids,
    Cut.TIMES: _times,
    Cut.FLAGS: _flags,
    Cut.FIRST_ROWS: _flags_ahead,
    Cut.FIRST_FLAG: _first_flag,
    Cut.SPANS: _spans,
    Cut.FILLED: _filled,
    Cut.FILLED_AND_FINAL: _filled_and_final,
}


def counts(numbers: FloatArray) -> IntArray:
    """Return numbers that count rows as integers.

    Raises
    ------
    LogFormatError
        If one of them is NaN, infinite or beyond all measure.
    """
    if not np.isfinite(numbers).all() or (np.abs(numbers) > 2**53).any():
        raise LogFormatError("a list of episodes holds numbers that count nothing")
    return numbers.astype(np.int64)


def _between(is_last: BoolArray, is_closed: BoolArray) -> Spans:
    index, last = np.nonzero(is_last)
    start = np.concatenate([[0], last[:-1] + 1]).astype(np.int64)
    start[np.concatenate([[True], index[1:] != index[:-1]])] = 0
    return Spans(index=index, start=start, stop=last + 1, label=np.arange(len(index)), is_open=~is_closed[index, last])


def _listed(start: IntArray, stop: IntArray) -> Spans:
    n_episodes = len(start)
    return Spans(
        index=np.zeros(n_episodes, np.int64),
        start=start.astype(np.int64),
        stop=stop.astype(np.int64),
        label=np.arange(n_episodes),
        is_open=np.zeros(n_episodes, bool),
    )


def _first_rows(lengths: IntArray) -> Spans:
    n_episodes = len(lengths)
    return Spans(
        index=np.arange(n_episodes),
        start=np.zeros(n_episodes, np.int64),
        stop=lengths.astype(np.int64),
        label=np.arange(n_episodes),
        is_open=np.zeros(n_episodes, bool),
    )
