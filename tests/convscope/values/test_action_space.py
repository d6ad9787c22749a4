"""An action space is checked when it is made, whoever makes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.values.header import MAX_CHOICES, MAX_COMPONENTS, ActionKind, ActionSpace

COUNTS = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=3), st.none())


@pytest.mark.parametrize("n", [0, -3, 1e30, float("nan"), True, "5", None, MAX_CHOICES + 1, 10**400])
def test_a_number_of_choices_that_cannot_be_is_an_error(n):
    with pytest.raises(LogFormatError, match="choices; there are 1 to"):
        ActionSpace(kind=ActionKind.DISCRETE, n=(n,))
    with pytest.raises(LogFormatError, match="choices; there are 1 to"):
        ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=(2, n), width=2)


@pytest.mark.parametrize("width", [-1, 2.0, True, MAX_COMPONENTS + 1, None])
def test_a_number_of_components_that_cannot_be_is_an_error(width):
    with pytest.raises(LogFormatError, match="components; there are 0 to"):
        ActionSpace(kind=ActionKind.CONTINUOUS, width=width)


@pytest.mark.parametrize(
    ("kind", "n", "width"),
    [
        (ActionKind.DISCRETE, (2, 2), 2),
        (ActionKind.DISCRETE, (), 1),
        (ActionKind.MULTI_DISCRETE, (2,), 3),
        (ActionKind.CONTINUOUS, (2,), 1),
    ],
)
def test_counts_and_components_fit_each_other(kind, n, width):
    with pytest.raises(LogFormatError, match="action of"):
        ActionSpace(kind=kind, n=n, width=width)


@given(kind=st.sampled_from(ActionKind), n=st.lists(COUNTS, max_size=4), width=COUNTS)
def test_a_space_that_is_made_holds_counts_and_nothing_else(kind, n, width):
    try:
        space = ActionSpace(kind=kind, n=tuple(n), width=width)
    except LogFormatError:
        return
    assert all(type(size) is int and 1 <= size <= MAX_CHOICES for size in space.n)
    assert len(space.n) == (0 if kind is ActionKind.CONTINUOUS else space.width)
