"""Nested values of an episode, such as observations of a Dict space, as arrays with a row for each timestep."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.ingest.names import in_numbered_order
from convscope.values.arrays import FloatArray
from convscope.values.fields import ACTION_MASKS, INFO, OBSERVATIONS
from convscope_loaders.structure.field_of import FIELD_OF
from convscope_loaders.structure.lexicon import Meaning, meaning_of

Leaves: TypeAlias = Mapping[str, FloatArray]
"""Arrays of shape (rows, values) by their path within a nested value; the path of a plain value is empty."""

_OUTPUTS = (
    *(Meaning.LOGITS, Meaning.PROBABILITIES, Meaning.HIDDEN, Meaning.POSITION),
    *(Meaning.MESSAGE, Meaning.ATTENTION, Meaning.GATE),
)
"""What a model may put out beside actions; anything else it calls so is its own."""


def leaves_of(data: object) -> Leaves | None:
    """Return the arrays of a value; None where some of it is no number, or changes its shape.

    Parameters
    ----------
    data
        An array, or a list of what each timestep has (numbers, arrays, or dictionaries of them), or a dictionary of
        such.
    """
    if isinstance(data, Mapping):
        return _of_entries({str(key): value for key, value in data.items()})
    if isinstance(data, list) and data and all(isinstance(item, Mapping) for item in data):
        return _of_entries(_turned(data))
    array = data if isinstance(data, np.ndarray) else _stacked(data)
    numbers = None if array is None else _numbers(array)
    return None if numbers is None else {"": numbers}


def observed(leaves: Leaves) -> dict[str, FloatArray]:
    """Return the fields of an observation: what an agent sees, and the mask of legal actions that may be beside it."""
    masks = [name for name in leaves if _meaning(name) is Meaning.ACTION_MASK]
    seen = [name for name in leaves if name not in masks[:1]]
    fields = {ACTION_MASKS: leaves[masks[0]]} if masks else {}
    return fields | ({OBSERVATIONS: beside(leaves, seen)} if seen else {})


def output_field(name: str) -> str:
    """Return the field of a further output of the model, by its name."""
    meaning = _meaning(name)
    return FIELD_OF[meaning] if meaning is not None and meaning in _OUTPUTS else f"{INFO}{name}"


def beside(leaves: Leaves, names: Sequence[str] | None = None) -> FloatArray:
    """Return some arrays side by side, in numbered order, shape (rows, values)."""
    chosen = in_numbered_order(leaves if names is None else names)
    return np.concatenate([leaves[name] for name in chosen], axis=1)


def told_of(infos: object) -> dict[str, FloatArray]:
    """Return the infos of each timestep that are plain numbers; missing where a timestep has none of that name."""
    rows = [info if isinstance(info, Mapping) else {} for info in infos] if isinstance(infos, list) else []
    names = dict.fromkeys(str(name) for row in rows for name in row)
    found: dict[str, FloatArray] = {}
    for name in names:
        values = [_number(row.get(name)) for row in rows]
        if not any(value is None for value in values):
            found[INFO + name] = np.array(values, np.float64)[:, None]
    return found


def _meaning(path: str) -> Meaning | None:
    return meaning_of((path.rpartition("/")[2],)) if path else None


def _turned(rows: Sequence[Mapping[object, object]]) -> Mapping[str, object]:
    """Return a list for each name, from a dictionary for each timestep; a name that some lack has no numbers."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {str(name): [row.get(name) for row in rows] for name in names}


def _stacked(data: object) -> npt.NDArray[Any] | None:
    if not isinstance(data, list) or not data:
        return None
    try:
        return np.array([np.asarray(item) for item in data])
    except (ValueError, TypeError, OverflowError):
        return None


def _of_entries(entries: Mapping[str, object]) -> Leaves | None:
    found: dict[str, FloatArray] = {}
    for name, value in entries.items():
        inner = leaves_of(value)
        if inner is None:
            return None
        found.update({f"{name}/{path}" if path else name: array for path, array in inner.items()})
    return found if len({len(array) for array in found.values()}) == 1 else None


def _numbers(array: npt.NDArray[Any]) -> FloatArray | None:
    if array.dtype.kind not in "biuf" or not array.ndim:
        return None
    return array.astype(np.float64).reshape(len(array), -1) if array.size else None


def _number(value: object) -> float | None:
    """Return a number; NaN for none, and None for what is no number."""
    if value is None:
        return np.nan
    return float(value) if isinstance(value, int | float | np.number | np.bool_) else None
