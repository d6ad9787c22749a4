"""Rows and texts of a dataset, of which every stored byte is accounted for before it is handed on."""

from collections.abc import Mapping
from math import prod
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.hdf5.attributes import plain_value
from convscope.ingest.hdf5.chunks import check_chunks, read_by_library, read_chunked, stored_item_bytes
from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.grid import box_of

MAX_TEXTS = 1 << 20
"""Texts of a list of names."""
MAX_TEXT_BYTES = 256 << 20
"""All of them together; the names of a million episodes are a quarter of it."""


def read_part(
    dataset: CheckedDataset,
    spans: Mapping[int, tuple[int, int | None]],
    *,
    where: str,
    dtype: npt.DTypeLike | None = None,
) -> npt.NDArray[Any]:
    """Read a part of a dataset, whole for a scalar.

    Parameters
    ----------
    dataset
        Of which a part.
    spans
        From where to where (None for the end) on some axes; the others are read whole.
    where
        File and path, for errors.
    dtype
        Type to return; the dataset's when left out.

    Raises
    ------
    RefusedFileError
        If what is stored is not what the dataset declares.
    """
    box = box_of(dataset.shape, spans)
    if dataset.chunk is not None:
        return read_chunked(dataset, box, where=where, dtype=dtype)
    _check_contiguous(dataset, where)
    return read_by_library(dataset, box, dtype)


def read_texts(dataset: CheckedDataset, *, where: str, file_bytes: int) -> tuple[str, ...]:
    """Read the strings of a dataset, flattened.

    Parameters
    ----------
    dataset
        Whose strings.
    where
        File and path, for errors.
    file_bytes
        Size of the file: no text of varying length is longer.

    Raises
    ------
    LogFormatError
        If it holds no list of texts.
    RefusedFileError
        If the texts are larger than `MAX_TEXT_BYTES`, or what is stored is not what the dataset declares.
    """
    kind = h5py.check_string_dtype(dataset.dtype)
    if kind is None or dataset.is_null or prod(dataset.shape) > MAX_TEXTS:
        raise LogFormatError(f"{where} holds no list of names")
    if kind.length is None and dataset.shape:
        return _varying_texts(dataset, where=where, file_bytes=file_bytes)
    _check_budget(prod(dataset.shape) * dataset.dtype.itemsize, where)
    return _plain_texts(read_part(dataset, {}, where=where))


def _varying_texts(dataset: CheckedDataset, *, where: str, file_bytes: int) -> tuple[str, ...]:
    n_rows = dataset.shape[0]
    if dataset.chunk is not None:
        check_chunks(dataset, box_of(dataset.shape, {}), where=where)
    else:
        _check_contiguous(dataset, where)
    # Many entries may point to one long text: a stretch holds no more of them than the budget could.
    row_bytes = max(file_bytes, 1) * max(prod(dataset.shape[1:]), 1)
    step = max(MAX_TEXT_BYTES // row_bytes, 1)
    texts: list[str] = []
    n_bytes = 0
    for start in range(0, n_rows, step):
        found = _plain_texts(np.asarray(h5py.Dataset(dataset.handle)[start : start + step]))
        n_bytes += sum(map(len, found))
        _check_budget(n_bytes, where)
        texts.extend(found)
    return tuple(texts)


def _plain_texts(found: npt.NDArray[Any]) -> tuple[str, ...]:
    texts = plain_value(found.ravel())
    return tuple(str(text) for text in texts) if isinstance(texts, tuple) else ()


def _check_budget(n_bytes: int, where: str) -> None:
    if n_bytes > MAX_TEXT_BYTES:
        raise RefusedFileError("text-size", f"{where} holds texts of more than {MAX_TEXT_BYTES >> 20} MiB")


def _check_contiguous(dataset: CheckedDataset, where: str) -> None:
    stored = dataset.handle.get_storage_size()
    declared = 0 if dataset.is_null else prod(dataset.shape) * stored_item_bytes(dataset)
    if stored not in {0, declared}:
        raise RefusedFileError("broken-storage", f"{where} stores {stored} of {declared} bytes; the file is damaged")
