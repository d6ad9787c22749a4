"""Weights between agents: which axis is the receivers', which agents slots are, by what the file says or by sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Value
from convscope.ingest.mapping import INNER_AXES, ArrayMapping, Axis, FieldMapping
from convscope.ingest.pair_mapping import Absent, SlotMapping, SlotOrder
from convscope.ingest.toml_text import list_text
from convscope.values import fields as names
from convscope.values.fields import OwnColumn, RowSum
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.evidence import sums_to_one
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import Meaning

_Choice = TypeVar("_Choice", bound=StrEnum)
_TURNED = {Axis.RECEIVER: Axis.SENDER, Axis.SENDER: Axis.RECEIVER}
_KEYS = ("orientation", "row_sum", "own_column", "slots", "absent", "first")


class Orientation(StrEnum):
    """Whose weights stand in a row of a matrix, or in the slots of an agent, as an attribute says it."""

    RECEIVER_ROWS = "receiver-rows"
    SENDER_ROWS = "sender-rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWeights:
    """Weights that can be read in several ways."""

    path: str
    shape: tuple[int, ...]
    readings: tuple[str, ...]
    changes: tuple[str, ...]
    """What to change in the mapping for all but the first reading."""
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWeights:
    """Weights and how they came to be read so."""

    field: FieldMapping
    said: str
    open: OpenWeights | None = None
    """Where nothing decides; the field is the first reading then."""


def read_weights(clues: Clues, family: Family, axes: tuple[Axis, ...]) -> ReadWeights | None:
    """Read weights between agents.

    Parameters
    ----------
    clues
        The file.
    family
        Arrays that are called attention or gates.
    axes
        Of them, the receivers' before the senders' or the slots.

    Returns
    -------
    ReadWeights or None
        None for what only looks like weights, and for arrays of single agents of which nothing tells whether they are
        a receiver's or a sender's.

    Raises
    ------
    LogFormatError
        If an attribute says what it cannot.
    """
    name = names.ATTENTION if family.meaning is Meaning.ATTENTION else names.GATES
    if name == names.GATES and Axis.HEAD in axes:
        return None
    told = _Told(path=family.template.text, attributes=_attributes(clues, family))
    field = FieldMapping(
        name=name,
        array=ArrayMapping(path=family.template.text, axes=axes),
        row_sum=told.choice("row_sum", RowSum) or RowSum.RENORMALISE,
        own_column=told.choice("own_column", OwnColumn) or OwnColumn.WEIGHT,
    )
    found = _oriented(clues, family, field, stated=told.choice("orientation", Orientation))
    return found if found is None or Axis.SLOT not in axes else _with_slots(clues, family, found, told=told)


def stated_slots(clues: Clues, family: Family) -> tuple[Axis, ...] | None:
    """Return the axes of weights of which an attribute says what their slots are; None where none does."""
    if family.meaning not in {Meaning.ATTENTION, Meaning.GATE} or "slots" not in _attributes(clues, family):
        return None
    container, n_agents = clues.layout.container, clues.layout.n_agents
    rest = family.first.shape[len(container) :]
    if Axis.AGENT in family.axes:
        return (*container, *(Axis.HEAD,) * (len(rest) - 1), Axis.SLOT) if rest else None
    agents = [place for place, size in enumerate(rest[:-1]) if size == n_agents]
    if not agents:
        return None
    inner = (Axis.RECEIVER if place == agents[-1] else Axis.HEAD for place in range(len(rest) - 1))
    return (*container, *inner, Axis.SLOT)


def on_edge_lists(left_out: Sequence[Family]) -> tuple[Notice, ...]:
    """Say how lists of edges are read, where one is left out."""
    lists = [family.template.text for family in left_out if "edge" in family.key.lower()]
    if not lists:
        return ()
    message = (
        f"weights of single edges are read where a mapping says which agents they join, in [fields.attention.edges]: "
        f"{listed(lists)}"
    )
    return (Notice(code="edges-unread", message=message, where=lists[0]),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    path: str
    attributes: Mapping[str, Value]

    def choice(self, key: str, kind: type[_Choice]) -> _Choice | None:
        value = self.attributes.get(key)
        if value is None:
            return None
        if value not in list(kind):
            raise LogFormatError(f"{self.path}@{key} is none of {', '.join(kind)}")
        return kind(str(value))

    def whole(self, key: str) -> int:
        value = self.attributes.get(key, 0)
        if type(value) is not int or value < 0:
            raise LogFormatError(f"{self.path}@{key} must be a whole number from 0")
        return value


def _attributes(clues: Clues, family: Family) -> Mapping[str, Value]:
    """Return what arrays say of themselves, which must be the same everywhere."""
    found = [clues.inventory.attributes.get(info.path, {}) for info, _ in family.members]
    said = [{key: own[key] for key in _KEYS if key in own} for own in found]
    odd = next((place for place, own in enumerate(said) if own != said[0]), None)
    if odd is not None:
        raise LogFormatError(f"{family.members[odd][0].path} says other things of its weights than its like")
    return said[0]


def _oriented(clues: Clues, family: Family, field: FieldMapping, *, stated: Orientation | None) -> ReadWeights | None:
    axes, text = field.array.axes, field.array.path
    if stated is not None:
        if stated is Orientation.SENDER_ROWS and Axis.RECEIVER not in axes:
            raise LogFormatError(f"{text}@orientation: arrays of single agents are their receivers' here")
        whose = "receiver" if stated is Orientation.RECEIVER_ROWS else "sender"
        turned = field if stated is Orientation.RECEIVER_ROWS else _turned(field)
        return ReadWeights(field=turned, said=f"{text}: its attribute orientation says that rows are a {whose}'s")
    sampled = clues.sampler.part(family.first.path)
    # The dead, and slots that are empty or missing, give nothing.
    weights = np.where(np.isfinite(sampled), sampled, 0.0)
    last = axes.index(Axis.SENDER if Axis.SENDER in axes else Axis.SLOT)
    other = axes.index(Axis.RECEIVER) if Axis.RECEIVER in axes else None
    is_over_last = sums_to_one(weights, last)
    is_over_other = other is not None and Axis.SLOT not in axes and sums_to_one(weights, other)
    if is_over_last and not is_over_other:
        what = "senders (the keys)" if Axis.SLOT not in axes else "slots"
        return ReadWeights(field=field, said=f"{text}: each receiver's weights (a query's) add up to 1 over the {what}")
    if is_over_other and not is_over_last:
        said = f"{text}: weights add up to 1 over axis {other}, which is that of the senders (keys) therefore"
        return ReadWeights(field=_turned(field), said=said)
    if other is None:
        return None
    evidence = f"Weights add up to 1 over {'both' if is_over_last else 'neither'} of them."
    return ReadWeights(field=field, said="", open=_open_orientation(family, field, evidence))


def _turned(field: FieldMapping) -> FieldMapping:
    axes = tuple(_TURNED.get(axis, axis) for axis in field.array.axes)
    return replace(field, array=replace(field.array, axes=axes))


def _open_orientation(family: Family, field: FieldMapping, evidence: str) -> OpenWeights:
    axes, text = field.array.axes, field.array.path
    at = axes.index(Axis.RECEIVER)
    return OpenWeights(
        path=text,
        shape=family.first.shape,
        readings=(
            f"axis {at} counts receivers: what stands along the last one is what a receiver gives to senders",
            f"axis {at} counts senders: what stands along the last one is what receivers give to it",
        ),
        changes=(f"reading 2: {_line(_turned(field).array.axes)}",),
        evidence=evidence,
    )


def _with_slots(clues: Clues, family: Family, found: ReadWeights, *, told: _Told) -> ReadWeights:
    stated, text = told.attributes.get("slots"), told.path
    if isinstance(stated, str) and stated not in list(SlotOrder):
        return _with_listed(clues, found, stated, told=told)
    n_slots, wanted = family.first.shape[-1], clues.layout.n_agents - 1
    order = told.choice("slots", SlotOrder)
    field = replace(found.field, slots=SlotMapping(order=order or SlotOrder.OTHERS))
    if order is not None:
        return replace(found, field=field)
    readings = (
        "all agents but its own, in the order of the agents",
        "in another order, such as nearest first, which numbers of agents must tell",
    )
    change = (
        f'reading 2: slots = {{ path = "/NUMBERS", axes = [...], absent = "{Absent.NO_SLOT}" }}, the agent of each slot'
    )
    turn = found.open.changes if found.open is not None else ()
    opened = OpenWeights(
        path=text,
        shape=family.first.shape,
        readings=(*(f"{n_slots} slots: {one}" for one in readings),),
        changes=(change, *(line.replace("reading 2", "if the other axis counts senders") for line in turn)),
        evidence=f"There are {wanted + 1} agents, and nothing in the file tells which of them each slot is.",
    )
    return replace(found, field=field, open=opened)


def _with_listed(clues: Clues, found: ReadWeights, stated: str, *, told: _Told) -> ReadWeights:
    field, group = found.field, told.path.rpartition("/")[0]
    path = stated if stated.startswith("/") else f"{group}/{stated}"
    axes = _axes_of_list(clues, field, path)
    absent = told.choice("absent", Absent)
    slots = SlotMapping(
        array=ArrayMapping(path=path, axes=axes), absent=absent or Absent.NO_SLOT, first=told.whole("first")
    )
    listed = replace(found, field=replace(field, slots=slots))
    if absent is not None or found.open is not None:
        return listed
    opened = OpenWeights(
        path=told.path,
        shape=clues.inventory.datasets[told.path].shape if told.path in clues.inventory.datasets else (),
        readings=("who is in no slot could not be attended to in that step", "it could, and its weight was 0"),
        changes=(f'reading 2: absent = "{Absent.ZERO}"',),
        evidence="Nothing in the file tells them apart (its attribute absent could).",
    )
    return replace(listed, open=opened)


def _axes_of_list(clues: Clues, field: FieldMapping, path: str) -> tuple[Axis, ...]:
    """Return the axes of the numbers of agents: those of the weights, with or without heads, or without steps."""
    own = field.array.axes
    family = next((one for one in clues.families if one.template.text == path), None)
    shape = None if family is None else family.first.shape
    weights = next((one.first.shape for one in clues.families if one.template.text == field.array.path), ())
    sizes = dict(zip(own, weights, strict=False))
    without_heads = tuple(axis for axis in own if axis not in INNER_AXES)
    for axes in (without_heads, own, without_heads[-2:]):
        if shape == tuple(sizes[axis] for axis in axes):
            return axes
    raise LogFormatError(f"{field.array.path}@slots names {path}, which is no list of the agents in its slots")


def _line(axes: tuple[Axis, ...]) -> str:
    return f"axes = {list_text(axes)}"
