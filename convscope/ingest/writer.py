"""Writing a log in the convscope log format, block by block (``docs/log-format.md``)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convscope.ingest.hdf5.writing import Attribute, Hdf5Writer, create_hdf5
from convscope.ingest.log_layout import MISSING_IS_MINUS_ONE, field_path, group_path, is_by_group, safe_name
from convscope.ingest.log_tables import flags_of, slots_of, write_tables
from convscope.ingest.packing import missing_mark, pack, storage_type
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, PAIR_MESSAGES, FieldSpec, Level
from convscope.values.header import ActionKind, LogHeader
from convscope.values.log import Block, TrajectoryLog
from convscope.values.status import Status


def write_log(log: TrajectoryLog, path: Path) -> None:
    """Write a log as one file in the convscope log format.

    Parameters
    ----------
    log
        Any log; it is read block by block, so it may be larger than memory.
    path
        Where nothing is yet. The file appears under this name only when it is whole.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.

    Notes
    -----
    The same log gives the same bytes. A field keeps the type that it has in the log's file when that holds every value
    exactly, and becomes float64 otherwise.
    """
    exact = frozenset[str]()
    while True:
        try:
            with create_hdf5(path) as file:
                _write(file, log, exact)
        except _InexactError as inexact:
            exact |= {inexact.field}
        else:
            return


class _InexactError(Exception):
    """A field whose declared type or widths do not hold its values; it is then stored as it is in memory."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A dataset that takes a field, or one group's part of it."""

    field: FieldSpec
    path: str
    slots: tuple[int, ...] | None
    """Agents whose columns it takes; None for a field of the whole team."""
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    """Of a row."""
    dtype: str
    missing: int | None
    width: int | None = None
    """Columns that the group really has, where that is less than the field's shape says."""

    def rows(self, column: FloatArray) -> npt.NDArray[np.generic]:
        """Return a block's rows as the dataset stores them."""
        values = column if self.slots is None else column[:, list(self.slots)]
        if self.field.name == PAIR_MESSAGES:
            values = _sender_first(values)
        if self.width is not None:
            if not np.isnan(values[..., self.width :]).all():
                raise _InexactError(self.field.name)
            values = values[..., : self.width]
        packed = pack(values, self.dtype, self.missing)
        if packed is None:
            raise _InexactError(self.field.name)
        return packed.reshape(len(packed), *self.shape)


def _write(file: Hdf5Writer, log: TrajectoryLog, exact: frozenset[str]) -> None:
    write_tables(file, log)
    n_rows = int(log.episodes.rows.sum())
    targets = [target for field in log.header.fields for target in _targets(log.header, field, exact)]
    _create(file, log, targets, n_rows=n_rows)
    start = 0
    for block in log.blocks(frozenset(field.name for field in log.header.fields)):
        _write_block(file, log.header, block, start=start)
        for target in targets:
            file.write(target.path, start, target.rows(block.columns[target.field.name]))
        start += block.n_rows


def _create(file: Hdf5Writer, log: TrajectoryLog, targets: list[_Target], *, n_rows: int) -> None:
    for group, slots in slots_of(log.header).items():
        axes = ("step", f"slot_{safe_name(group)}")
        path = f"{group_path(group)}/status"
        file.column(path, axes, (n_rows, len(slots)), dtype="<u1", attributes=flags_of(Status))
    file.group("/steps", {"encoding-type": "table", "encoding-version": "1.0.0"})
    for name in ("episode", "t"):
        file.column(f"/steps/{name}", ("step",), (n_rows,), dtype="<i4")
    for target in targets:
        file.column(
            target.path,
            target.axes,
            (n_rows, *target.shape),
            dtype=target.dtype,
            missing=target.missing,
            attributes=_field_attributes(target),
        )


def _write_block(file: Hdf5Writer, header: LogHeader, block: Block, *, start: int) -> None:
    file.write("/steps/episode", start, block.episodes[block.episode_of_row])
    file.write("/steps/t", start, block.time_of_row)
    for group, slots in slots_of(header).items():
        file.write(f"{group_path(group)}/status", start, block.status[:, slots])
    file.write("/slots/agent", int(block.episodes[0]), _agents_present(block))


def _agents_present(block: Block) -> IntArray:
    seen = np.cumsum(block.status != Status.ABSENT, axis=0)
    seen = np.concatenate([np.zeros((1, seen.shape[1]), seen.dtype), seen])
    is_present = np.diff(seen[block.offsets], axis=0) > 0
    return np.where(is_present, np.arange(block.status.shape[1]), -1)


def _targets(header: LogHeader, field: FieldSpec, exact: frozenset[str]) -> list[_Target]:
    dtype = "<f8" if field.name in exact else storage_type(field.dtype)
    missing = missing_mark(dtype, is_minus_one=field.name in MISSING_IS_MINUS_ONE)
    if not is_by_group(field.name, field.level):
        slots = tuple(range(len(header.agents))) if field.level is Level.AGENT else None
        axes, shape = _axes(field, len(header.agents))
        path = field_path(field.name, field.level)
        return [_Target(field=field, path=path, slots=slots, axes=axes, shape=shape, dtype=dtype, missing=missing)]
    targets: list[_Target] = []
    for group, members in slots_of(header).items():
        width = None if field.name in exact else _width(field, members)
        inner = _inner_shape(header, field, members, width=width)
        target = _Target(
            field=field,
            path=field_path(field.name, field.level, group),
            slots=tuple(members),
            axes=("step", f"slot_{safe_name(group)}", *_inner_axes(field, inner, group)),
            shape=(len(members), *inner),
            dtype=dtype,
            missing=missing,
            width=width,
        )
        targets.append(target)
    return targets


def _width(field: FieldSpec, slots: list[int]) -> int | None:
    # A reader takes the widest group for the width of the field.
    if field.widths is None or field.shape != (max(field.widths),):
        return None
    return max(field.widths[slot] for slot in slots)


def _inner_shape(header: LogHeader, field: FieldSpec, slots: list[int], *, width: int | None) -> tuple[int, ...]:
    shape = field.shape if width is None else (width,)
    is_discrete = all(header.agents[slot].action_space.kind is ActionKind.DISCRETE for slot in slots)
    return () if field.name == ACTIONS and shape == (1,) and is_discrete else shape


def _axes(field: FieldSpec, n_agents: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    inner = _inner_axes(field, field.shape)
    if field.level is Level.TEAM:
        return ("step", *inner), field.shape
    if field.level is Level.AGENT:
        return ("step", "slot", *inner), (n_agents, *field.shape)
    if field.name == PAIR_MESSAGES:
        return ("step", "sender", "receiver", *inner), (n_agents, n_agents, *field.shape)
    return ("step", *inner, "receiver", "sender"), (*field.shape, n_agents, n_agents)


def _inner_axes(field: FieldSpec, shape: tuple[int, ...], group: str | None = None) -> tuple[str, ...]:
    of_group = "" if group is None else f"_{safe_name(group)}"
    return tuple(f"{safe_name(field.name)}{of_group}_{number}" for number in range(len(shape)))


def _sender_first(messages: FloatArray) -> FloatArray:
    """Turn (T, M, receiver, sender) into (T, sender, receiver, M)."""
    return np.moveaxis(messages, (-1, -2), (1, 2))


def _field_attributes(target: _Target) -> Mapping[str, Attribute]:
    field = target.field
    attributes: dict[str, Attribute] = {"field": field.name, "level": field.level.value}
    if field.widths is not None and target.slots is not None:
        attributes["widths"] = [field.widths[slot] for slot in target.slots]
    if field.values:
        attributes["values"] = json.dumps(field.values)
    return attributes
