"""What the actions of a TensorDict are, by their type and by all their numbers."""

from math import prod

import numpy as np

from convscope.ingest.container import ArrayInfo, ArrayReader

_BYTES_AT_A_TIME = 32 << 20


def is_one_hot(file: ArrayReader, info: ArrayInfo) -> bool:
    """Whether whole numbers hold zeros and at most a single one for each agent, and a one somewhere.

    Parameters
    ----------
    file
        Open view.
    info
        Of the actions; the last axis holds an agent's values. All rows are read.
    """
    if not info.is_whole or info.shape[-1] < 2:
        return False
    step = max(_BYTES_AT_A_TIME // max(8 * prod(info.shape[1:]), 1), 1)
    has_one = False
    for start in range(0, info.shape[0], step):
        actions = np.nan_to_num(file.read(info.path, start, start + step).astype(np.float64))
        sums = actions.sum(axis=-1)
        if not (((actions == 0) | (actions == 1)).all() and (sums <= 1).all()):
            return False
        has_one = has_one or bool((sums == 1).any())
    return has_one
