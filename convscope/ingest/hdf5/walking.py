"""What the library says is in an HDF5 file of any version."""

import os
import sys
from pathlib import Path

import h5py

# A compiled module without stubs.
from h5py import h5g  # pyright: ignore[reportAttributeAccessIssue]

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory, Value
from convscope.ingest.hdf5.attributes import read_attributes
from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.limits import LIMITS
from convscope.ingest.hdf5.opening import open_guarded
from convscope.ingest.hdf5.placing import find_pieces
from convscope.ingest.hdf5.preflight import walk
from convscope.ingest.hdf5.skipped import SkippedLink, notices_of
from convscope.ingest.pieces import Stamp
from convscope.values.header import Notice


def walk_by_library(path: Path) -> Inventory:
    """List what a file holds; errors as of `convscope.ingest.hdf5.listing.read_inventory`."""
    file, is_unfinished = open_guarded(path)
    with file:
        try:
            return _inventory(file.id, str(path), is_unfinished=is_unfinished)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            if isinstance(error, LogFormatError):
                raise
            raise LogFormatError(f"{path} is a broken HDF5 file: {str(error)[:200]}") from error


def _inventory(file: "h5py.h5f.FileID", place: str, *, is_unfinished: bool) -> Inventory:
    # Places are counted from the end of a preamble by some versions of the library, from its start by others; and not
    # every system reads from a place.
    is_settled = not is_unfinished and not file.get_create_plist().get_userblock() and hasattr(os, "preadv")
    stamp = Stamp.of(file.get_vfd_handle()) if is_settled else None
    groups: list[str] = []
    infos: list[ArrayInfo] = []
    skipped: list[SkippedLink] = []
    attributes: dict[str, dict[str, Value]] = {}
    unreadable: list[SkippedLink] = []
    for item in walk(h5g.open(file, b"/"), place):
        if isinstance(item, SkippedLink):
            skipped.append(item)
            continue
        if item.dataset is None:
            groups.append(item.path)
        else:
            infos.append(_info(item.path, item.dataset, stamp))
        if item.n_attributes:
            values, left_out = read_attributes(item.handle, LIMITS, f"{place}:{item.path}")
            attributes |= {item.path: values} if values else {}
            unreadable.extend(SkippedLink(path=f"{item.path}@{name}", reason="attribute") for name in left_out)
    opaque = [SkippedLink(path=info.path, reason="opaque") for info in infos if not info.dtype]
    return Inventory(
        # The walk goes in numbered order.
        datasets={info.path: info for info in infos if info.dtype},
        groups=tuple(groups),
        attributes=attributes,
        notices=(*(_UNFINISHED,) * is_unfinished, *notices_of([*skipped, *opaque, *unreadable])),
        stamp=stamp,
    )


def _info(path: str, dataset: CheckedDataset, stamp: Stamp | None) -> ArrayInfo:
    shape = dataset.shape
    try:
        dtype = dataset.dtype
    except TypeError:
        return ArrayInfo(path=path, shape=shape, dtype="")
    if dtype.kind in "OS" and h5py.check_string_dtype(dtype) is not None:
        return ArrayInfo(path=path, shape=shape, dtype="text", is_text=True)
    is_plain = not dataset.is_null and (dtype.kind in "biuf" or dtype.names is not None)
    # Shared by all datasets of the type: there may be millions.
    text = sys.intern(dtype.str) if is_plain else ""
    pieces = find_pieces(dataset, stamp.n_bytes) if text and stamp is not None else None
    return ArrayInfo(path=path, shape=shape, dtype=text, columns=tuple(dtype.names or ()), pieces=pieces)


_UNFINISHED = Notice(
    code="unfinished-file",
    message="the file was not closed by its writer: what was flushed is read, the rest is lost",
)
