"""Numbers in names sort as numbers."""

from hypothesis import given
from hypothesis import strategies as st

from convscope.ingest.names import in_numbered_order, numbered_key


def test_ten_comes_after_nine():
    assert in_numbered_order(["e_10", "e_9", "e_1/b", "e_1/a2", "e_1/a10"]) == (
        "e_1/a2",
        "e_1/a10",
        "e_1/b",
        "e_9",
        "e_10",
    )


def test_a_number_of_thousands_of_digits_has_its_place():
    assert in_numbered_order(["1" * 5000, "2", "0" * 5000 + "3", "٤"]) == ("2", "0" * 5000 + "3", "٤", "1" * 5000)


@given(st.lists(st.integers(0, 10**9)))
def test_numbers_are_in_their_own_order(numbers):
    assert in_numbered_order(map(str, numbers)) == tuple(map(str, sorted(numbers)))


@given(st.lists(st.text(max_size=8), unique=True))
def test_the_order_is_total_and_does_not_depend_on_the_order_given(names):
    assert in_numbered_order(names) == in_numbered_order(reversed(names))
    assert len({numbered_key(name) for name in names}) == len(names)
