"""Who is in the game in each row, and who had a choice."""

import numpy as np

from convscope.values.arrays import BoolArray
from convscope.values.fields import ACTION_MASKS
from convscope.values.log import Block
from convscope.values.status import Status


def is_live(block: Block) -> BoolArray:
    """Return who is in the game in each row, acting or waiting, shape (T, N)."""
    return block.is_acting | np.equal(block.status, Status.WAITING)


def has_choice(block: Block) -> BoolArray:
    """Return who acts and had at least two legal actions, shape (T, N); without masks: who acts."""
    masks = block.columns.get(ACTION_MASKS)
    if masks is None:
        return block.is_acting
    # Cells of a mask that is missing are NaN: an agent whose mask is not known at all is taken to have a choice.
    is_unknown = ~np.isfinite(masks).any(axis=2)
    is_free: BoolArray = is_unknown | ((masks > 0).sum(axis=2) >= 2)
    return block.is_acting & is_free
