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
    lengths: FloatArray
    """Number of steps of each episode beside a list of starts; empty without one."""
    is_end: BoolArray
    """Flags of last (or first) rows, of the team or of each agent, shape (entries, rows, flags); empty where the cut
    needs none."""
    is_break: BoolArray
    """Rows that are not followed by what was announced, shape (entries, rows); empty where the cut needs none."""
    is_blank: BoolArray
    """Rows that hold nothing, shape (entries, rows); empty where the cut needs none."""
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
    has_final: BoolArray
    """Whether one more row, with the final observation, follows, shape (E,)."""


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
    # Offsets count one more, which is the end of the last episode.
    start = start[:-1] if len(start) > 1 and start[-1] == marks.rows else start
    following = np.append(start[1:], marks.rows)
    if not marks.lengths.size:
        return _listed(start, following)
    lengths = counts(marks.lengths)
    if len(lengths) != len(start):
        raise LogFormatError(f"{len(start)} starts do not go with {len(lengths)} lengths")
    return _listed(start, start + lengths, has_final=following - start - lengths == 1)


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


def _lengths_and_final(marks: Marks) -> Spans:
    lengths = counts(marks.listed)
    stop = np.cumsum(lengths + 1) - 1
    return _listed(stop - lengths, stop, has_final=np.ones(len(lengths), bool))


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
    mask = marks.listed.reshape(marks.entries, -1) > 0
    lengths = mask.sum(axis=1)
    if not np.array_equal(mask, np.arange(mask.shape[1]) < lengths[:, None]):
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
    return replace(spans, label=numbers[spans.index, spans.start])


def _times(marks: Marks) -> Spans:
    steps = counts(marks.listed).reshape(marks.entries, marks.rows)
    is_last = np.ones(steps.shape, bool)
    is_last[:, :-1] = np.diff(steps, axis=1) <= 0
    return _between(is_last, np.ones(steps.shape, bool))


def _flags(marks: Marks) -> Spans:
    return _after_ends(marks, np.zeros((marks.entries, marks.rows), bool))


def _after_ends(marks: Marks, is_over: BoolArray) -> Spans:
    """Cut after end flags and after other rows, shape (entries, rows)."""
    is_over = is_over.copy()
    for entry, flags in enumerate(marks.is_end):
        is_over[entry, last_ends(flags)] = True
    is_last = is_over.copy()
    is_last[:, -1:] = True
    return _between(is_last, is_over)


def _flags_ahead(marks: Marks) -> Spans:
    # Flags may have one row more, which no step follows.
    ahead = marks.is_end[:, 1:]
    is_end = np.zeros((marks.entries, marks.rows, marks.is_end.shape[2]), bool)
    is_end[:, : ahead.shape[1]] = ahead
    return _flags(replace(marks, is_end=is_end))


def _announced(marks: Marks) -> Spans:
    is_over = marks.is_break.copy()
    # Without flags nothing says whether the last episode of a recording was over.
    is_over[:, -1:] |= not marks.is_end.size
    return _after_ends(marks, is_over)


def _begins(marks: Marks) -> Spans:
    is_first = marks.listed.reshape(marks.entries, marks.rows) > 0
    is_last = np.ones(is_first.shape, bool)
    is_last[:, :-1] = is_first[:, 1:]
    is_closed = is_last.copy()
    is_closed[:, -1:] = marks.is_end[:, -1:].any(axis=2) if marks.is_end.size else False
    return _between(is_last, is_closed)


def _final_flags(marks: Marks) -> Spans:
    spans = _flags(marks)
    has_final = ~spans.is_open
    return replace(spans, stop=spans.stop - has_final, has_final=has_final)


def _first_flag(marks: Marks) -> Spans:
    since: BoolArray = np.logical_or.accumulate(marks.is_end, axis=1)
    is_over: BoolArray = np.all(since, axis=2)
    return _first_rows(np.where(is_over.any(axis=1), is_over.argmax(axis=1) + 1, marks.rows))


def _trailing(marks: Marks) -> Spans:
    is_padding: BoolArray = np.logical_and.accumulate(marks.is_blank[:, ::-1], axis=1)
    return _first_rows(marks.rows - is_padding.sum(axis=1))


_CUTTERS: dict[Cut, Callable[[Marks], Spans]] = {
    Cut.WHOLE: _whole,
    Cut.STARTS: _starts,
    Cut.ENDS: _ends,
    Cut.LAST_ROWS: _last_rows,
    Cut.LENGTHS: _lengths,
    Cut.LENGTHS_AND_FINAL: _lengths_and_final,
    Cut.IDS: _ids,
    Cut.TIMES: _times,
    Cut.FLAGS: _flags,
    Cut.FIRST_ROWS: _flags_ahead,
    Cut.FIRST_FLAG: _first_flag,
    Cut.ANNOUNCED: _announced,
    Cut.BEGINS: _begins,
    Cut.FINAL_FLAGS: _final_flags,
    Cut.SPANS: _spans,
    Cut.MISSING: _trailing,
    Cut.ZEROS: _trailing,
    Cut.REPEATS: _trailing,
    Cut.FILLED: _filled,
    Cut.FILLED_AND_FINAL: _filled_and_final,
}


def last_ends(flags: BoolArray) -> IntArray:
    """Return the rows in which all agents have had an end flag since the episode began.

    Parameters
    ----------
    flags
        Shape (rows, flags).
    """
    if bool((flags == flags[:, :1]).all()):
        return np.flatnonzero(flags[:, 0])
    rows_of = [np.flatnonzero(column) for column in flags.T]
    ends: list[int] = []
    start = 0
    while True:
        places = [int(np.searchsorted(rows, start)) for rows in rows_of]
        if any(place == len(rows) for place, rows in zip(places, rows_of, strict=True)):
            return np.array(ends, dtype=np.int64)
        ends.append(max(int(rows[place]) for place, rows in zip(places, rows_of, strict=True)))
        start = ends[-1] + 1


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
    return Spans(
        index=index,
        start=start,
        stop=last + 1,
        label=np.arange(len(index)),
        is_open=~is_closed[index, last],
        has_final=np.zeros(len(index), bool),
    )


def _listed(start: IntArray, stop: IntArray, *, has_final: BoolArray | None = None) -> Spans:
    n_episodes = len(start)
    return Spans(
        index=np.zeros(n_episodes, np.int64),
        start=start.astype(np.int64),
        stop=stop.astype(np.int64),
        label=np.arange(n_episodes),
        is_open=np.zeros(n_episodes, bool),
        has_final=np.zeros(n_episodes, bool) if has_final is None else has_final,
    )


def _first_rows(lengths: IntArray) -> Spans:
    spans = _listed(np.zeros(len(lengths), np.int64), lengths)
    return replace(spans, index=spans.label)
