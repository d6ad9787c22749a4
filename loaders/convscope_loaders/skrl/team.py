"""The memories of a team as one container: rows in time order, agents named, ends together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values import fields as names
from convscope.values.arrays import BoolArray
from convscope.values.header import Notice, left_out
from convscope_loaders.skrl.exports import MemoryFile
from convscope_loaders.skrl.memory import MemoryOrder, following_rows, memory_order, written_rows
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.ring_order import RingView
from convscope_loaders.structure.views import HeldView, View, only_views

_FIELDS = {"observations": names.OBSERVATIONS, "actions": names.ACTIONS, "rewards": names.REWARDS}
_FLAGS = ("terminated", "truncated")
_CUT = "cut"
_NEXT = ("next_observations", "next_states")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Export:
    """What a team saved at one time."""

    top: str
    """Of its views' paths."""
    groups: tuple[str, ...]
    """Of each agent's arrays."""
    parts: tuple[str, ...]
    """Names of the arrays that all agents have."""
    flags: Mapping[str, BoolArray]
    """Ends of episodes, shape (T, E) in the order of the memory: what is stored of those by kind, and all of them, with
    those where the next observation is not the one of the following row."""
    has_own: bool
    """Whether agents end apart from each other."""
    order: MemoryOrder


def team_container(
    container: Container, exports: Sequence[Sequence[MemoryFile]], *, place: str
) -> tuple[Container, Reading]:
    """Return the arrays of a team, and what they mean.

    Parameters
    ----------
    container
        The arrays of all files, each below the file's name.
    exports
        As `convscope_loaders.skrl.exports.team_exports` returns them.
    place
        The folder, for errors.

    Raises
    ------
    LogFormatError
        If the memories of an export do not fit together, or hold no sample.
    """
    tops = [f"/export_{number}" for number in range(len(exports))] if len(exports) > 1 else [""]
    with container.store.open() as file:
        seen = [_seen(container, file, export, top=top, place=place) for export, top in zip(exports, tops, strict=True)]
    views = [view for export in seen for view in _views(container, export)]
    top = "/{checkpoint}" if len(exports) > 1 else ""
    reading = Reading(mapping=_mapping(seen, top), assumptions=_assumptions(seen), notices=_left_out(container, seen))
    return only_views(container, views), reading


def _seen(container: Container, file: ArrayReader, export: Sequence[MemoryFile], *, top: str, place: str) -> _Export:
    groups = tuple(f"/{member.stem}" for member in export)
    datasets = container.inventory.datasets
    lead = _lead(datasets, groups, place)
    parts = [path.rsplit("/", 1)[1] for path in datasets if path.startswith(f"{groups[0]}/")]
    shared = tuple(part for part in parts if all(_has_lead(datasets, f"{group}/{part}", lead) for group in groups))
    written = {written_rows(container.inventory, file, group) for group in groups}
    if len(written) > 1 or not min(written):
        raise LogFormatError(f"{place}{groups[0]} and its like hold {sorted(written)} samples; no team's memories do")
    n_rows = min(written)
    own = {flag: _flags(file, groups, flag, n_rows=n_rows) for flag in _FLAGS if flag in shared}
    ended = np.logical_or.reduce([*own.values(), np.zeros((len(groups), n_rows, lead[1]), np.bool_)])
    is_over = np.asarray(ended.all(axis=0), dtype=np.bool_)
    follows = following_rows(container.inventory, file, groups, n_rows=n_rows)
    order = memory_order(n_rows, lead[0], follows, is_over=is_over)
    is_break = np.zeros_like(is_over) if follows is None else ~follows
    # What follows the newest row was never written.
    is_break[order.ring.first - 1] = False
    return _Export(
        top=top,
        groups=groups,
        parts=shared,
        flags={flag: is_over & set_by.any(axis=0) for flag, set_by in own.items()} | {_CUT: is_over | is_break},
        has_own=bool((ended.any(axis=0) != is_over).any()),
        order=order,
    )


def _flags(file: ArrayReader, groups: Sequence[str], flag: str, *, n_rows: int) -> BoolArray:
    """Return a flag of every agent, shape (N, T, E)."""
    read = [file.read(f"{group}/{flag}", 0, n_rows).reshape(n_rows, -1) for group in groups]
    return np.asarray(np.stack(read) != 0, dtype=np.bool_)


