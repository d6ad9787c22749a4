"""Which files of a render folder are one episode, and the table of all of them."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.folder import list_files
from convscope.ingest.names import in_numbered_order
from convscope.ingest.parsed import Parsed
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import Notice
from convscope_loaders.magent2.deeds import Deeds, find_deeds
from convscope_loaders.magent2.frames import Frames, read_frames

FULL = 10_002
"""Frames after which the engine goes on in the next file: it compares a counter of 10,000 before it counts."""

_VIDEO = re.compile(r"video_(\d{1,15})\.txt")


def video_files(names: Sequence[str]) -> tuple[str, ...]:
    """Return the files with frames among those of a folder, in order."""
    return in_numbered_order(name for name in names if _VIDEO.fullmatch(name))


def parse(folder: Path) -> Parsed:
    """Turn a render folder into a table with a row per episode, frame and agent."""
    names = video_files(list_files(folder))
    if not names:
        raise LogFormatError(f"{folder} holds no video_<k>.txt; give a render folder of MAgent2")
    frames = [read_frames(folder / name) for name in names]
    tables: list[IntArray] = []
    attacks: list[IntArray] = []
    for number, parts in enumerate(_episodes(names, frames)):
        shifts = np.cumsum([0, *(part.n_frames for part in parts)])
        tables.append(_stacked(number, [part.agents for part in parts], shifts))
        attacks.append(_stacked(number, [part.attacks for part in parts], shifts))
    table = np.concatenate(tables)
    if not len(table):
        raise LogFormatError(f"{folder}: no agent is in any frame")
    deeds = find_deeds(table, np.concatenate(attacks))
    cut = [name for name, part in zip(names, frames, strict=True) if part.is_cut]
    return _parsed(table, deeds, cut=cut)


def _episodes(names: Sequence[str], frames: Sequence[Frames]) -> list[list[Frames]]:
    numbers = [int(name.removeprefix("video_").removesuffix(".txt")) for name in names]
    goes_on = [b == a + 1 and part.n_frames == FULL for (a, b), part in zip(pairwise(numbers), frames, strict=False)]
    episodes: list[list[Frames]] = []
    for part, is_next in zip(frames, [False, *goes_on], strict=True):
        if is_next:
            episodes[-1].append(part)
        else:
            episodes.append([part])
    return episodes


def _stacked(number: int, parts: Sequence[IntArray], shifts: IntArray) -> IntArray:
    """Return the rows of an episode with its number and the frame within the episode before them."""
    rows = [
        np.column_stack([np.full(len(part), number), part[:, 0] + shift, part[:, 1:]])
        for part, shift in zip(parts, shifts.tolist(), strict=False)
    ]
    return np.concatenate(rows)


def _parsed(table: IntArray, deeds: Deeds, *, cut: Sequence[str]) -> Parsed:
    agents, names = _agents(table)
    columns: dict[str, IntArray | FloatArray] = {
        "/episode": table[:, 0],
        "/frame": table[:, 1],
        "/agent": agents,
        "/health": table[:, 3],
        "/direction": table[:, 4],
        "/x": table[:, 5],
        "/y": table[:, 6],
        "/group": table[:, 7],
        "/deed": deeds.codes,
    }
    notices = [
        Notice(code="cut-frame", message="the last frame was not written to its end and is left out", where=name)
        for name in cut
    ]
    if deeds.n_unseen:
        message = f"{deeds.n_unseen} attacks before the first frame, or by agents that are in no frame, are left out"
        notices.append(Notice(code="unseen-attacks", message=message))
    return Parsed(
        arrays=columns,
        attributes={"/agent": {"values": names}, "/deed": {"values": deeds.names}},
        notices=tuple(notices),
    )


def _agents(table: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Return each row's agent, by group and id, and their names."""
    found, codes = np.unique(table[:, [7, 2]], axis=0, return_inverse=True)
    names = tuple(f"group_{group}_agent_{number}" for group, number in found.tolist())
    return codes.reshape(-1).astype(np.int64), names
