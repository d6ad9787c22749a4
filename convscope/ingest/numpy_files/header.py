"""What a ``.npy`` file says of its array, checked before a number of it is read."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from math import prod

import numpy as np

from convscope.errors import LogFormatError, RefusedFileError

HEAD_BYTES = 10_240
"""A longer header is no plain array's; numpy itself reads no longer one."""
MAX_AXES = 8
MAX_ITEM_BYTES = 1 << 16
"""Size of one element; texts of fixed length are the longest."""
MAX_ARRAY_BYTES = 1 << 46
"""Declared size of an array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NpyHeader:
    """The array of a ``.npy`` file."""

    shape: tuple[int, ...]
    dtype: "np.dtype[np.generic]"
    is_fortran: bool
    """Whether the first axis varies fastest, so that rows do not lie together."""
    offset: int
    """Of the first number."""

    @property
    def n_bytes(self) -> int:
        """Size of all numbers."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def why_not(self) -> str | None:
        """Why a log has no use for the array; None where it has."""
        if self.dtype.hasobject:
            return "objects"
        if self.dtype.names is not None:
            return "structured"
        return None if self.dtype.kind in "biufUS" and self.dtype.itemsize else "opaque"


def read_header(head: bytes, where: str) -> NpyHeader:
    """Read a header.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of the file, or all of it.
    where
        The file, for errors.

    Raises
    ------
    LogFormatError
        If it is no header of a ``.npy`` file.
    RefusedFileError
        If the array is beyond all measure.
    """
    stream = BytesIO(head)
    try:
        with warnings.catch_warnings():
            # Files of Python 2 are read all the same.
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, is_fortran, dtype = read(stream)
    except Exception as error:
        # The header is a text in Python's notation, which can be wrong in as many ways as a program.
        raise LogFormatError(f"{where} is no whole .npy file: {str(error)[:120]}") from error
    header = NpyHeader(shape=shape, dtype=dtype, is_fortran=is_fortran, offset=stream.tell())
    _check(header, where)
    return header


def _check(header: NpyHeader, where: str) -> None:
    if len(header.shape) > MAX_AXES:
        raise RefusedFileError("rank", f"{where} has more than {MAX_AXES} axes")
    if any(isinstance(size, bool) or size < 0 for size in header.shape):
        raise LogFormatError(f"{where} has the shape {header.shape}; sizes count from 0")
    if header.dtype.itemsize > MAX_ITEM_BYTES:
        raise RefusedFileError("type-size", f"{where} has elements of {header.dtype.itemsize} bytes")
    if header.n_bytes > MAX_ARRAY_BYTES:
        raise RefusedFileError("declared-size", f"{where} declares {header.n_bytes} bytes")
