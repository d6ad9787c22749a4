"""Rows are cut where the marks say, and every row belongs to at most one episode."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Cut
from convscope_loaders.structure.cutters import Marks, cut_rows


def marks(listed=(), is_end=(), rows=6, entries=1, lengths=(), is_blank=()):
    return Marks(
        listed=np.asarray(listed, dtype=float),
        lengths=np.asarray(lengths, dtype=float),
        is_end=np.asarray(is_end, dtype=bool).reshape(entries, rows, -1) if len(is_end) else np.zeros((0, 0, 0), bool),
        is_break=np.zeros((0, 0), bool),
        is_blank=np.asarray(is_blank, dtype=bool),
        rows=rows,
        entries=entries,
    )


def spans_of(cut, given_marks):
    spans = cut_rows(cut, given_marks)
    return list(zip(spans.index.tolist(), spans.start.tolist(), spans.stop.tolist(), strict=True))


@pytest.mark.parametrize(
    ("cut", "listed"),
    [
        (Cut.STARTS, [0, 2]),
        (Cut.ENDS, [2, 6]),
        (Cut.LAST_ROWS, [1, 5]),
        (Cut.LENGTHS, [2, 4]),
        (Cut.IDS, [7, 7, 3, 3, 3, 3]),
        (Cut.TIMES, [0, 1, 0, 1, 2, 3]),
    ],
)
def test_all_marks_of_the_same_episodes_give_the_same_rows(cut, listed):
    assert spans_of(cut, marks(listed)) == [(0, 0, 2), (0, 2, 6)]


def test_flags_cut_each_entry_of_its_own_and_what_has_no_end_is_open():
    given_marks = marks(is_end=[[0, 1, 0, 0], [0, 0, 0, 1]], rows=4, entries=2)
    assert spans_of(Cut.FLAGS, given_marks) == [(0, 0, 2), (0, 2, 4), (1, 0, 4)]
    assert cut_rows(Cut.FLAGS, given_marks).is_open.tolist() == [False, True, False]
    assert spans_of(Cut.FIRST_FLAG, given_marks) == [(0, 0, 2), (1, 0, 4)]


def test_flags_of_the_next_first_row_cut_before_it():
    given_marks = marks(is_end=[[1, 0, 1, 0], [0, 0, 0, 1]], rows=4, entries=2)
    assert spans_of(Cut.FIRST_ROWS, given_marks) == [(0, 0, 2), (0, 2, 4), (1, 0, 3), (1, 3, 4)]
    assert cut_rows(Cut.FIRST_ROWS, given_marks).is_open.tolist() == [False, True, False, True]


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=3))
def test_flags_a_step_late_cut_as_flags_in_time_do(flags):
    late = [[False, *row[:-1]] for row in flags]
    in_time = [[*row[:-1], False] for row in flags]
    size = {"rows": 5, "entries": len(flags)}
    assert spans_of(Cut.FIRST_ROWS, marks(is_end=late, **size)) == spans_of(Cut.FLAGS, marks(is_end=in_time, **size))


def test_an_episode_is_over_once_the_last_agent_has_had_its_flag():
    first, second = [0, 1, 0, 0, 0, 1], [0, 0, 0, 1, 1, 0]
    given_marks = marks(is_end=[list(zip(first, second, strict=True))])
    assert spans_of(Cut.FLAGS, given_marks) == [(0, 0, 4), (0, 4, 6)]
    assert spans_of(Cut.FIRST_FLAG, given_marks) == [(0, 0, 4)]


def test_starts_with_lengths_leave_rows_out_and_a_single_one_is_the_final_observation():
    spans = cut_rows(Cut.STARTS, marks([0, 3], lengths=[2, 2], rows=7))
    assert list(zip(spans.start.tolist(), spans.stop.tolist(), strict=True)) == [(0, 2), (3, 5)]
    assert spans.has_final.tolist() == [True, False]
    with pytest.raises(LogFormatError, match="2 starts do not go with 3 lengths"):
        cut_rows(Cut.STARTS, marks([0, 3], lengths=[1, 1, 1]))


def test_blank_rows_at_the_end_are_padding_and_others_are_not():
    is_blank = [[0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]]
    assert spans_of(Cut.MISSING, marks(is_blank=is_blank, entries=2)) == [(0, 0, 3), (1, 0, 6)]
    assert spans_of(Cut.ZEROS, marks(is_blank=is_blank, entries=2)) == [(0, 0, 3), (1, 0, 6)]


def test_a_mask_with_gaps_and_numbers_that_count_nothing_are_errors():
    with pytest.raises(LogFormatError, match="gaps"):
        cut_rows(Cut.FILLED, marks([1, 0, 1, 1, 1, 1]))
    for bad in (np.nan, np.inf, 1e300):
        with pytest.raises(LogFormatError, match="count nothing"):
            cut_rows(Cut.LENGTHS, marks([bad, 2]))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8))
def test_lists_in_every_form_cover_the_rows_once(lengths):
    ends = np.cumsum(lengths)
    forms = {
        Cut.STARTS: ends - lengths,
        Cut.ENDS: ends,
        Cut.LAST_ROWS: ends - 1,
        Cut.LENGTHS: lengths,
        Cut.IDS: np.repeat(np.arange(len(lengths)), lengths),
    }
    for cut, listed in forms.items():
        spans = cut_rows(cut, marks(listed, rows=int(ends[-1])))
        assert (spans.stop - spans.start).tolist() == lengths
        assert spans.start.tolist() == (ends - lengths).tolist()
