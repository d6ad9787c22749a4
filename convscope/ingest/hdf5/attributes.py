"""Attributes as plain values."""

from math import prod

import h5py
import numpy as np

from convscope.errors import RefusedFileError
from convscope.ingest.container import Value
from convscope.ingest.hdf5.datasets import check_type
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.names import in_numbered_order

_BOOKKEEPING = frozenset(
    {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties"}
)
"""Of the dimension-scale and netCDF-4 conventions; nobody's words about the log."""


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
    for name in in_numbered_order(_names(handle, limits, where)):
        if name in _BOOKKEEPING:
            continue
        value = _read_one(handle, name, limits)
        if value is None:
            left_out.append(name)
        else:
            values[name] = value
    return values, tuple(left_out)


def plain_value(value: object) -> Value | None:
    """Turn what numpy or h5py made of an attribute into a plain value; None where there is none."""
    if isinstance(value, np.ndarray):
        return plain_value(value.tolist())
    if isinstance(value, np.generic):
        return plain_value(value.item())
    if isinstance(value, list | tuple):
        members = tuple(plain_value(member) for member in value)
        return None if any(member is None for member in members) else tuple(m for m in members if m is not None)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\x00")
    return value if isinstance(value, str | int | float | bool) else None


def _names(handle: "h5py.h5g.GroupID | h5py.h5d.DatasetID", limits: Limits, where: str) -> list[str]:
    names = [h5py.h5a.open(handle, index=i).name for i in range(h5py.h5a.get_num_attrs(handle))]
    for name in names:
        if len(name) > limits.name_bytes:
            raise RefusedFileError("name-length", f"{where} has an attribute with a name of {len(name)} bytes")
    return [name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name) for name in names]


def _read_one(handle: "h5py.h5g.GroupID | h5py.h5d.DatasetID", name: str, limits: Limits) -> Value | None:
    attribute = h5py.h5a.open(handle, name.encode("utf-8", "surrogateescape"))
    kind = attribute.get_type()
    try:
        check_type(kind, name, limits)
    except RefusedFileError:
        return None
    shape = attribute.get_space().get_simple_extent_dims() or ()
    if prod(shape) * kind.get_size() > limits.attribute_bytes:
        return None
    owner = h5py.Group(handle) if isinstance(handle, h5py.h5g.GroupID) else h5py.Dataset(handle)
    value = owner.attrs[name]
    return None if isinstance(value, h5py.Empty) else plain_value(value)
