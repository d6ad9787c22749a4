"""What agents did between two frames: the engine writes no actions, only what came of them."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.values.arrays import FloatArray, IntArray

MAX_DEEDS = 1024
"""Agents have a few dozen actions; more kinds of deeds show that steps were left out."""

_STAY, _MOVE, _ATTACK, _GONE = range(4)
_NAMES = {_MOVE: "move", _ATTACK: "attack"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deeds:
    """The deed of each agent between a frame and the next."""

    codes: FloatArray
    """Index into ``names``, NaN in the last frame of an episode, shape (n,)."""
    names: tuple[str, ...]
    """Such as ``stay``, ``move (1, 0)`` or ``attack (0, 1)``, in map coordinates."""
    n_unseen: int
    """Attacks that belong to no row."""


def find_deeds(table: IntArray, attacks: IntArray) -> Deeds:
    """Read what each agent did from the frame that follows.

    Parameters
    ----------
    table
        A row per episode, frame and agent: episode, frame, id, health, direction, x, y, group.
    attacks
        A row per attack: episode, frame, id, x, y. A frame shows the attacks of the step before it.

    Raises
    ------
    LogFormatError
        If an agent is twice in a frame, or agents move in more than `MAX_DEEDS` ways.
    """
    cells = _Cells(table)
    later = cells.rows(table[:, 0], table[:, 1] + 1, table[:, 2])
    is_there = later >= 0
    last = np.zeros(int(table[:, 0].max()) + 1, np.int64)
    np.maximum.at(last, table[:, 0], table[:, 1])
    deeds = np.zeros((len(table), 3), np.int64)
    deeds[~is_there, 0] = _GONE
    deeds[is_there, 1:] = table[later[is_there], 5:7] - table[is_there, 5:7]
    deeds[is_there, 0] = np.where(deeds[is_there, 1:].any(axis=1), _MOVE, _STAY)
    row = cells.rows(attacks[:, 0], attacks[:, 1] - 1, attacks[:, 2])
    is_seen = row >= 0
    deeds[row[is_seen], 0] = _ATTACK
    deeds[row[is_seen], 1:] = attacks[is_seen, 3:5] - table[row[is_seen], 5:7]
    is_followed = table[:, 1] < last[table[:, 0]]
    found, own = np.unique(deeds[is_followed], axis=0, return_inverse=True)
    if len(found) > MAX_DEEDS:
        raise LogFormatError(
            f"agents move or attack in {len(found)} ways between two frames; render every step of the environment"
        )
    codes = np.full(len(table), np.nan)
    codes[is_followed] = own.reshape(-1)
    return Deeds(codes=codes, names=tuple(_name(*deed) for deed in found.tolist()), n_unseen=int((~is_seen).sum()))


def _name(kind: int, dx: int, dy: int) -> str:
    return {_STAY: "stay", _GONE: "gone"}.get(kind) or f"{_NAMES[kind]} ({dx}, {dy})"


class _Cells:
    """Finds the row of an episode, frame and agent."""

    def __init__(self, table: IntArray) -> None:
        self._ids = np.unique(table[:, 2])
        self._n_frames = int(table[:, 1].max()) + 2
        codes = self._codes(table[:, 0], table[:, 1], table[:, 2])
        self._order = np.argsort(codes, kind="stable")
        self._sorted = codes[self._order]
        if (self._sorted[1:] == self._sorted[:-1]).any():
            raise LogFormatError("an agent is twice in a frame; the files of two recordings lie in one folder")

    def rows(self, episode: IntArray, frame: IntArray, number: IntArray) -> IntArray:
        """Return the rows, -1 where there is none."""
        codes = self._codes(episode, frame, number)
        at = np.minimum(np.searchsorted(self._sorted, codes), len(self._sorted) - 1)
        is_known = (self._sorted[at] == codes) & (frame >= 0) & np.isin(number, self._ids)
        return np.where(is_known, self._order[at], -1)

    def _codes(self, episode: IntArray, frame: IntArray, number: IntArray) -> IntArray:
        return (episode * self._n_frames + frame) * len(self._ids) + np.searchsorted(self._ids, number)
