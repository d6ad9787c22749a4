"""The JSON of a zarr folder: groups, attributes, and arrays whose chunks can be decoded without running anything."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import TypeAlias

import numpy as np

from convscope.ingest.container import ArrayInfo, Value
from convscope.ingest.json_text import parsed_json

MAX_RANK = 8
MAX_NESTING = 6
"""Groups inside groups: with one folder an axis, chunks then lie within the depth to which a folder is listed."""
MAX_CHUNK_BYTES = 256 << 20
"""Size of one decoded chunk."""
MAX_ARRAY_BYTES = 1 << 46
"""Declared size of an array."""
NAMES = frozenset({"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"})
"""Files that describe; all others are chunks."""
_ROOTS = frozenset({"zarr.json", ".zgroup"})


class Compression(StrEnum):
    """Compressors whose decoded size can be known before they are run."""

    NONE = "none"
    BLOSC = "blosc"
    ZSTD = "zstd"
    GZIP = "gzip"
    ZLIB = "zlib"


_PLAIN_CODECS = frozenset({"bytes", "transpose", "crc32c"})
_PLAIN_FILTERS = frozenset({"shuffle", "delta"})
Document: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrArray:
    """An array of a zarr folder."""

    info: ArrayInfo
    chunk_bytes: int
    """Of one decoded chunk."""
    compression: Compression


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrNode:
    """What the JSON of one folder says."""

    attributes: Mapping[str, Value]
    array: ZarrArray | None
    """None for a group, and for an array that cannot be read."""
    fault: str = ""
    """Why it cannot; empty for a group."""


def is_zarr(files: Iterable[str]) -> bool:
    """Whether the files of a folder are those of a zarr group."""
    return not _ROOTS.isdisjoint(files)


def read_node(path: str, documents: Mapping[str, bytes | None]) -> ZarrNode:
    """Understand one folder.

    Parameters
    ----------
    path
        From the root, as arrays are named: ``/next/done``.
    documents
        Content of those of `NAMES` that it holds.
    """
    parsed = {name: parsed_json(content) for name, content in documents.items()}
    found = {name: document for name, document in parsed.items() if isinstance(document, dict)}
    newer = found.get("zarr.json", {})
    attributes = newer.get("attributes") if "zarr.json" in found else found.get(".zattrs")
    described = newer if newer.get("node_type") == "array" else found.get(".zarray")
    told = {str(key): _value(value) for key, value in attributes.items()} if isinstance(attributes, dict) else {}
    if path.count("/") > MAX_NESTING:
        return ZarrNode(attributes={}, array=None, fault=f"nested in more than {MAX_NESTING} groups")
    if described is None:
        return ZarrNode(attributes=told, array=None, fault="" if found else "no JSON object describes it")
    try:
        is_newer = described is newer
        return ZarrNode(attributes=told, array=_array(path, described, is_newer=is_newer))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return ZarrNode(attributes=told, array=None, fault=str(error) or "broken")


def _array(path: str, document: Document, *, is_newer: bool) -> ZarrArray:
    shape = _sizes(document["shape"])
    dtype = _dtype(document["data_type" if is_newer else "dtype"])
    chunk = _sizes(_grid(document) if is_newer else document["chunks"])
    chunk_bytes, n_bytes = prod(chunk) * dtype.itemsize, prod(shape) * dtype.itemsize
    if len(shape) > MAX_RANK or len(chunk) != len(shape) or chunk_bytes > MAX_CHUNK_BYTES or n_bytes > MAX_ARRAY_BYTES:
        raise ValueError(f"an array {shape} in chunks {chunk}")
    codecs = _codecs(document["codecs"]) if is_newer else _filters(document)
    return ZarrArray(
        info=ArrayInfo(path=path, shape=shape, dtype=dtype.str), chunk_bytes=chunk_bytes, compression=_only(codecs)
    )


def _sizes(values: object) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(size) is int and size >= 0 for size in values):
        raise ValueError("a shape that is no list of sizes")
    return tuple(values)


def _dtype(kind: object) -> "np.dtype[np.generic]":
    dtype = np.dtype(kind) if isinstance(kind, str) else None
    if dtype is None or dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise ValueError("an array of texts or of other things than numbers")
    return dtype


def _grid(document: Document) -> object:
    grid = document["chunk_grid"]
    if not isinstance(grid, dict) or grid["name"] != "regular":
        raise ValueError("chunks that are not alike")
    return grid["configuration"]["chunk_shape"]


def _codecs(codecs: object) -> list[str]:
    if not isinstance(codecs, list) or not codecs:
        raise ValueError("no codecs")
    names = [str(codec["name"]) for codec in codecs]
    return [name for name in names if name not in _PLAIN_CODECS]


def _filters(document: Document) -> list[str]:
    listed, compressor = document.get("filters") or [], document["compressor"]
    if not isinstance(listed, list):
        raise TypeError("filters that are no list")
    names = [str(codec["id"]) for codec in listed]
    last = [str(compressor["id"])] if isinstance(compressor, dict) else []
    return [*(name for name in names if name not in _PLAIN_FILTERS), *last]


def _only(codecs: list[str]) -> Compression:
    if not codecs:
        return Compression.NONE
    if len(codecs) > 1 or codecs[0] not in {*Compression} - {Compression.NONE}:
        raise ValueError(f"the codec {codecs[0]}, which is not run on a stranger's file")
    return Compression(codecs[0])


def _value(value: object) -> Value:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and all(isinstance(entry, str | int | float) for entry in value):
        return tuple(value)
    return json.dumps(value)
