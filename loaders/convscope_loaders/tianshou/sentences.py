"""What is taken for granted of a replay buffer, and what is left out, in sentences."""

from collections.abc import Sequence

from convscope.values.fields import REWARDS
from convscope.values.header import Notice
from convscope_loaders.tianshou.layout import BufferField
from convscope_loaders.tianshou.turns import Turns


def about_rows(n_rings: int, *, is_compared: bool) -> tuple[str, ...]:
    """Return how rows become episodes.

    Parameters
    ----------
    n_rings
        Of the buffer.
    is_compared
        Whether observations were compared with those announced a row before.
    """
    order = (
        "the rows are a ring, read from the oldest to the newest"
        if n_rings == 1
        else f"the rows are {n_rings} rings, one for each environment, each read from the oldest to the newest"
    )
    cut = (
        "an episode ends where done is set, or where another observation follows than was announced"
        if is_compared
        else "an episode ends where done is set; whether an environment was reset before cannot be checked"
    )
    return order, cut


def about_agents(turns: Turns | None, fields: Sequence[BufferField], *, n_agents: int) -> tuple[str, ...]:
    """Return whose the rows are."""
    if turns is None and n_agents == 1:
        return ("there is no agent_id: the rows are of one agent, agent_0; roles and routing need several",)
    if turns is None:
        return (f"there is no agent_id: the rows are of {n_agents} agents that act together, agent_<column>",)
    told = [
        "a timestep is one agent's turn, as agent_id says; the others wait",
        "the episode ends for all with the terminated or truncated of the agent whose turn is next",
    ]
    if turns.is_pickled:
        told.append("agent_id was unpickled, by an unpickler that allows arrays and plain values only")
    for field in (field for field in fields if field.name == REWARDS):
        ordered = [name for _, name in sorted(zip(field.columns, turns.names, strict=True))]
        told.append(f"the columns of rew are those of {', '.join(ordered[:16])}, in this order")
    return tuple(told)


def about_lost(n_headless: int) -> tuple[Notice, ...]:
    """Return what is left out of full rings."""
    if not n_headless:
        return ()
    what = f"left out: the oldest episode of each full ring ({n_headless})"
    message = f"{what}, since its first steps may have been written over"
    return (Notice(code="headless-episodes", message=message, where="/_meta"),)
