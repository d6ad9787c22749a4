"""Which agent a slot of an observation describes, row by row."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.layout import Slot, SlotKind

NOBODY = -1
"""In place of an agent's number where a slot describes none."""


def fixed_sender(slot: Slot, receiver: int, agents: tuple[str, ...]) -> int | None:
    """Return the place of the agent that a slot always describes, maybe the receiver itself; None where it changes.

    Parameters
    ----------
    slot
        Of the receiver's layout.
    receiver
        Its place in the log's agent axis.
    agents
        Names of all agents of the log.
    """
    if slot.kind is SlotKind.AGENT and slot.agent is not None:
        return agents.index(slot.agent)
    if slot.kind is SlotKind.OTHER:
        return slot.rank - 1 if slot.rank - 1 < receiver else slot.rank
    return None


def nearest_senders(rank: int, receiver: int, *, positions: FloatArray, is_present: BoolArray) -> IntArray:
    """Return the place of the k-th nearest other agent in each row, shape (T,); `NOBODY` where there is none.

    Parameters
    ----------
    rank
        k, from 1.
    receiver
        Place of the receiver.
    positions
        Shape (T, N, d).
    is_present
        Who can be near at all, shape (T, N); the dead and the absent cannot. Of two that are equally near, the first in
        log order counts as nearer.
    """
    apart = np.linalg.norm(positions - positions[:, receiver, None], axis=-1)
    apart = np.where(is_present & np.isfinite(apart), apart, np.inf)
    apart[:, receiver] = np.inf
    found = np.argsort(apart, axis=1, kind="stable")[:, rank - 1]
    is_known = np.isfinite(apart[np.arange(len(found)), found])
    return np.where(is_known, found, NOBODY)
