"""Where a mapping says other things of weights than the file does."""

from collections.abc import Iterator

from convscope.ingest.container import Inventory
from convscope.ingest.mapping import Axis, FieldMapping, LogMapping
from convscope.values.header import Notice
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.weight_readings import Orientation


def weight_doubts(inventory: Inventory, mapping: LogMapping) -> tuple[Notice, ...]:
    """Note attributes of weights that a mapping overrules.

    Parameters
    ----------
    inventory
        What the file holds.
    mapping
        As a user gave it.
    """
    return tuple(notice for field in mapping.fields for notice in _of_field(inventory, mapping, field))


def _of_field(inventory: Inventory, mapping: LogMapping, field: FieldMapping) -> Iterator[Notice]:
    path = next((path for path, _ in matches(Template(text=field.array.path), inventory.datasets)), "")
    attributes = inventory.attributes.get(path, {})
    meant = {"row_sum": field.row_sum, "own_column": field.own_column, "orientation": _orientation(field)}
    for key, value in meant.items():
        stated = attributes.get(key)
        if value is not None and stated is not None and stated != value:
            message = (
                f"{mapping.place('fields', field.name)}: {path} is read with {key} {value}, as the mapping says, "
                f"though its attribute says {str(stated)[:40]!r}"
            )
            yield Notice(code="suspicious-mapping", message=message, where=path)


def _orientation(field: FieldMapping) -> Orientation | None:
    """Return whose weights stand in a row: those of the first of both axes."""
    ends = [axis for axis in field.array.axes if axis in {Axis.RECEIVER, Axis.SENDER}]
    if not ends or not {Axis.SENDER, Axis.SLOT} & {*field.array.axes}:
        return None
    return Orientation.RECEIVER_ROWS if ends[0] is Axis.RECEIVER else Orientation.SENDER_ROWS
