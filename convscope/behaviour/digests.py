"""Keys of episodes by what they contain, so that the order in which a log holds them cannot change a result."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block


def episode_digests(block: Block, arrays: Sequence[npt.NDArray[np.generic]]) -> IntArray:
    """Return a number of each episode that depends on its rows alone, shape (B,), at least 0.

    Parameters
    ----------
    block
        Whole episodes.
    arrays
        What tells episodes apart, each with the block's rows first.
    """
    held = [np.ascontiguousarray(array) for array in arrays]
    bounds = block.offsets.tolist()
    return np.array(
        [_digest([array[start:stop] for array in held]) for start, stop in pairwise(bounds)], dtype=np.int64
    )


def unordered_content(values: FloatArray, is_counted: BoolArray) -> npt.NDArray[np.uint64]:
    """Return a number of each row that depends on its counted values alone, not on where they stand, shape (T,).

    Agents in another order, and slots that nobody fills, give the same number.

    Parameters
    ----------
    values, is_counted
        Shape (T, ...).
    """
    # Single precision: sums over agents in another order differ in their last digits. Adding 0.0 makes 0.0 of -0.0.
    with np.errstate(over="ignore"):
        bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    # Sums of mixed bits wrap around: addition does not care for order. The mixing is that of SplitMix64.
    mixed = bits + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    counted = np.where(is_counted, mixed, np.uint64(0))
    return np.asarray(counted.reshape(len(values), -1).sum(axis=1, dtype=np.uint64))


def _digest(arrays: Sequence[npt.NDArray[np.generic]]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(array.data)
    return int.from_bytes(digest.digest(), "little") >> 1