def _lead(datasets: Mapping[str, ArrayInfo], groups: Sequence[str], place: str) -> tuple[int, ...]:
    """Return the number of rows and environments, the same for all agents."""
    first = datasets.get(f"{groups[0]}/observations")
    for path in (f"{group}/{part}" for group in groups for part in ("observations", "actions")):
        info = datasets.get(path)
        if info is None or first is None or len(info.shape) < 3 or info.is_text:
            group, _, part = path.rpartition("/")
            raise LogFormatError(f"{place}{group} has no array {part} of (row, environment, value)")
        if info.shape[:2] != first.shape[:2] or 0 in info.shape:
            raise LogFormatError(f"{place}{path} {info.shape} does not fit {first.path} {first.shape}")
    lead = () if first is None else first.shape[:2]
    for path in (f"{group}/{flag}" for group in groups for flag in _FLAGS):
        info = datasets.get(path)
        if info is not None and (info.shape != (*lead, 1) or info.is_text):
            raise LogFormatError(f"{place}{path} {info.shape} should hold one flag for each of {lead} samples")
    return lead


def _has_lead(datasets: Mapping[str, ArrayInfo], path: str, lead: tuple[int, ...]) -> bool:
    info = datasets.get(path)
    return info is not None and not info.is_text and len(info.shape) >= 3 and info.shape[:2] == lead


def _views(container: Container, export: _Export) -> list[View]:
    arrays: list[View] = [
        RingView(
            own=container.inventory.datasets[f"{group}/{part}"],
            path=f"{export.top}/agent_{agent}/{part}",
            order=export.order.ring,
        )
        for agent, group in enumerate(export.groups)
        for part in export.parts
    ]
    turned = {flag: np.roll(own, -export.order.ring.first, axis=0) for flag, own in export.flags.items()}
    return [*arrays, *(HeldView(path=f"{export.top}/{flag}", array=own) for flag, own in turned.items())]


def _mapping(seen: Sequence[_Export], top: str) -> LogMapping:
    parts = [part for part in seen[0].parts if all(part in export.parts for export in seen)]
    fields = [
        FieldMapping(
            name=_FIELDS.get(part, f"{names.INFO}{part}"),
            array=ArrayMapping(path=f"{top}/{{agent}}/{part}", axes=(Axis.TIME, Axis.EPISODE, Axis.VALUE)),
        )
        for part in parts
        if part not in (*_FLAGS, *_NEXT)
    ]
    flags = {flag: ArrayMapping(path=f"{top}/{flag}", axes=(Axis.TIME, Axis.EPISODE)) for flag in seen[0].flags}
    episodes = EpisodeMapping(
        cut=Cut.FLAGS,
        array=flags[_CUT],
        terminated=flags.get("terminated"),
        truncated=flags.get("truncated"),
    )
    return LogMapping(fields=tuple(fields), episodes=episodes, framework="skrl")


def _assumptions(seen: Sequence[_Export]) -> tuple[str, ...]:
    sentences = ["the files name no agents: they are called agent_<k> in the order in which their memories were saved"]
    if len(seen) > 1:
        sentences.append("each export is read as a checkpoint, in the order of their times")
    if all(export.order.is_known for export in seen):
        sentences.append("the samples show their order in time: unwritten rows follow them, or next observations match")
    else:
        sentences.append(
            "rows are in the order of the memory, which is a ring: nothing in the files says whether it had come round"
        )
    if "truncated" not in seen[0].flags:
        sentences.append("the memories store no truncations: an episode that a time limit ends runs on into the next")
    if any(export.has_own for export in seen):
        sentences.append("agents end apart from each other: an episode ends where all of them do")
    return tuple(sentences)


def _left_out(container: Container, seen: Sequence[_Export]) -> tuple[Notice, ...]:
    read = {f"{group}/{part}" for export in seen for group in export.groups for part in {*export.parts} - {*_NEXT}}
    others = [path for path in container.inventory.datasets if path not in read]
    what = "what follows each step, and arrays that not all agents have alike"
    return (*container.inventory.notices, *left_out(others, what))
