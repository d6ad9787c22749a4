"""Spaces that JSON states are read as Gymnasium means them, or refused with their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.stated_space import stated_space
from convscope.values.header import ActionKind, ActionSpace

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("entry", "kind", "n", "width"),
    [
        ({"type": "Discrete", "n": 5}, ActionKind.DISCRETE, (5,), 1),
        ({"type": "Discrete", "n": 5, "start": 2}, ActionKind.DISCRETE, (7,), 1),
        ({"type": "MultiDiscrete", "nvec": [2, 3]}, ActionKind.MULTI_DISCRETE, (2, 3), 2),
        ({"type": "Box", "shape": [4], "low": float("nan"), "high": -1}, ActionKind.CONTINUOUS, (), 4),
    ],
)
def test_known_spaces_are_read(entry, kind, n, width):
    assert stated_space(entry, "m.json") == ActionSpace(kind=kind, n=n, width=width)


@pytest.mark.parametrize(
    "entry",
    [None, [], {"type": "Text"}, {"type": "Box", "shape": [2, 2]}, {"type": "Discrete", "n": 3, "start": -1}],
)
def test_kinds_that_a_log_does_not_know_are_none(entry):
    assert stated_space(entry, "m.json") is None


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "Discrete", "n": 1e30},
        {"type": "Discrete", "n": -3, "start": 9},
        {"type": "Discrete", "n": 2, "start": 2**31},
        {"type": "Discrete", "n": float("nan")},
        {"type": "Discrete", "n": True},
        {"type": "MultiDiscrete", "nvec": [-5]},
        {"type": "MultiDiscrete", "nvec": [2**62, 2**62]},
        {"type": "MultiDiscrete", "nvec": [[2], [3]]},
        {"type": "Box", "shape": [-1]},
        {"type": "Box", "shape": [10**12]},
    ],
)
def test_a_space_that_cannot_be_is_refused_with_its_place(entry):
    with pytest.raises(LogFormatError, match=r"^m.json:/a states an action space that cannot be: an action"):
        stated_space(entry, "m.json:/a")


@given(kind=st.sampled_from(["Discrete", "MultiDiscrete", "Box"]), n=JSON, start=JSON)
def test_whatever_the_json_says_there_is_a_space_or_none_or_an_error(kind, n, start):
    try:
        found = stated_space({"type": kind, "n": n, "start": start, "nvec": n, "shape": n}, "m.json")
    except LogFormatError:
        return
    assert found is None or isinstance(found, ActionSpace)
