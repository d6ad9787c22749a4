"""Which columns of a receiver's observation are replaced together, and whom they describe."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.slots import NOBODY, fixed_sender, nearest_senders
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.layout import ReceiverLayout, SlotKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Columns that are replaced together."""

    columns: tuple[int, ...]
    sender: int = NOBODY
    """Place of the agent that they always describe; `NOBODY` where it is the nearest one of the moment."""
    rank: int = 0
    """k of the k-th nearest agent, from 1."""


def pieces_of(layout: ReceiverLayout, receiver: int, agents: tuple[str, ...]) -> tuple[Piece, ...]:
    """Return the pieces of a receiver's observation: one for each agent that is named, one for each nearest one.

    Parameters
    ----------
    layout
        Of the receiver's observations.
    receiver
        Its place in the log's agent axis.
    agents
        Names of all agents of the log.
    """
    named: dict[int, list[int]] = {}
    nearest: list[Piece] = []
    for slot in layout.slots:
        sender = fixed_sender(slot, receiver, agents)
        if slot.kind is SlotKind.NEAREST:
            nearest.append(Piece(columns=slot.columns, rank=slot.rank))
        elif sender is not None and sender != receiver:
            named.setdefault(sender, []).extend(slot.columns)
    fixed = [Piece(columns=tuple(sorted(columns)), sender=sender) for sender, columns in sorted(named.items())]
    return (*fixed, *nearest)


def senders_of(piece: Piece, receiver: int, *, positions: FloatArray, is_present: BoolArray) -> IntArray:
    """Return whom a piece describes in each row, shape (S,); `NOBODY` where that agent is not there.

    Parameters
    ----------
    piece
        Of the receiver's observation.
    receiver
        Its place.
    positions
        Shape (S, N, d); without components where the log holds none.
    is_present
        Who is in the game, shape (S, N).
    """
    if piece.rank:
        return nearest_senders(piece.rank, receiver, positions=positions, is_present=is_present)
    return np.where(is_present[:, piece.sender], piece.sender, NOBODY)
