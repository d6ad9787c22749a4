"""The Fletcher-32 checksum as HDF5 computes it."""

import numpy as np

_BLOCK = 4096


def fletcher32(content: bytes) -> int:
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
    words = np.frombuffer(content, ">u2", len(content) // 2).astype(np.int64)
    if len(content) % 2:
        words = np.append(words, content[-1] << 8)
    first, second = 0, 0
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK]
        n_words = len(block)
        second = (second + n_words * first + int(block @ np.arange(n_words, 0, -1))) % 65535
        first = (first + int(block.sum())) % 65535
    if not words.any():
        return 0
    # Folding keeps 65535 where the remainder is 0.
    return (second or 65535) << 16 | (first or 65535)
