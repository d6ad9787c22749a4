"""Listing what is in an HDF5 file."""

from pathlib import Path

from convscope.ingest.container import Container, Inventory
from convscope.ingest.hdf5.classic.file import read_classic
from convscope.ingest.hdf5.heaps import check_heaps
from convscope.ingest.hdf5.limits import LIMITS
from convscope.ingest.hdf5.opening import check_hdf5
from convscope.ingest.hdf5.reading import Hdf5Store
from convscope.ingest.hdf5.rehearsal import rehearse
from convscope.ingest.hdf5.walking import walk_by_library


def look_into(path: Path) -> Container:
    """List what a file holds, as `read_inventory` does, and how to open it."""
    return Container(inventory=read_inventory(path), store=Hdf5Store(path=path))


def read_inventory(path: Path) -> Inventory:
    """Walk a file and list what it holds.

    Parameters
    ----------
    path
        A file; nothing about it is trusted.

    Raises
    ------
    LogFormatError
        If it is no HDF5 file, or a broken one.
    RefusedFileError
        If it holds links into other files, external storage, virtual datasets, object types, filters that need
        plug-ins, or asks for absurd amounts of memory.
    """
    check_hdf5(path)
    found = read_classic(path, LIMITS)
    # Here and not at every opening: it looks at every byte, and each block of rows opens the file.
    if found is None or any(info.is_text for info in found.datasets.values()):
        check_heaps(path)
    if found is None:
        rehearse(path)
        return walk_by_library(path)
    return found
