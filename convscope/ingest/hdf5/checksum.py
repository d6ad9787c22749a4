"""The Fletcher-32 checksum as HDF5 computes it."""

import numpy as np
import numpy.typing as npt

_SIDE = 256
"""So many 16-bit words add up to less than 2**24: exact in float32, in any order."""


def fletcher32(content: bytes | memoryview) -> int:
    """Return the checksum of some bytes.

    Parameters
    ----------
    content
        Any length; an odd last byte counts as the upper half of a word.

    References
    ----------
    Fletcher, "An arithmetic checksum for serial transmissions", IEEE Transactions on Communications 30 (1982); words
    are 16 bits, big-endian, and the sums are folded modulo 65535 as in the HDF5 file format specification.
    """
    n_words = (len(content) + 1) // 2
    words = np.zeros(-(-n_words // _SIDE) * _SIDE, np.float32)
    words[: len(content) // 2] = np.frombuffer(content, ">u2", len(content) // 2)
    if len(content) % 2:
        words[n_words - 1] = content[-1] << 8
    first, second, is_zero = 0, 0, True
    for start in range(0, len(words), _SIDE * _SIDE):
        square = words[start : start + _SIDE * _SIDE].reshape(-1, _SIDE)
        total, weighted = _sums(square)
        second = (second + square.size * first + weighted) % 65535
        first = (first + total) % 65535
        is_zero = is_zero and not total
    # The zeros that fill up the last line add nothing but their places.
    second = (second - (len(words) - n_words) * first) % 65535
    if is_zero:
        return 0
    # Folding keeps 65535 where the remainder is 0.
    return (second or 65535) << 16 | (first or 65535)


def _sums(square: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Return the sum of the words, and the sum with each counted as often as words are left from it on."""
    n_lines = len(square)
    lines = (square @ np.ones(_SIDE, np.float32)).astype(np.int64)
    places = (np.ones(n_lines, np.float32) @ square).astype(np.int64)
    before = int(lines @ np.arange(n_lines - 1, -1, -1)) * _SIDE
    return int(lines.sum()), before + int(places @ np.arange(_SIDE, 0, -1))
