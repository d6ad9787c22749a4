"""The frames of one ``video_<k>.txt``: who is where, and who attacks what."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import readable
from convscope.values.arrays import IntArray
from convscope_loaders.table.text import unpacked

_COLUMNS = {"first": pl.String, **dict.fromkeys(("second", "third", "fourth", "fifth", "sixth"), pl.Int64)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """What the engine saw after each step that was rendered."""

    n_frames: int
    agents: IntArray
    """A row per frame and agent: frame, id, health in per cent, direction in degrees, x, y, group."""
    attacks: IntArray
    """A row per attack: frame, id of who attacks, x, y of what it attacks."""
    is_cut: bool
    """Whether the last frame was not written to its end; it is left out."""


def read_frames(path: Path) -> Frames:
    """Read a file.

    Parameters
    ----------
    path
        A line ``W walls`` and the walls; then for each frame ``F agents attacks 0``, a line ``id health direction x y
        group`` for each agent, and a line ``0 id x y`` for each attack (``RenderGenerator.cc`` of MAgent2).

    Raises
    ------
    LogFormatError
        If it is something else.
    """
    content = unpacked(path)
    with readable(str(path)):
        lines = pl.read_csv(
            content, has_header=False, separator=" ", schema=_COLUMNS, quote_char=None, missing_columns="insert"
        )
    first = lines["first"]
    numbers = [_whole(lines[name]) for name in list(_COLUMNS)[1:]]
    starts = _starts(first, numbers, path)
    end, at = int(starts.stop[-1]), int(starts.at[0])
    frame = np.repeat(np.arange(len(starts.at)), starts.stop - starts.at)
    place = np.arange(at, end) - starts.at[frame]
    body = [frame, _whole(first[at:end].cast(pl.Int64, strict=False)), *(own[at:end] for own in numbers)]
    n_agents = starts.n_agents[frame]
    return Frames(
        n_frames=len(starts.at),
        agents=_rows(body, (place > 0) & (place <= n_agents), path),
        attacks=_rows([body[0], *body[2:5]], place > n_agents, path),
        is_cut=starts.is_cut,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Starts:
    """Where each whole frame is among the lines of a file."""

    at: IntArray
    stop: IntArray
    n_agents: IntArray
    is_cut: bool


def _starts(first: pl.Series, numbers: list[IntArray], path: Path) -> _Starts:
    at = np.flatnonzero((first == "F").to_numpy())
    walls = int(numbers[0][0]) if len(first) and first[0] == "W" else -1
    if walls < 0 or not len(at) or at[0] != walls + 1:
        raise LogFormatError(f"{path} is no render log of MAgent2: it does not begin with W, its walls and a frame F")
    n_agents, n_attacks = numbers[0][at], numbers[1][at]
    stop = at + 1 + n_agents + n_attacks
    is_cut = bool(stop[-1] > len(first))
    is_sound = (stop[:-1] == at[1:]).all() and (is_cut or stop[-1] == len(first))
    if not is_sound or (n_agents < 0).any() or (n_attacks < 0).any():
        raise LogFormatError(f"{path}: a frame has not the agents and attacks that its line F says; it is damaged")
    n_frames = len(at) - is_cut
    if not n_frames:
        raise LogFormatError(f"{path} holds no whole frame")
    return _Starts(at=at[:n_frames], stop=stop[:n_frames], n_agents=n_agents[:n_frames], is_cut=is_cut)


_MISSING = -(2**62)


def _whole(column: pl.Series) -> IntArray:
    return column.fill_null(_MISSING).to_numpy().astype(np.int64)


def _rows(columns: list[IntArray], chosen: npt.NDArray[np.bool_], path: Path) -> IntArray:
    rows = np.stack([column[chosen] for column in columns], axis=1)
    if (np.abs(rows) > 2**53).any():
        raise LogFormatError(f"{path}: a line of a frame lacks a number; the file is damaged")
    return rows
