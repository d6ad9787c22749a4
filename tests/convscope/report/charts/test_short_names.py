"""Long names stay readable in a figure, and names that differ look different."""

from hypothesis import given
from hypothesis import strategies as st

from convscope.report.charts.short_names import MOST_LETTERS, short_names


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert short_names(["seed_1", "runs/2026-01-05/baseline/seed_3"]) == ["seed_1", "runs/2026-01…line/seed_3"]


def test_names_that_would_look_alike_are_numbered():
    names = [f"a long beginning, {middle}, and a long end" for middle in ("one", "two")]
    assert short_names(names) == ["a long beg… long end (1)", "a long beg… long end (2)"]
    assert short_names([names[1], names[1]]) == short_names([names[1]]) * 2


@given(st.lists(st.text("ab_/\u202e", max_size=40), max_size=6))
def test_names_fit_and_stay_different(names):
    short = short_names(names)
    assert all(len(each) <= MOST_LETTERS for each in short)
    assert len(set(short)) == len(set(names))
