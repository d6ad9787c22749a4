"""A block in pieces: a few bytes of a log become many columns, and memory must stay flat."""

from collections.abc import Iterator

import numpy as np

from convscope.values.log import Block

_MOST_NUMBERS = 1_000_000


def pieces(block: Block, n_columns: int) -> Iterator[Block]:
    """Cut a block into runs of whole episodes of at most a million numbers, as far as episodes allow.

    Parameters
    ----------
    block
        At least one episode.
    n_columns
        Numbers that each row becomes.
    """
    most_rows = max(_MOST_NUMBERS // max(n_columns, 1), 1)
    # Episodes that begin in the same stretch of rows go together; sums are exact, so the cut changes nothing.
    stretch = block.offsets[:-1] // most_rows
    firsts = np.flatnonzero(np.diff(stretch, prepend=-1))
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(block.episodes)], strict=True):
        start, stop = int(block.offsets[first]), int(block.offsets[last])
        yield Block(
            episodes=block.episodes[first:last],
            offsets=block.offsets[first : last + 1] - start,
            status=block.status[start:stop],
            columns={name: column[start:stop] for name, column in block.columns.items()},
        )
