"""A vault as a container of arrays: its headers checked, its rows counted, its environments told apart."""

from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import ArrayInfo, Container, Inventory
from convscope.ingest.folder import refuse_links
from convscope.ingest.hdf5.limits import LIMITS
from convscope.ingest.probe import Probe
from convscope.values.header import Notice
from convscope_loaders.vault.metadata import METADATA, VaultMetadata, read_metadata
from convscope_loaders.vault.store import Leaf, VaultFile, VaultStore
from convscope_loaders.vault.strands import find_strands


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """What a vault holds."""

    inventory: Inventory
    store: VaultStore
    metadata: VaultMetadata
    assumptions: tuple[str, ...]

    @property
    def container(self) -> Container:
        """Its arrays."""
        return Container(inventory=self.inventory, store=self.store)


def read_vault(probe: Probe) -> Vault:
    """Look into a vault, without a row of data.

    Parameters
    ----------
    probe
        The folder with the manifest.

    Raises
    ------
    MissingPackageError
        If TensorStore is not installed.
    LogFormatError
        If the vault is broken, empty or of another version.
    RefusedFileError
        If it holds links, or claims more than its files can hold.
    """
    place = str(probe.path)
    metadata = read_metadata(probe.small_file(METADATA), place=place)
    refuse_links(probe.path)
    file = VaultFile(probe.path)
    leaf_of = {"/" + "/".join(keys): file.leaf(_key(keys)) for keys in metadata.leaves}
    n_rows = file.n_rows()
    read, n_entries, notices = _readable(leaf_of, place)
    _check_rows(read, n_rows, probe)
    strands, said = find_strands(n_entries, n_rows, metadata.batch, place=place)
    key_of = {"/" + "/".join(keys): _key(keys) for keys in metadata.leaves}
    store = VaultStore(folder=probe.path, key_of={path: key_of[path] for path in read}, strands=strands)
    infos = {
        f"{group}{path}": ArrayInfo(path=f"{group}{path}", shape=(strand.n_rows, *leaf.shape[2:]), dtype=leaf.dtype)
        for group, strand in zip(store.groups(), strands, strict=True)
        for path, leaf in read.items()
    }
    inventory = Inventory(
        datasets=infos,
        groups=tuple(dict.fromkeys(["/", *(group for path in infos for group in _groups(path))])),
        attributes={"/": metadata.attributes},
        notices=notices,
    )
    return Vault(inventory=inventory, store=store, metadata=metadata, assumptions=(said,) if said else ())


def _key(keys: tuple[str, ...]) -> str:
    # Each part of the path ends with a dot, the last one as well: that is how Flashbax names them.
    return "".join(f"{key}." for key in keys)


def _groups(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(2, len(parts))]


def _readable(leaf_of: dict[str, Leaf], place: str) -> tuple[dict[str, Leaf], int, tuple[Notice, ...]]:
    """Return the arrays of numbers that share the batch axis, its size, and a notice on the others."""
    numbers = {path: leaf for path, leaf in leaf_of.items() if leaf.dtype and len(leaf.shape) >= 2}
    if not numbers:
        raise LogFormatError(f"{place} holds no array of numbers with a batch and a time axis")
    n_entries = next(iter(numbers.values())).shape[0]
    read = {path: leaf for path, leaf in numbers.items() if leaf.shape[0] == n_entries}
    others = [path for path in leaf_of if path not in read]
    if not n_entries:
        raise LogFormatError(f"{place} has an empty batch axis")
    if not others:
        return read, n_entries, ()
    message = f"arrays that are no numbers, or have another batch axis, are left out: {', '.join(others[:6])}"
    return read, n_entries, (Notice(code="left-out-arrays", message=message, where=others[0]),)


def _check_rows(leaf_of: dict[str, Leaf], n_rows: int, probe: Probe) -> None:
    place = str(probe.path)
    if n_rows <= 0:
        raise LogFormatError(f"{place} counts {n_rows} rows: nothing was written to this vault")
    short = next((path for path, leaf in leaf_of.items() if leaf.shape[1] < n_rows), None)
    if short is not None:
        raise LogFormatError(f"{place}:{short} has {leaf_of[short].shape[1]} rows, but the vault counts {n_rows}")
    # What was never written reads as zeros, so that only the size of the folder tells how many rows there can be.
    claimed = sum(
        leaf.shape[0] * n_rows * prod(leaf.shape[2:]) * np.dtype(leaf.dtype).itemsize for leaf in leaf_of.values()
    )
    if claimed > max(LIMITS.expansion_floor, LIMITS.expansion * probe.n_bytes):
        raise RefusedFileError(
            "expansion",
            f"{place} counts {n_rows} rows, {claimed} bytes, in files of {probe.n_bytes} bytes: no compression does "
            "that; its count of rows is wrong",
        )
