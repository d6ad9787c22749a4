"""How often a receiver sees a sender, by the layout of its observations."""

import numpy as np

from convscope.routing.slots import NOBODY, fixed_sender, nearest_senders
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import OBSERVATIONS, POSITIONS
from convscope.values.header import LogHeader
from convscope.values.layout import ReceiverLayout, Slot, SlotKind
from convscope.values.log import Block


def lacks_sight(header: LogHeader) -> str | None:
    """Return why a log does not tell who sees whom, in a clause for people, or None if it does."""
    held = {spec.name for spec in header.fields}
    if OBSERVATIONS not in held:
        return "the log holds no observations"
    if header.layout is None or not any(each.slots for each in header.layout.receivers):
        return "no layout says which columns of an observation describe which agent (--layout L.toml)"
    kinds = {slot.kind for each in header.layout.receivers for slot in each.slots}
    if SlotKind.NEAREST in kinds and POSITIONS not in held:
        return "who is nearest is not known without positions"
    return None


def count_sight(
    block: Block, header: LogHeader, places: IntArray, *, group: IntArray, into: tuple[FloatArray, FloatArray]
) -> None:
    """Add the rows in which agents see one another, and those in which that is told, in place.

    Parameters
    ----------
    block
        With observations, and positions where the layout needs them.
    header
        With a layout. An agent is out of sight where all columns that describe it are 0, as environments show it, and
        where slots of the nearest leave it out.
    places
        Of the analysed agents.
    group
        Of each row, -1 for none, shape (T,).
    into
        Rows seen and rows told, each of shape (groups, receiver, sender).
    """
    n_seen, n_told = into
    names = tuple(agent.name for agent in header.agents)
    column_of = np.full(len(names) + 1, NOBODY)
    column_of[places] = np.arange(len(places))
    for column, receiver in enumerate(places.tolist()):
        layout = header.layout.of(names[receiver]) if header.layout else None
        if layout is None or not layout.slots:
            continue
        values = block.columns[OBSERVATIONS][:, receiver]
        rows = np.flatnonzero((group >= 0) & block.is_acting[:, receiver] & np.isfinite(values).any(axis=1))
        for sender in _always_told(layout, receiver, names):
            if column_of[sender] != NOBODY:
                both = rows[block.is_acting[rows, sender]]
                n_told[:, column] += _counts(group[both], np.full(len(both), column_of[sender]), n_told.shape)
        for slot in layout.slots:
            seen = _senders(block, slot, receiver=receiver, names=names)[rows]
            at = column_of[seen]
            is_there = (at != NOBODY) & (at != column) & block.is_acting[rows, np.maximum(seen, 0)]
            is_seen = is_there & np.nan_to_num(values[rows][:, np.array(slot.columns)]).any(axis=1)
            n_seen[:, column] += _counts(group[rows[is_seen]], at[is_seen], n_seen.shape)


def _counts(group: IntArray, sender: IntArray, shape: tuple[int, ...]) -> FloatArray:
    """Return how many rows each group and sender has, shape (groups, sender)."""
    n_groups, n_agents = shape[0], shape[-1]
    counts = np.bincount(group * n_agents + sender, minlength=n_groups * n_agents)
    return counts.reshape(n_groups, n_agents).astype(np.float64)


def _always_told(layout: ReceiverLayout, receiver: int, names: tuple[str, ...]) -> list[int]:
    """Return the senders of which it is told whether they are seen."""
    others = [place for place in range(len(names)) if place != receiver]
    if any(slot.kind is SlotKind.NEAREST for slot in layout.slots):
        return others
    fixed = {fixed_sender(slot, receiver, names) for slot in layout.slots}
    return [place for place in others if place in fixed]


def _senders(block: Block, slot: Slot, *, receiver: int, names: tuple[str, ...]) -> IntArray:
    fixed = fixed_sender(slot, receiver, names)
    if fixed is not None:
        return np.full(len(block.status), fixed)
    is_present: BoolArray = block.is_acting
    return nearest_senders(slot.rank, receiver, positions=block.columns[POSITIONS], is_present=is_present)
