"""Reading a zarr folder: what is in it, and rows of its arrays."""

from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory, Value
from convscope.ingest.folder import refuse_links
from convscope.ingest.names import in_numbered_order
from convscope.ingest.optional import import_optional
from convscope.ingest.zarr_folder.chunks import is_within
from convscope.ingest.zarr_folder.metadata import NAMES, ZarrArray, ZarrNode, read_node
from convscope.values.header import Notice

MAX_SMALL_BYTES = 8 << 20
"""Largest JSON of an array or a group."""
EXPANSION = 1100
"""Declared over stored bytes of the whole folder, beyond the floor: arrays of one value need not be stored at all."""
EXPANSION_FLOOR = 64 << 20


class ZarrReader:
    """Reads rows of the arrays of a folder.

    Parameters
    ----------
    folder
        Checked already.
    infos
        Arrays that may be read.
    """

    def __init__(self, folder: Path, infos: Mapping[str, ArrayInfo]) -> None:
        self._folder = folder
        self._infos = infos
        self._zarr: Any = import_optional("zarr", extra="zarr", purpose="a zarr folder")
        self._open: dict[str, Any] = {}

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar."""
        info = self._infos.get(dataset)
        if info is None:
            raise LogFormatError(f"{self._folder} has no array {dataset}")
        try:
            if dataset not in self._open:
                self._open[dataset] = self._zarr.open_array(self._folder / dataset.strip("/"), mode="r")
            rows = np.asarray(self._open[dataset][start:stop] if info.shape else self._open[dataset][()])
        except Exception as error:  # codecs raise whatever they like
            raise LogFormatError(f"{self._folder}:{dataset} cannot be read: {str(error)[:200]}") from error
        return rows

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: arrays of texts are left out."""
        raise LogFormatError(f"{self._folder}:{dataset} holds no text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrStore:
    """A zarr folder to be opened."""

    folder: Path
    infos: Mapping[str, ArrayInfo]

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the folder for reading rows."""
        return _opened(self)


def zarr_container(folder: Path, files: Sequence[str]) -> Container:
    """List what a zarr folder holds, and how to open it.

    Parameters
    ----------
    folder
        Nothing about it is trusted.
    files
        Its plain files, relative to it.

    Raises
    ------
    LogFormatError
        If its root is no group.
    RefusedFileError
        If it holds links, chunks that decode to more than they should, or declares far more than it stores.
    """
    refuse_links(folder)
    nodes, chunks = _nodes(folder, files)
    if "/" not in nodes or nodes["/"].array is not None or nodes["/"].fault:
        raise LogFormatError(f"{folder} is no zarr group; give the folder whose zarr.json or .zgroup describes a group")
    arrays = {path: node.array for path, node in nodes.items() if node.array is not None}
    _check_sizes(folder, arrays, chunks)
    infos = {path: arrays[path].info for path in in_numbered_order(arrays)}
    attributes: dict[str, Mapping[str, Value]] = {path: node.attributes for path, node in nodes.items()}
    inventory = Inventory(
        datasets=infos,
        groups=in_numbered_order(path for path, node in nodes.items() if node.array is None and not node.fault),
        attributes={path: told for path, told in attributes.items() if told},
        notices=_notices(nodes),
    )
    return Container(inventory=inventory, store=ZarrStore(folder=folder, infos=infos))


def _nodes(folder: Path, files: Sequence[str]) -> tuple[dict[str, ZarrNode], Mapping[str, list[str]]]:
    """Return what each folder with JSON says, and the files of chunks below each such folder."""
    described: dict[str, dict[str, bytes | None]] = defaultdict(dict)
    others: list[str] = []
    for name in files:
        inside, _, last = f"/{name}".rpartition("/")
        if last in NAMES:
            is_small = (folder / name).stat().st_size <= MAX_SMALL_BYTES
            described[inside or "/"][last] = (folder / name).read_bytes() if is_small else None
        else:
            others.append(name)
    chunks: dict[str, list[str]] = defaultdict(list)
    for name in others:
        parts = f"/{name}".split("/")
        above = ("/".join(parts[:depth]) or "/" for depth in range(len(parts) - 1, 0, -1))
        chunks[next((path for path in above if path in described), "/")].append(name)
    return {path: read_node(path, documents) for path, documents in described.items()}, chunks


def _check_sizes(folder: Path, arrays: Mapping[str, ZarrArray], chunks: Mapping[str, list[str]]) -> None:
    stored = sum((folder / name).stat().st_size for names in chunks.values() for name in names)
    declared = sum(prod(array.info.shape) * np.dtype(array.info.dtype).itemsize for array in arrays.values())
    if declared > EXPANSION_FLOOR + EXPANSION * stored:
        raise RefusedFileError("expansion", f"{folder} declares {declared} bytes of numbers but stores {stored}")
    for path, array in arrays.items():
        for name in chunks.get(path, ()):
            if not is_within(folder / name, array):
                raise RefusedFileError("chunk-size", f"{folder / name} is broken, or larger than a chunk of {path}")


def _notices(nodes: Mapping[str, ZarrNode]) -> tuple[Notice, ...]:
    faults = Counter(node.fault for node in nodes.values() if node.fault)
    first = {node.fault: path for path, node in reversed(tuple(nodes.items()))}
    return tuple(
        Notice(code="skipped-array", message=f"left out ({count}): {fault}", where=first[fault])
        for fault, count in faults.items()
    )


@contextmanager
def _opened(store: ZarrStore) -> Generator[ZarrReader]:
    yield ZarrReader(store.folder, store.infos)
