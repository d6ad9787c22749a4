"""Weights of slots and of edges, as a recorder takes them: with a receiver and a sender axis."""

import numpy as np
import numpy.typing as npt

from convscope.errors import UsageError
from convscope.ingest.pair_mapping import Absent, SlotOrder
from convscope.ingest.pair_weights import Numbering, PairEntries, pair_array, slots_in_order
from convscope.values.arrays import FloatArray, IntArray


def weights_of_slots(
    weights: npt.ArrayLike, slots: npt.ArrayLike | SlotOrder, *, n_agents: int, absent: Absent | None = None
) -> FloatArray:
    """Bring weights over slots to one column an agent.

    Parameters
    ----------
    weights
        Shape (..., receiver, slot); whatever comes before, such as time and heads, stays.
    slots
        An order, or the number of the agent in each slot, -1 for none: shape (receiver, slot), or with axes before
        these that fit those of the weights.
    n_agents
        Of the team.
    absent
        What it says that an agent is in no slot, which a list of numbers needs; the receiver's own column is not known
        where an order leaves it out.

    Returns
    -------
    FloatArray
        Shape (..., receiver, sender). An agent in two slots of one receiver has a weight that is not known.

    Raises
    ------
    UsageError
        If the shapes do not fit, or a list comes without ``absent``.
    LogFormatError
        If a slot holds a number that is no agent's.
    """
    held = np.asarray(weights, dtype=np.float64)
    if isinstance(slots, SlotOrder):
        numbers, empty = slots_in_order(slots, n_agents).astype(np.float64), np.nan
    elif absent is None:
        raise UsageError(f"absent must say what it means that an agent is in no slot: {', '.join(Absent)}")
    else:
        numbers, empty = np.asarray(slots, dtype=np.float64), absent.weight
    if held.shape[-2:] != (n_agents, *numbers.shape[-1:]):
        raise UsageError(f"weights have shape {held.shape}; expected (..., {n_agents}, {numbers.shape[-1:]})")
    try:
        agents = np.broadcast_to(numbers, held.shape).reshape(-1)
    except ValueError:
        raise UsageError(f"slots of shape {numbers.shape} do not fit weights of shape {held.shape}") from None
    row, receiver = np.divmod(np.arange(agents.size) // held.shape[-1], n_agents)
    return _array(
        PairEntries(
            row=row,
            receiver=receiver,
            sender=Numbering(n_agents=n_agents).agents(agents, "slots"),
            weight=held.reshape(-1, 1),
        ),
        held.shape[:-2],
        n_agents,
        absent=empty,
        adds_up=False,
    )


def weights_of_edges(
    weights: npt.ArrayLike,
    senders: npt.ArrayLike,
    receivers: npt.ArrayLike,
    *,
    n_agents: int,
    absent: Absent,
    steps: npt.ArrayLike | None = None,
    n_steps: int | None = None,
) -> FloatArray:
    """Bring weights of edges to a receiver and a sender axis.

    Parameters
    ----------
    weights
        Shape (edge,) or (edge, head).
    senders, receivers
        Numbers of the agents at both ends, shape (edge,); -1 stands for no edge.
    n_agents
        Of the team.
    absent
        What it says that a pair has no edge.
    steps, n_steps
        Timestep of each edge and how many there are; all edges are of one timestep when left out.

    Returns
    -------
    FloatArray
        Shape ([time,] [head,] receiver, sender). Weights of one and the same pair add up.

    Raises
    ------
    UsageError
        If the shapes do not fit, or a timestep is none of these.
    LogFormatError
        If an end is no agent's number.
    """
    held = np.asarray(weights, dtype=np.float64)
    ends = [np.asarray(end, dtype=np.float64) for end in (receivers, senders)]
    step = np.zeros(len(held), dtype=np.int64) if steps is None else np.asarray(steps)
    if held.ndim not in {1, 2} or any(len(one) != len(held) or one.ndim != 1 for one in (*ends, step)):
        raise UsageError(f"weights of shape {held.shape} need a sender, a receiver and a step for each edge")
    n_rows = 1 if steps is None else int(n_steps or 0)
    if step.dtype.kind not in "iu" or (len(step) and not 0 <= int(step.min()) <= int(step.max()) < n_rows):
        raise UsageError(f"steps must be whole numbers from 0 to {n_rows - 1} (n_steps)")
    n_heads = held.shape[1] if held.ndim > 1 else 1
    numbering = Numbering(n_agents=n_agents)
    receiver, sender = (numbering.agents(end, "edges") for end in ends)
    row = step.astype(np.int64)[:, None] * n_heads + np.arange(n_heads)
    entries = PairEntries(
        row=row.reshape(-1),
        receiver=_each(receiver, n_heads),
        sender=_each(sender, n_heads),
        weight=held.reshape(-1, 1),
    )
    lead = (*(() if steps is None else (n_rows,)), *held.shape[1:])
    return _array(entries, lead, n_agents, absent=absent.weight, adds_up=True)


def _each(ends: IntArray, n_heads: int) -> IntArray:
    return np.repeat(ends, n_heads)


def _array(entries: PairEntries, lead: tuple[int, ...], n_agents: int, *, absent: float, adds_up: bool) -> FloatArray:
    shape = (int(np.prod(lead)), n_agents, n_agents)
    return pair_array(entries, shape, absent=absent, adds_up=adds_up).reshape(*lead, n_agents, n_agents)
