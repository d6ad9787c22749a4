"""Columns in memory are float64 with NaN for missing; in a file they keep their own type, without losing a bit."""

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import FloatArray

_BYTES_AT_A_TIME = 1 << 20
_WIDER = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<i8"}


def storage_type(dtype: str) -> str:
    """Return the type to store a column in.

    Parameters
    ----------
    dtype
        Type in the original file, as numpy writes it. Whole numbers get room for a mark of missing cells, so unsigned
        ones move up to the next signed type.

    Returns
    -------
    str
        A little-endian float or signed integer; float64 for types that are no numbers.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        return "<f8"
    if kind.kind == "f" and kind.itemsize <= 8:
        return f"<f{kind.itemsize}"
    if kind.kind == "b":
        return "<i1"
    if kind.kind == "i":
        return _WIDER[kind.itemsize]
    if kind.kind == "u":
        return _WIDER[min(2 * kind.itemsize, 8)]
    return "<f8"


def missing_mark(dtype: str, *, is_minus_one: bool) -> int | None:
    """Return the number that stands for a missing cell; None for floats, where it is NaN."""
    if np.dtype(dtype).kind == "f":
        return None
    return -1 if is_minus_one else int(np.iinfo(dtype).min)


def pack(values: FloatArray, dtype: str, missing: int | None) -> npt.NDArray[np.generic] | None:
    """Return the values in a storage type, or None when the type cannot hold them exactly.

    Parameters
    ----------
    values
        Any shape.
    dtype, missing
        As `storage_type` and `missing_mark` give them.
    """
    packed = np.empty(values.shape, dtype)
    # Some rows at a time: what is needed to compare all of a block would be many times its size.
    step = max(1, _BYTES_AT_A_TIME * len(values) // max(values.nbytes, 1))
    for start in range(0, len(values), step):
        some = _packed(values[start : start + step], dtype, missing)
        if some is None:
            return None
        packed[start : start + step] = some
    return packed


def unpack(stored: npt.NDArray[np.generic], missing: int | None) -> FloatArray:
    """Return what `pack` was given."""
    values = stored.astype(np.float64)
    if missing is not None:
        np.copyto(values, np.nan, where=np.asarray(stored == missing))
    return values


def _packed(values: FloatArray, dtype: str, missing: int | None) -> npt.NDArray[np.generic] | None:
    if missing is None:
        with np.errstate(over="ignore"):
            packed = values.astype(dtype)
        return packed if _is_same(packed.astype(np.float64), values) else None
    is_missing = np.isnan(values)
    limits = np.iinfo(dtype)
    # Comparing before casting: a cast out of range is undefined. 2**63 itself is a float, the largest int64 is not.
    is_inside = is_missing | ((values >= limits.min) & (values < float(limits.max) + 1) & (values != missing))
    if not is_inside.all():
        return None
    whole = np.where(is_missing, missing, values).astype(dtype)
    back = np.where(is_missing, values, whole.astype(np.float64))
    return whole if _is_same(back, values) else None


def _is_same(first: FloatArray, second: FloatArray) -> bool:
    # By bits, so that -0.0 survives; the payload of a NaN means nothing.
    is_nan = np.isnan(second)
    same_bits = np.ascontiguousarray(first).view(np.int64) == np.ascontiguousarray(second).view(np.int64)
    return bool((same_bits | (is_nan & np.isnan(first))).all())
