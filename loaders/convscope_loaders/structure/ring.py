"""Replay buffers: rows that were never written are left out, and those of a full ring are put in the order of time.

Single numbers beside the arrays (``ptr``, ``size``, ``full``) tell which rows these are, else zeros or NaN at the end
of all arrays. All this happens before anything else looks at them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.mapping import LogMapping
from convscope_loaders.structure.ring_choice import Buffer, RingChoice, find_buffer
from convscope_loaders.structure.ring_marks import RingMarks, find_marks, named_marks
from convscope_loaders.structure.ring_order import RingOrder, RingView
from convscope_loaders.structure.ring_untold import find_orders
from convscope_loaders.structure.views import with_views


@dataclass(frozen=True, slots=True, kw_only=True)
class InTimeOrder:
    """Arrays whose rows are in the order of time."""

    container: Container
    assumptions: tuple[str, ...] = ()
    headless: Mapping[str, int] = field(default_factory=dict[str, int])
    """Arrays whose first rows may belong to an episode of which the beginning was written over, and their axis."""


def in_time_order(container: Container, mapping: LogMapping | None, *, place: str) -> InTimeOrder:
    """Leave out rows of buffers that were never written, and begin full rings with their oldest row.

    Parameters
    ----------
    container
        Any arrays; single numbers are attributes.
    mapping
        What the user says of them, if anything.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If it is open which rows were written, or which is the oldest.
    MappingError
        If the mapping names numbers that are not there, or that do not fit the arrays.
    """
    known = mapping or LogMapping()
    inventory = container.inventory
    if known.ring is None:
        marks = find_marks(inventory, known.ignore)
    else:
        marks = named_marks(inventory, known.ring, place=str(known.file)) or {"/": {}}
    with container.store.open() as file:
        found = list(_found(container, file, marks, mapping=known, place=place))
    views = [
        RingView(own=info, path=info.path, order=order, axis=buffer.axis)
        for buffer, order, _ in found
        for info in buffer.arrays
        if order.first or order.n_rows < buffer.n_rows
    ]
    left = _without(container, marks)
    return InTimeOrder(
        container=with_views(left, views) if views else left,
        assumptions=tuple(dict.fromkeys(said for _, _, said in found if said)),
        headless={
            info.path: buffer.axis for buffer, order, _ in found if order.may_have_lost for info in buffer.arrays
        },
    )


def _found(
    container: Container, file: ArrayReader, marks: Mapping[str, RingMarks], *, mapping: LogMapping, place: str
) -> Iterator[tuple[Buffer, RingOrder, str]]:
    """Return the order of each buffer's rows, and what was taken for granted of it."""
    for group, told in marks.items():
        buffer = find_buffer(container.inventory, group, told, others=frozenset(marks) - {group})
        if buffer is not None:
            choice = RingChoice(file=file, place=place, buffer=buffer, marks=told, declared=mapping.ring)
            yield buffer, *choice.decide()
    if mapping.ring is None:
        yield from find_orders(container.inventory, file, frozenset(marks), place=place)


def _without(container: Container, marks: Mapping[str, RingMarks]) -> Container:
    """Leave out the single numbers that were looked at."""
    places = (number.place for told in marks.values() for number in told.values())
    used = {"/".join((group.rstrip("/"), name)) for group, _, name in (place.rpartition("@") for place in places)}
    datasets = container.inventory.datasets
    if not used & set(datasets):
        return container
    left = {path: info for path, info in datasets.items() if path not in used}
    return replace(container, inventory=replace(container.inventory, datasets=left))
