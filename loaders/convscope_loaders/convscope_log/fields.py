"""The fields of a convscope log: found by their places, described by their attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory, Value
from convscope.ingest.json_text import parsed_json
from convscope.ingest.log_layout import GROUP_DATASETS, INFO_FOLDERS, ROOT_DATASETS
from convscope.values.fields import ACTIONS, INFO, MESSAGES, PAIR_MESSAGES, FieldSpec, Level, OwnColumn, RowSum
from convscope_loaders.convscope_log.source import StoredField, StoredPart

_FIELD_AT_ROOT = {path: field for field, path in ROOT_DATASETS.items()}
_FIELD_IN_GROUP = {name: field for field, name in GROUP_DATASETS.items()}
_BY_PAIR = "/channels/"
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    field: str
    level: Level
    info: ArrayInfo
    slots: tuple[int, ...] | None
    attributes: Mapping[str, Value]

    def numbers(self, name: str) -> tuple[int, ...] | None:
        """Return an attribute that lists whole numbers."""
        value = self.attributes.get(name)
        entries = value if isinstance(value, tuple) else (value,)
        return tuple(n for n in entries if isinstance(n, int)) if all(isinstance(n, int) for n in entries) else None

    @property
    def inner(self) -> tuple[int, ...]:
        """Shape of a value, in memory."""
        shape = self.info.shape
        if self.level is Level.TEAM:
            return shape[1:]
        if self.level is Level.PAIR:
            return shape[3:] if self.field == PAIR_MESSAGES else shape[1:-2]
        # A discrete action is one number in the file and one column in memory.
        return shape[2:] or ((1,) if self.field == ACTIONS else ())


def slots_by_group(name: str, inventory: Inventory, n_agents: int) -> dict[str, tuple[int, ...]]:
    """Return the agents of each group by the group's path.

    Parameters
    ----------
    name
        The file, for errors.
    inventory
        What it holds.
    n_agents
        Number of agents.

    Raises
    ------
    LogFormatError
        If the groups do not hold every agent once.
    """
    slots: dict[str, tuple[int, ...]] = {}
    for path in inventory.groups:
        if path.startswith("/groups/") and path.count("/") == 2:
            value = inventory.attributes.get(path, {}).get("slots", ())
            slots[path] = tuple(s for s in value if isinstance(s, int)) if isinstance(value, tuple) else ()
    if sorted(slot for members in slots.values() for slot in members) != list(range(n_agents)):
        raise LogFormatError(
            f"{name}:/groups: the attribute slots of the groups must hold each of {n_agents} agents once"
        )
    return slots


def find_fields(
    inventory: Inventory, groups: Mapping[str, tuple[int, ...]], n_agents: int
) -> tuple[tuple[FieldSpec, StoredField], ...]:
    """Return every field with the datasets that hold it, in the order that the file names.

    Raises
    ------
    LogFormatError
        If the groups' parts of a field do not fit each other.
    """
    found: dict[str, list[_Part]] = {}
    for info in inventory.datasets.values():
        part = _part(inventory, groups, info, n_agents=n_agents)
        if part is not None:
            found.setdefault(part.field, []).append(part)
    fields = [_field(parts, n_agents) for parts in found.values()]
    order = _order(inventory)
    return tuple(sorted(fields, key=lambda pair: order.get(pair[0].name, len(order))))


def _part(
    inventory: Inventory, groups: Mapping[str, tuple[int, ...]], info: ArrayInfo, *, n_agents: int
) -> _Part | None:
    attributes = inventory.attributes.get(info.path, {})
    folder, _, leaf = info.path.rpartition("/")
    stated = attributes.get("field")
    info_name = stated if isinstance(stated, str) and stated.startswith(INFO) else f"{INFO}{leaf}"
    group = next((path for path in groups if info.path.startswith(f"{path}/")), None)
    if group is not None:
        known = _FIELD_IN_GROUP.get(info.path.removeprefix(f"{group}/"))
        field = known or (info_name if folder == f"{group}/info" else None)
        level = Level.AGENT
        slots: tuple[int, ...] | None = groups[group]
    else:
        field = _FIELD_AT_ROOT.get(info.path) or (info_name if folder in INFO_FOLDERS.values() else None)
        level = Level.AGENT if field == MESSAGES else Level.PAIR if info.path.startswith(_BY_PAIR) else Level.TEAM
        slots = tuple(range(n_agents)) if level is Level.AGENT else None
    if field is None or info.is_text or info.columns:
        return None
    return _Part(field=field, level=level, info=info, slots=slots, attributes=attributes)


def _field(parts: list[_Part], n_agents: int) -> tuple[FieldSpec, StoredField]:
    first = parts[0]
    inner = [part.inner for part in parts]
    is_whole = first.slots is None or sorted(s for p in parts for s in p.slots or ()) == list(range(n_agents))
    if len({len(shape) for shape in inner}) > 1:
        raise LogFormatError(f"{first.info.path}: other groups keep {first.field} with another number of axes")
    for part in parts:
        _check_shape(part, n_agents)
    shape = tuple(max(sizes) for sizes in zip(*inner, strict=True))
    axes = {Level.TEAM: shape, Level.AGENT: (n_agents, *shape), Level.PAIR: (*shape, n_agents, n_agents)}
    spec = FieldSpec(
        name=first.field,
        level=first.level,
        shape=shape,
        dtype=first.info.dtype,
        widths=_widths(parts, n_agents) if is_whole else None,
        path=first.info.path,
        values=_values(first.attributes.get("values")),
        inner_axes=_inner_axes(first, shape),
        row_sum=_stated(first, "row_sum", RowSum),
        own_column=_stated(first, "own_column", OwnColumn),
        is_randomized=all(bool(part.attributes.get("randomized")) for part in parts),
    )
    stored = tuple(StoredPart(path=p.info.path, slots=p.slots, missing=_missing(p)) for p in parts)
    return spec, StoredField(name=first.field, row_shape=axes[first.level], parts=stored)


def _check_shape(part: _Part, n_agents: int) -> None:
    """Make sure that a dataset has the axes of its level, so that reading needs no further checks."""
    shape = part.info.shape
    receiver_sender = shape[1:3] if part.field == PAIR_MESSAGES else shape[-2:]
    fits = {
        Level.TEAM: len(shape) >= 1,
        Level.AGENT: len(shape) >= 2 and shape[1] == len(part.slots or ()),
        Level.PAIR: len(shape) >= 3 and receiver_sender == (n_agents, n_agents),
    }
    if not fits[part.level]:
        raise LogFormatError(f"{part.info.path} has shape {shape}, which does not fit the log's {n_agents} agents")


def _widths(parts: list[_Part], n_agents: int) -> tuple[int, ...] | None:
    """Return the columns that each agent really has: as stated, or where the groups differ."""
    if parts[0].slots is None or len(parts[0].inner) != 1:
        return None
    width_of: dict[int, int] = {}
    for part in parts:
        slots = part.slots or ()
        stated = part.numbers("widths") if "widths" in part.attributes else None
        width_of |= dict(zip(slots, stated or part.inner * len(slots), strict=False))
    is_stated = any("widths" in part.attributes for part in parts)
    if not is_stated and len(set(width_of.values())) == 1:
        return None
    return tuple(width_of.get(slot, 0) for slot in range(n_agents))


def _missing(part: _Part) -> int | None:
    mark = part.attributes.get("_FillValue")
    is_whole = np.dtype(part.info.dtype).kind in "iu"
    return mark if is_whole and isinstance(mark, int) else None


def _values(value: Value | None) -> tuple[str, ...]:
    names = parsed_json(value)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _inner_axes(part: _Part, shape: tuple[int, ...]) -> tuple[str, ...]:
    names = _values(part.attributes.get("inner_axes"))
    return names if len(names) == len(shape) else ()


def _stated(part: _Part, name: str, kind: type[_Choice]) -> _Choice:
    """Return a choice that an attribute states, or the first one, which is what is meant where nothing is."""
    stated = part.attributes.get(name, next(iter(kind)))
    if stated not in list(kind):
        raise LogFormatError(f"{part.info.path}@{name} is none of {', '.join(kind)}")
    return kind(str(stated))


def _order(inventory: Inventory) -> dict[str, int]:
    names = parsed_json(inventory.attributes.get("/", {}).get("fields"))
    return {str(name): number for number, name in enumerate(names)} if isinstance(names, list) else {}
