"""What is packed comes back bit for bit, or is not packed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convscope.ingest.packing import missing_mark, pack, storage_type, unpack

TYPES = [
    "float16",
    "float32",
    "float64",
    "bool",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
]


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("<f4", "<f4"), (">f8", "<f8"), ("|b1", "<i1"), ("|u1", "<i2"), ("<u4", "<i8"), ("<u8", "<i8"), ("<i2", "<i2")],
)
def test_columns_keep_their_type_and_whole_numbers_get_room_for_a_mark(dtype, stored):
    assert storage_type(dtype) == stored


@pytest.mark.parametrize("dtype", ["text", "|S7", "<c16", "no such type", "<M8[s]"])
def test_types_that_are_no_numbers_are_stored_as_float64(dtype):
    assert storage_type(dtype) == "<f8"


@given(
    st.sampled_from(TYPES),
    hnp.arrays(np.float64, st.integers(0, 8), elements=st.floats() | st.integers(-300, 300).map(float) | st.just(-0.0)),
    st.booleans(),
)
def test_packing_loses_no_bit(dtype, values, is_minus_one):
    kind = storage_type(dtype)
    missing = missing_mark(kind, is_minus_one=is_minus_one)
    packed = pack(values, kind, missing)
    if packed is None:
        assert kind != "<f8"
        return
    assert packed.dtype == np.dtype(kind)
    back = unpack(packed, missing)
    is_nan = np.isnan(values)
    assert (np.isnan(back) == is_nan).all()
    assert (back.view(np.int64)[~is_nan] == values.view(np.int64)[~is_nan]).all()


def test_a_value_that_the_type_cannot_hold_is_not_packed():
    assert pack(np.array([0.1]), "<f4", None) is None
    assert pack(np.array([128.0]), "<i1", -128) is None
    assert pack(np.array([-1.0]), "<i4", -1) is None
    assert pack(np.array([2.0**63]), "<i8", -1) is None
    assert pack(np.array([0.5]), "<i4", -1) is None
    assert pack(np.array([np.inf]), "<i4", -1) is None
    assert pack(np.array([1e300]), "<f2", None) is None
