"""Which datasets of a convscope log hold a field, and what shape and type they have."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convscope.ingest.hdf5.storage import PACKED, Storage
from convscope.ingest.hdf5.writing import Attribute, Hdf5Writer
from convscope.ingest.log_layout import MISSING_IS_MINUS_ONE, field_path, group_path, is_by_group, safe_name
from convscope.ingest.log_tables import flags_of, slots_of
from convscope.ingest.packing import missing_mark, pack, storage_type
from convscope.values.arrays import FloatArray
from convscope.values.fields import ACTIONS, PAIR_MESSAGES, FieldSpec, Level, OwnColumn, RowSum
from convscope.values.header import ActionKind, LogHeader
from convscope.values.status import Status


class InexactError(Exception):
    """A field whose declared type or widths do not hold its values; it is then stored as it is in memory."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
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
                raise InexactError(self.field.name)
            values = values[..., : self.width]
        packed = pack(values, self.dtype, self.missing)
        if packed is None:
            raise InexactError(self.field.name)
        return packed.reshape(len(packed), *self.shape)


def targets_of(header: LogHeader, field: FieldSpec, exact: frozenset[str] = frozenset()) -> list[Target]:
    """Return the datasets that hold a field: one, or one per group of agents.

    Parameters
    ----------
    header
        Of the log.
    field
        One of its fields.
    exact
        Fields whose declared type or widths do not hold their values, and which are stored as they are in memory.
    """
    dtype = "<f8" if field.name in exact else storage_type(field.dtype)
    missing = missing_mark(dtype, is_minus_one=field.name in MISSING_IS_MINUS_ONE)
    if not is_by_group(field.name, field.level):
        slots = tuple(range(len(header.agents))) if field.level is Level.AGENT else None
        axes, shape = _axes(field, len(header.agents))
        path = field_path(field.name, field.level)
        return [Target(field=field, path=path, slots=slots, axes=axes, shape=shape, dtype=dtype, missing=missing)]
    targets: list[Target] = []
    for group, members in slots_of(header).items():
        width = None if field.name in exact else _width(field, members)
        inner = _inner_shape(header, field, members, width=width)
        target = Target(
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


def create_columns(
    file: Hdf5Writer, header: LogHeader, targets: Sequence[Target], *, n_rows: int, storage: Storage = PACKED
) -> None:
    """Create the columns that have an entry for every row.

    Parameters
    ----------
    file
        Without any of them.
    header
        Of the log.
    targets
        What `targets_of` returned for each field.
    n_rows
        Their length.
    storage
        How they lie in the file. In columns that grow, rows that are never written are missing.
    """
    is_growing = storage is not PACKED
    for group, slots in slots_of(header).items():
        axes = ("step", f"slot_{safe_name(group)}")
        path = f"{group_path(group)}/status"
        shape = (n_rows, len(slots))
        file.column(path, axes, shape, dtype="<u1", attributes=flags_of(Status), storage=storage)
    file.group("/steps", {"encoding-type": "table", "encoding-version": "1.0.0"})
    for name in ("episode", "t"):
        missing = -1 if is_growing else None
        file.column(f"/steps/{name}", ("step",), (n_rows,), dtype="<i4", missing=missing, storage=storage)
    for target in targets:
        file.column(
            target.path,
            target.axes,
            (n_rows, *target.shape),
            dtype=target.dtype,
            missing=np.nan if is_growing and target.missing is None else target.missing,
            attributes=_field_attributes(target),
            storage=storage,
        )


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


def _field_attributes(target: Target) -> Mapping[str, Attribute]:
    field = target.field
    attributes: dict[str, Attribute] = {"field": field.name, "level": field.level.value}
    if field.widths is not None and target.slots is not None:
        attributes["widths"] = [field.widths[slot] for slot in target.slots]
    if field.values:
        attributes["values"] = json.dumps(field.values)
    if field.row_sum is not RowSum.RENORMALISE:
        attributes["row_sum"] = field.row_sum.value
    if field.own_column is not OwnColumn.WEIGHT:
        attributes["own_column"] = field.own_column.value
    if field.is_randomized:
        attributes["randomized"] = 1
    if field.inner_axes:
        attributes["inner_axes"] = json.dumps(field.inner_axes)
    return attributes
