"""Attributes as plain values."""

from math import prod

import h5py
import numpy as np

from convscope.errors import RefusedFileError
from convscope.ingest.container import Value
from convscope.ingest.hdf5.datasets import check_type
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.names import in_numbered_order

BOOKKEEPING = frozenset(
    {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties"}
)
"""Of the dimension-scale and netCDF-4 conventions; nobody's words about the log."""

_NUMBERS = frozenset({h5py.h5t.INTEGER, h5py.h5t.FLOAT})


def read_attributes(
    handle: "h5py.h5g.GroupID | h5py.h5d.DatasetID", limits: Limits, where: str
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Read the attributes of an object.

    Parameters
    ----------
    handle
        Group or dataset.
    limits
        Budgets.
    where
        File and path, for errors.

    Returns
    -------
    values
        By name, in numbered order; bytes are decoded.
    left_out
        Names of those that are no plain values: objects, opaque bytes, complex numbers, too large.
    """
    values: dict[str, Value] = {}
    left_out: list[str] = []
    attributes = _open_all(handle, limits, where)
    for name in in_numbered_order(attributes):
        if name in BOOKKEEPING:
            continue
        value = _read_one(handle, attributes[name], name, limits=limits)
        if value is None:
            left_out.append(name)
        else:
            values[name] = value
    return values, tuple(left_out)


def plain_value(value: object) -> Value | None:
    """Turn what numpy or h5py made of an attribute into a plain value; None where there is none."""
    if isinstance(value, np.floating):
        # A float of 16 bytes has no counterpart in Python: as a list it is itself.
        return float(value)
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.complexfloating):
        return plain_value(value.tolist())
    if isinstance(value, list | tuple):
        members = tuple(plain_value(member) for member in value)
        return None if any(member is None for member in members) else tuple(m for m in members if m is not None)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\x00")
    return value if isinstance(value, str | int | float | bool) else None


def _open_all(
    handle: "h5py.h5g.GroupID | h5py.h5d.DatasetID", limits: Limits, where: str
) -> dict[str, "h5py.h5a.AttrID"]:
    attributes = [h5py.h5a.open(handle, index=i) for i in range(h5py.h5a.get_num_attrs(handle))]
    named = {attribute.name: attribute for attribute in attributes}
    for name in named:
        if len(name) > limits.name_bytes:
            raise RefusedFileError("name-length", f"{where} has an attribute with a name of {len(name)} bytes")
    return {_text(name): attribute for name, attribute in named.items()}


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name


def _read_one(
    handle: "h5py.h5g.GroupID | h5py.h5d.DatasetID", attribute: "h5py.h5a.AttrID", name: str, *, limits: Limits
) -> Value | None:
    kind = attribute.get_type()
    try:
        check_type(kind, name, limits)
    except RefusedFileError:
        return None
    space = attribute.get_space()
    shape = space.get_simple_extent_dims() or ()
    if prod(shape) * kind.get_size() > limits.attribute_bytes:
        return None
    if kind.get_class() in _NUMBERS and space.get_simple_extent_type() != h5py.h5s.NULL:
        # Thousands of episodes carry some: without the library's conveniences each takes a third of the time.
        numbers = np.empty(shape, kind.dtype)
        attribute.read(numbers)
        return plain_value(numbers)
    owner = h5py.Group(handle) if isinstance(handle, h5py.h5g.GroupID) else h5py.Dataset(handle)
    value = owner.attrs[name]
    return None if isinstance(value, h5py.Empty) else plain_value(value)
