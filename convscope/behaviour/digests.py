"""Keys of episodes by what they contain, so that the order in which a log holds them cannot change a result."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import IntArray
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


def _digest(arrays: Sequence[npt.NDArray[np.generic]]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(array.data)
    return int.from_bytes(digest.digest(), "little") >> 1
