"""Full rings that no number tells of: what was seen after the last row is what the first one begins with."""

from collections.abc import Sequence

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping, RingMapping
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.families import followed_path
from convscope_loaders.structure.lexicon import FLAG_MEANINGS, NEGATED, Meaning, meaning_of
from convscope_loaders.structure.numbers import as_numbers, is_set
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.succession import find_breaks, is_same


def oldest_row(file: ArrayReader, arrays: Sequence[ArrayInfo], *, n_rows: int, place: str) -> int:
    """Return the row with which a ring begins; 0 where nothing shows a ring.

    Parameters
    ----------
    file
        Open file; where the last row leads to the first, observations are read part by part.
    arrays
        Written together, with the rows on their first axis.
    n_rows
        Of each.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If the last row leads to the first and every break lies at the end of an episode.
    """
    by_path = {info.path: info for info in arrays}
    pairs = [(followed_path(path), path) for path in by_path if _is_watched(path, by_path)]
    is_end = _ends(file, arrays, n_rows)
    if not pairs or n_rows < 3 or is_end[-1] or not all(_leads_to_first(file, *pair, n_rows=n_rows) for pair in pairs):
        return 0
    breaks = np.logical_or.reduce([_breaks(file, seen, after) for seen, after in pairs])
    seams = np.flatnonzero(breaks & ~is_end)
    if len(seams) == 1:
        return int(seams[0]) + 1
    if not len(seams) and is_end.any():
        raise _open(int(np.flatnonzero(is_end)[0]) + 1, n_rows, place)
    return 0


def _is_watched(path: str, by_path: dict[str, ArrayInfo]) -> bool:
    followed = by_path.get(followed_path(path))
    is_next = followed is not None and followed.path != path and followed.shape == by_path[path].shape
    return is_next and meaning_of(tuple(followed_path(path).strip("/").split("/")[-2:])) is Meaning.OBSERVATION


def _leads_to_first(file: ArrayReader, seen: str, after: str, *, n_rows: int) -> bool:
    first, last = file.read(seen, 0, 1), file.read(seen, n_rows - 1, n_rows)
    announced = file.read(after, n_rows - 1, n_rows)
    return bool(is_same(announced, first, 1).all()) and not is_same(last, first, 1).all()


def _breaks(file: ArrayReader, seen: str, after: str) -> BoolArray:
    axes = (Axis.ROW, Axis.VALUE)
    arrays = (ArrayMapping(path=path, axes=axes) for path in (seen, after))
    return np.asarray(find_breaks(file, *arrays, values={}, agents=())[0], dtype=np.bool_)


def _ends(file: ArrayReader, arrays: Sequence[ArrayInfo], n_rows: int) -> BoolArray:
    """Return the rows with an end flag of any kind, shape (rows,)."""
    is_end = np.zeros(n_rows, bool)
    for info in arrays:
        meaning = meaning_of(tuple(info.path.strip("/").split("/")[-2:]))
        if meaning in FLAG_MEANINGS and not info.columns:
            flags = is_set(as_numbers(file.read(info.path), info.path), is_negated=meaning in NEGATED)
            is_end |= flags.reshape(n_rows, -1).any(axis=1)
    return is_end


def _open(first: int, n_rows: int, place: str) -> AmbiguousLogError:
    return ambiguous(
        place,
        f"the order of the {n_rows} rows",
        [
            "as they stand, and the last row leads by chance to what the first one begins with",
            f"a full ring, in which an episode goes on from the last row to the first: from row {first} on",
        ],
        mapping=LogMapping(ring=RingMapping(rows=n_rows)),
        changes=[f"reading 2: first = {first}"],
    )
