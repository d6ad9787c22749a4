"""Single values and short lists, which people write as attributes, as datasets or in JSON: one as good as the other."""

import json
from dataclasses import replace

import numpy as np

from convscope.ingest.container import ArrayInfo, Container, Inventory, Value
from convscope.ingest.json_text import parsed_json
from convscope_loaders.structure.lexicon import MEANING_OF, RING_MARK_OF, Meaning
from convscope_loaders.structure.views import HeldView, with_views

_JSON = frozenset({"metadata", "meta", "header", "info"})
"""Attributes, or texts in datasets, that may hold several values as a JSON object."""
_LISTS = frozenset({Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS, Meaning.WIDTHS})
_FLAGS = frozenset({Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.DONE, Meaning.NOT_DONE, Meaning.NOT_TERMINATED})
"""What a group may say of the end of its episode."""
_MAX_SCALARS = 4096

_Attributes = dict[str, dict[str, Value]]


def annotated(container: Container) -> Container:
    """Return a container in which single values are attributes, and lists that tell episodes apart are arrays.

    Parameters
    ----------
    container
        Of a file: its scalar datasets become attributes of their group, the entries of a JSON object attributes of its
        own, and attributes such as ``episode_lengths``, and end flags of groups, datasets. What is there already is not
        replaced.
    """
    inventory = container.inventory
    attributes: _Attributes = {place: dict(values) for place, values in inventory.attributes.items()}
    _add_scalars(container, attributes)
    _add_json(inventory, attributes)
    listed = _lists(inventory, attributes)
    told = replace(container, inventory=replace(inventory, attributes=attributes))
    return with_views(told, listed) if listed else told


def _add_scalars(container: Container, attributes: _Attributes) -> None:
    scalars = [info for info in container.inventory.datasets.values() if _is_single(info)]
    if not scalars or len(scalars) > _MAX_SCALARS:
        return
    with container.store.open() as file:
        for info in scalars:
            group, name = info.path.rsplit("/", 1)
            value: Value = file.read_text(info.path)[0] if info.is_text else file.read(info.path).item()
            attributes.setdefault(group or "/", {}).setdefault(name, value)


def _is_single(info: ArrayInfo) -> bool:
    """Whether an array holds one value: a scalar, or what buffers count their rows by, which may be a list of one."""
    if info.columns or info.shape not in {(), (1,)}:
        return False
    return not info.shape or (info.path.rpartition("/")[2].lower().strip("_") in RING_MARK_OF and not info.is_text)


def _add_json(inventory: Inventory, attributes: _Attributes) -> None:
    for group in inventory.groups:
        for name, text in list(attributes.get(group, {}).items()):
            parsed = parsed_json(text) if name.lower() in _JSON else None
            for key, entry in (parsed if isinstance(parsed, dict) else {}).items():
                value = entry if isinstance(entry, str | int | float) else json.dumps(entry)
                attributes[group].setdefault(str(key), value)


def _lists(inventory: Inventory, attributes: _Attributes) -> list[HeldView]:
    found: list[HeldView] = []
    for group in inventory.groups:
        for name, value in attributes.get(group, {}).items():
            path = f"{group.rstrip('/')}/{name}"
            numbers = value if isinstance(value, tuple) else (value,)
            is_list = MEANING_OF.get(name.lower()) in _LISTS and all(type(number) is int for number in numbers)
            is_flag = MEANING_OF.get(name.lower()) in _FLAGS and group != "/" and value in {0, 1}
            if (is_list or is_flag) and path not in inventory.datasets:
                found.append(HeldView(path=path, array=np.array(value, dtype=np.int64)))
    return found
