"""A block in pieces: a few bytes of a log become many columns, and memory must stay flat."""

from collections.abc import Iterator

import numpy as np

from convscope.values.arrays import BoolArray
from convscope.values.log import Block

_MOST_NUMBERS = 2_000_000


def pieces(block: Block, n_columns: int, *, is_wanted: BoolArray) -> Iterator[Block]:
    """Cut a block into runs of whole episodes of at most two million numbers, as far as episodes allow.

    Parameters
    ----------
    block
        At least one episode.
    n_columns
        Numbers that each row becomes.
    is_wanted
        Which episodes of the block to keep, shape (B,).
    """
    block = block if is_wanted.all() else _wanted(block, is_wanted)
    most_rows = max(_MOST_NUMBERS // max(n_columns, 1), 1)
    # Episodes that begin in the same stretch of rows go together; sums are exact, so the cut changes nothing.
    stretch = block.offsets[:-1] // most_rows
    firsts = np.flatnonzero(np.diff(stretch, prepend=-1)).tolist()
    for first, last in zip(firsts, [*firsts, len(block.episodes)][1:], strict=True):
        start, stop = int(block.offsets[first]), int(block.offsets[last])
        yield Block(
            episodes=block.episodes[first:last],
            offsets=block.offsets[first : last + 1] - start,
            status=block.status[start:stop],
            columns={name: column[start:stop] for name, column in block.columns.items()},
        )


def _wanted(block: Block, is_wanted: BoolArray) -> Block:
    rows = is_wanted[block.episode_of_row]
    return Block(
        episodes=block.episodes[is_wanted],
        offsets=np.concatenate([[0], np.cumsum(np.diff(block.offsets)[is_wanted])]),
        status=block.status[rows],
        columns={name: column[rows] for name, column in block.columns.items()},
    )
