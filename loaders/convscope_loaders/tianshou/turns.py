"""Whose turn each row of a replay buffer is, where the environment lets one agent act at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.names import in_numbered_order
from convscope.ingest.trusted import unpickled
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.lexicon import stem_of
from convscope_loaders.tianshou.ring import Ring, RingEpisodes

ACTING = "/_meta/obs/agent_id"
FOLLOWING = "/_meta/obs_next/agent_id"
_HIDDEN = "/_meta/policy/hidden_state/"
_MAX_PICKLE_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turns:
    """Who acts in each row."""

    names: tuple[str, ...]
    """Of the agents, in numbered order."""
    acting: npt.NDArray[np.int16]
    """Number of the agent that acts, -1 in rows that were never filled, shape (rows of the arrays,)."""
    following: npt.NDArray[np.int16] | None
    """Number of the one whose turn is next, the same shape; None where the buffer keeps no next observation."""
    is_pickled: bool
    """Whether the names had to be unpickled."""


def read_turns(
    file: ArrayReader, inventory: Inventory, n_rows: int, *, place: str, trusts_pickle: bool
) -> Turns | None:
    """Return whose turn each row is; None where all act together.

    Raises
    ------
    LogFormatError
        If the names are pickled and the user does not trust them, or are no names.
    """
    if ACTING not in inventory.datasets:
        return None
    is_pickled = _is_pickled(inventory, ACTING)
    if is_pickled and not trusts_pickle:
        raise LogFormatError(
            f"{place}:{ACTING} says whose turn each row is, but it is a pickle, which may do harm; "
            "if you trust the file add --trust-pickle: only arrays and plain values are taken from it"
        )
    acting = _labels(file, inventory, ACTING, n_rows=n_rows, place=place)
    following: Sequence[str] = ()
    if FOLLOWING in inventory.datasets:
        following = _labels(file, inventory, FOLLOWING, n_rows=n_rows, place=place)
    names = in_numbered_order({name for name in (*acting, *following) if name} | _with_memory(inventory))
    if not 0 < len(names) <= _MAX_AGENTS:
        raise LogFormatError(f"{place}:{ACTING} names {len(names)} agents; a log has 1 to {_MAX_AGENTS}")
    code_of = {name: code for code, name in enumerate(names)} | {"": -1}
    return Turns(
        names=names,
        acting=np.array([code_of[name] for name in acting], np.int16),
        following=np.array([code_of[name] for name in following], np.int16) if following else None,
        is_pickled=is_pickled,
    )


_MAX_AGENTS = 10_000


def agent_order(turns: Turns, episodes: RingEpisodes) -> tuple[int, ...] | None:
    """Return the agents in the order of the environment, which is that of its rewards.

    Returns
    -------
    tuple of int or None
        Names that differ by a number count by it; others by their first turns, where all episodes begin alike. None
        where neither tells.
    """
    n_agents = len(turns.names)
    stems = [stem_of(name) for name in turns.names]
    if len({stem for stem, _ in stems}) == 1 and all(number for _, number in stems):
        return tuple(range(n_agents))
    whole = np.flatnonzero(episodes.length >= n_agents)
    steps = np.arange(n_agents)
    opened = {tuple(turns.acting[episodes.rows_at(np.full(n_agents, e), steps)].tolist()) for e in whole.tolist()}
    first = opened.pop() if len(opened) == 1 else ()
    return first if len(set(first)) == n_agents else None


def turn_breaks(turns: Turns, rings: Sequence[Ring]) -> BoolArray:
    """Return in which rows another agent follows than was announced, shape (rows of the arrays,)."""
    is_break = np.zeros(len(turns.acting), bool)
    if turns.following is None:
        return is_break
    for rows in (ring.rows for ring in rings):
        is_break[rows[:-1]] = turns.following[rows[:-1]] != turns.acting[rows[1:]]
    return is_break


def _is_pickled(inventory: Inventory, path: str) -> bool:
    return "pickled" in str(inventory.attributes.get(path, {}).get("__data_type__", ""))


def _with_memory(inventory: Inventory) -> set[str]:
    """Return the agents whose policies the buffer names, whether or not they keep a memory."""
    inside = [group.removeprefix(_HIDDEN) for group in inventory.groups if group.startswith(_HIDDEN)]
    return {name for name in inside if "/" not in name}


def _labels(file: ArrayReader, inventory: Inventory, path: str, *, n_rows: int, place: str) -> Sequence[str]:
    info = inventory.datasets[path]
    if info.shape[:1] > (_MAX_PICKLE_BYTES,):
        raise LogFormatError(f"{place}:{path} is larger than {_MAX_PICKLE_BYTES >> 20} MiB")
    if info.is_text:
        labels: Sequence[object] = file.read_text(path)
    elif _is_pickled(inventory, path):
        array = unpickled(np.asarray(file.read(path)).tobytes(), f"{place}:{path}")
        labels = array.ravel().tolist() if isinstance(array, np.ndarray) else []
    else:
        labels = [f"agent_{code}" for code in np.asarray(file.read(path)).ravel().tolist()]
    texts = ["" if label is None else label for label in labels]
    if len(texts) != n_rows or not all(isinstance(text, str) for text in texts):
        raise LogFormatError(f"{place}:{path} does not hold the name of an agent for each of {n_rows} rows")
    return [str(text) for text in texts]
