"""Agents in the game that take no action in some rows: out of it from there on, or waiting for their turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.figures import count


class Idle(StrEnum):
    """What agents without an action are."""

    OUT = "out"
    """In no game before their first action, and none after their last one."""
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lacks:
    """How often agents that should act have no action, shape (N,) each."""

    n_rows: IntArray
    """Rows without one."""
    has_gap: BoolArray
    """Whether some of them lie between two rows with one, in the same episode."""
    is_turn: bool = True
    """Whether exactly one agent acts in every row."""

    def with_more(self, other: "Lacks") -> "Lacks":
        """Return what was seen in both of two parts."""
        return Lacks(
            n_rows=self.n_rows + other.n_rows,
            has_gap=self.has_gap | other.has_gap,
            is_turn=self.is_turn and other.is_turn,
        )


def count_lacks(actions: FloatArray, is_acting: BoolArray, rows: IntArray, *, is_choice: bool) -> Lacks:
    """Look for rows in which agents that should act have no action.

    Parameters
    ----------
    actions
        Of whole episodes, shape (T, N, K).
    is_acting
        Who should act, shape (T, N).
    rows
        Rows of each episode, shape (E,).
    is_choice
        Whether -1 stands for none.
    """
    nothing = np.isnan(actions) | ((actions == -1) & is_choice)
    lacks: BoolArray = is_acting & np.all(nothing, axis=2)
    has: BoolArray = is_acting & ~lacks
    times, starts = np.arange(len(actions))[:, None], np.cumsum(rows) - rows
    last = np.maximum.reduceat(np.where(has, times, -1), starts, axis=0)
    first = np.minimum.reduceat(np.where(has, times, len(actions)), starts, axis=0)
    episode = np.repeat(np.arange(len(rows)), rows)
    is_inside = lacks & (times > first[episode]) & (times < last[episode])
    someone = is_acting.any(axis=1)
    return Lacks(
        n_rows=lacks.sum(axis=0),
        has_gap=np.asarray(is_inside.any(axis=0), dtype=np.bool_),
        is_turn=bool((has.sum(axis=1) == 1)[someone].all()),
    )


def idle_in_words(idle: Idle, n_rows: int, *, has_choices: bool) -> str:
    """Return what is taken for granted of agents without an action."""
    written = "NaN or -1" if has_choices else "NaN"
    where = count(n_rows, "step")
    if idle is Idle.WAITING:
        return f"an agent without an action ({written}) waits ({where} of single agents)"
    return (
        f"an agent without an action ({written}) is out of the game: before its first one not there, after its last "
        f"one dead ({where} of single agents)"
    )


def joined_lacks(parts: Sequence[Lacks], n_agents: int) -> Lacks:
    """Return what was seen in all parts."""
    together = Lacks(n_rows=np.zeros(n_agents, np.int64), has_gap=np.zeros(n_agents, bool))
    for part in parts:
        together = together.with_more(part)
    return together
