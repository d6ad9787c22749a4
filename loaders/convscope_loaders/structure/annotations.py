"""Single values and short lists, which people write as attributes, as datasets or in JSON: one as good as the other."""

import json
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory, Value
from convscope.ingest.json_text import parsed_json
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning

_JSON = frozenset({"metadata", "meta", "header", "info"})
"""Attributes, or texts in datasets, that may hold several values as a JSON object."""
_LISTS = frozenset({Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS, Meaning.WIDTHS})
_MAX_SCALARS = 4096

_Attributes = dict[str, dict[str, Value]]


def annotated(container: Container) -> Container:
    """Return a container in which single values are attributes, and lists that tell episodes apart are arrays.

    Parameters
    ----------
    container
        Of a file: its scalar datasets become attributes of their group, the entries of a JSON object attributes of its
        own, and attributes such as ``episode_lengths`` datasets. What is there already is not replaced.
    """
    inventory = container.inventory
    attributes: _Attributes = {place: dict(values) for place, values in inventory.attributes.items()}
    _add_scalars(container, attributes)
    _add_json(inventory, attributes)
    listed = _lists(inventory, attributes)
    infos = {path: ArrayInfo(path=path, shape=values.shape, dtype="<i8") for path, values in listed.items()}
    told = replace(inventory, attributes=attributes, datasets={**inventory.datasets, **infos})
    return Container(
        inventory=told, store=ListedStore(store=container.store, listed=listed) if listed else container.store
    )


class ListedReader:
    """Reads lists from attributes, and all else from the container.

    Parameters
    ----------
    file
        Open container.
    listed
        The lists, by the path of a dataset.
    """

    def __init__(self, file: ArrayReader, listed: Mapping[str, npt.NDArray[np.int64]]) -> None:
        self._file = file
        self._listed = listed

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array."""
        found = self._listed.get(dataset)
        if found is None:
            return self._file.read(dataset, start, stop)
        return found[start:stop] if found.ndim else found

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        return self._file.read_text(dataset)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListedStore:
    """A container with the lists of its attributes as datasets."""

    store: ArrayStore
    listed: Mapping[str, npt.NDArray[np.int64]]

    def open(self) -> AbstractContextManager[ListedReader]:
        """Open the container."""
        return _opened(self)


@contextmanager
def _opened(listed: ListedStore) -> Generator[ListedReader]:
    with listed.store.open() as file:
        yield ListedReader(file, listed.listed)


def _add_scalars(container: Container, attributes: _Attributes) -> None:
    scalars = [info for info in container.inventory.datasets.values() if not info.shape and not info.columns]
    if not scalars or len(scalars) > _MAX_SCALARS:
        return
    with container.store.open() as file:
        for info in scalars:
            group, name = info.path.rsplit("/", 1)
            value: Value = file.read_text(info.path)[0] if info.is_text else file.read(info.path).item()
            attributes.setdefault(group or "/", {}).setdefault(name, value)


def _add_json(inventory: Inventory, attributes: _Attributes) -> None:
    for group in inventory.groups:
        for name, text in list(attributes.get(group, {}).items()):
            parsed = parsed_json(text) if name.lower() in _JSON else None
            for key, entry in (parsed if isinstance(parsed, dict) else {}).items():
                value = entry if isinstance(entry, str | int | float) else json.dumps(entry)
                attributes[group].setdefault(str(key), value)


def _lists(inventory: Inventory, attributes: _Attributes) -> dict[str, npt.NDArray[np.int64]]:
    found: dict[str, npt.NDArray[np.int64]] = {}
    for group in inventory.groups:
        for name, value in attributes.get(group, {}).items():
            path = f"{group.rstrip('/')}/{name}"
            numbers = value if isinstance(value, tuple) else (value,)
            is_list = MEANING_OF.get(name.lower()) in _LISTS and all(type(number) is int for number in numbers)
            if is_list and path not in inventory.datasets:
                found[path] = np.array(value, dtype=np.int64)
    return found
