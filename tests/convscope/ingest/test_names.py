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


@given(st.lists(st.text(max_size=8), unique=True))
def test_the_order_is_total_and_does_not_depend_on_the_order_given(names):
    assert in_numbered_order(names) == in_numbered_order(reversed(names))
    assert len({numbered_key(name) for name in names}) == len(names)
