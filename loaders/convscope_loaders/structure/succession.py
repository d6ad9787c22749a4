"""Whether each row is followed by what was announced: where what was seen next differs, the next row is another's.

One rule for all loaders. Numbers are the same up to what a change between 32 and 64 bits makes of them; so are missing
ones.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.templates import PathValues, Template
from convscope_loaders.structure.uniform import arranged

_RELATIVE, _ABSOLUTE = 1e-6, 1e-8
_BYTES_AT_A_TIME = 32 << 20
_ROWS = (Axis.TIME, Axis.ROW)


def is_same(announced: npt.NDArray[Any], seen: npt.NDArray[Any], n_lead: int) -> BoolArray:
    """Return where all that was announced was seen, over all axes after the first ``n_lead``; never in other shapes."""
    if announced.shape != seen.shape:
        return np.zeros(seen.shape[:n_lead], np.bool_)
    same = announced == seen
    if announced.dtype.kind == "f" or seen.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            is_close = np.abs(announced - seen) <= _ABSOLUTE + _RELATIVE * np.abs(seen)
        same = same | is_close | (np.isnan(announced) & np.isnan(seen))
    return np.asarray(same.reshape(*same.shape[:n_lead], prod(same.shape[n_lead:])).all(axis=-1), dtype=np.bool_)


def find_breaks(
    file: ArrayReader, seen: ArrayMapping, after: ArrayMapping, *, values: PathValues, agents: Sequence[str]
) -> BoolArray:
    """Return after which rows another one follows than was announced, shape (entries, rows); never after the last.

    Parameters
    ----------
    file
        Open file; the arrays are read part by part.
    seen
        What agents see in each row.
    after
        What they saw after its step, in arrays of the same shape.
    values
        Values of the path's axes.
    agents
        What stands for each agent in a path.

    Notes
    -----
    An agent that sees nothing, before or after, says nothing. Where agents disagree most of them count: those that are
    taken out of the game do not see what was announced.
    """
    has_own = Axis.AGENT in Template(text=seen.path).axes and Axis.AGENT not in values
    each: Sequence[PathValues] = [{**values, Axis.AGENT: agent} for agent in agents] if has_own else [values]
    found = [_compared(file, seen, after, values=one) for one in each]
    if len({follows.shape[:2] for follows, _ in found}) != 1:
        raise LogFormatError(f"arrays {seen.path} of agents are not equally long")
    follows = np.concatenate([follows for follows, _ in found], axis=2)
    tells = np.concatenate([tells for _, tells in found], axis=2)
    n_breaks = (tells & ~follows).sum(axis=2)
    breaks = (n_breaks > 0) & (2 * n_breaks >= tells.sum(axis=2))
    return np.concatenate([breaks, np.zeros_like(breaks[:, :1])], axis=1)


def _compared(
    file: ArrayReader, seen: ArrayMapping, after: ArrayMapping, *, values: PathValues
) -> tuple[BoolArray, BoolArray]:
    """Return where agents see what was announced, and where that tells anything, shapes (entries, rows - 1, agents)."""
    path, announced = (Template(text=array.path).fill(values) for array in (seen, after))
    rows = next(place for place, axis in enumerate(seen.axes) if axis in _ROWS)
    parts: list[tuple[BoolArray, BoolArray]] = []
    for ahead, then in _parts(file, path, announced, rows=rows):
        following, told = (arranged(part, seen.axes) for part in (ahead, then))
        tells = ~((_is_nothing(following)) | _is_nothing(told))
        parts.append((is_same(told, following, 3), tells))
    along = 0 if seen.axes[0] is Axis.EPISODE else 1 if seen.axes[0] in _ROWS else 2
    follows, tells = (np.concatenate([part[number] for part in parts], axis=along) for number in range(2))
    return np.asarray(follows, dtype=np.bool_), np.asarray(tells, dtype=np.bool_)


def _is_nothing(values: npt.NDArray[Any]) -> BoolArray:
    nothing = (values == 0) | np.isnan(values) if values.dtype.kind == "f" else values == 0
    return np.asarray(nothing.all(axis=3), dtype=np.bool_)


def _parts(
    file: ArrayReader, path: str, announced: str, *, rows: int
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Return the rows from the second on, and what was announced a row before, some of the first axis at a time."""
    step = max(1, _BYTES_AT_A_TIME // max(1, file.read(path, 0, 1).nbytes))
    start, is_last = 0, False
    while not is_last:
        ahead = file.read(path, start, start + step + (rows == 0))
        then = file.read(announced, start, start + step)
        is_last = len(ahead) < step + (rows == 0)
        if rows == 0:
            ahead = ahead[1:]
            yield ahead, then[: len(ahead)]
        else:
            lead = (slice(None),) * rows
            yield ahead[(*lead, slice(1, None))], then[(*lead, slice(None, -1))]
        start += step
