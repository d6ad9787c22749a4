"""Numbers of entries among those of their kind, and of episodes within their run and checkpoint."""

import numpy as np

from convscope.values.arrays import IntArray


def episode_numbers(run: IntArray, checkpoint: IntArray) -> IntArray:
    """Count the episodes of each run and checkpoint from 0, in the order in which they stand.

    Parameters
    ----------
    run, checkpoint
        Of each episode, in any order, shape (E,); -1 for no checkpoint.
    """
    return numbers_within(run * (checkpoint.max(initial=-1) + 2) + checkpoint + 1)


def numbers_within(key: IntArray) -> IntArray:
    """Count the entries of each key from 0, in the order in which they stand.

    Parameters
    ----------
    key
        Of each entry, in any order, shape (n,).
    """
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    numbers = np.zeros(len(key), dtype=np.int64)
    numbers[order] = np.arange(len(key)) - np.repeat(first, count)
    return numbers
