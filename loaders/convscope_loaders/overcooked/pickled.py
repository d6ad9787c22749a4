"""The pickled tables of the human study, read without pandas and without calling anything that they name.

They were written by a pandas before 1.0, which no pandas of today reads. What they name of pandas is stood in for by
objects that only keep what they are given.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.trusted import Allowed, unpickled


class _Kept:
    """Stands for a class of pandas, and keeps its state."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


def read_frame(path: Path, wanted: Collection[str]) -> Iterator[Mapping[str, object]]:
    """Return the rows of a pickled table.

    Parameters
    ----------
    path
        Of the pickle.
    wanted
        Names of the columns that are read, as far as there are such.

    Raises
    ------
    LogFormatError
        If the pickle names anything but NumPy's arrays and pandas' tables, is broken, or another kind of table.
    """
    found = unpickled(path.read_bytes(), str(path), allowed=_PANDAS)
    try:
        columns = {name: values.tolist() for name, values in _columns(found) if name in wanted}
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise LogFormatError(f"{path} is no table that pandas before 1.0 pickled; save it as JSON lines") from error
    if len({len(values) for values in columns.values()}) != 1:
        raise LogFormatError(f"{path}: the pickled table holds no column of a trial, or columns of several lengths")
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _kept_index(_: object, state: object) -> _Kept:
    index = _Kept()
    index.state = state
    return index


_PANDAS: Allowed = {
    ("pandas.core.frame", "DataFrame"): _Kept,
    ("pandas.core.internals.managers", "BlockManager"): _Kept,
    ("pandas.core.indexes.base", "_new_Index"): _kept_index,
    ("pandas.core.indexes.base", "Index"): _Kept,
    ("pandas.core.indexes.numeric", "Int64Index"): _Kept,
    ("pandas.core.indexes.range", "RangeIndex"): _Kept,
}
"""What such a table names, by module and name."""


def _columns(frame: object) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    _, blocks, items = _state(_state(frame)["_data"])[:3]
    for block, names in zip(blocks, items, strict=True):
        if not isinstance(block, np.ndarray) or block.ndim != 2:
            raise TypeError("a block is no array")
        for values, name in zip(block, _state(names)["data"], strict=True):
            yield str(name), values


def _state(kept: object) -> Any:  # noqa: ANN401  whatever the pickle holds: it is checked where it is used
    if not isinstance(kept, _Kept):
        raise TypeError("no object of pandas")
    return kept.state
