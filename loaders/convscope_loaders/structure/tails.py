"""Rows that were never written where no number tells: zeros or NaN at the end of every array of a buffer."""

from dataclasses import dataclass

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Inventory
from convscope.ingest.mapping import LogMapping, RingMapping
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning, meaning_of
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.unwritten import is_missing, written_rows

_ACTIONS = (Meaning.ACTION, Meaning.ACTION_ONE_HOT)
_NEVER_ZERO = (Meaning.OBSERVATION, Meaning.POSITION)
"""A row of nothing but zeros is no sight of any world."""
_TOLD_BY = (Meaning.FILLED, Meaning.LENGTHS, Meaning.STARTS, Meaning.ENDS)
"""What tells which rows happened, whatever they hold."""
_MAX_BUFFERS = 64
"""Files with more groups of arrays have one for each episode, and no buffers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Rows of some arrays that hold nothing but NaN, and are left out."""

    arrays: tuple[ArrayInfo, ...]
    n_rows: int
    n_written: int


def find_tails(inventory: Inventory, file: ArrayReader, told: frozenset[str], *, place: str) -> list[Tail]:
    """Look for rows at the end of buffers that hold nothing.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file; of most arrays the last row is read.
    told
        Groups of which numbers tell the rows that were written.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If they are zeros, which may as well have been logged.
    """
    groups = _buffers(inventory)
    tails: list[Tail] = []
    for group in groups if len(groups) <= _MAX_BUFFERS else ():
        arrays = _written_together(inventory, group)
        if group in told or not arrays:
            continue
        n_rows = arrays[0].shape[0]
        n_written = written_rows(file, arrays, n_rows=n_rows)
        if not 0 < n_written < n_rows:
            continue
        if not is_missing(file, arrays, n_rows - 1):
            raise _zeros(group, n_written, n_rows, is_alone=len(groups) == 1, place=place)
        tails.append(Tail(arrays=arrays, n_rows=n_rows, n_written=n_written))
    return tails


def _buffers(inventory: Inventory) -> list[str]:
    """Return the groups around arrays of actions."""
    groups: dict[str, None] = {}
    for path, info in inventory.datasets.items():
        group, _, name = path.rpartition("/")
        if info.shape and meaning_of((*group.split("/")[-1:], name)) in _ACTIONS:
            is_field = MEANING_OF.get(group.rpartition("/")[2].lower()) in _ACTIONS
            groups.setdefault((group.rpartition("/")[0] if is_field else group) or "/")
    return list(groups)


def _written_together(inventory: Inventory, group: str) -> tuple[ArrayInfo, ...]:
    """Return the arrays of a group with as many entries as its actions; none where something tells which are real."""
    start = f"{group.rstrip('/')}/"
    inside = [info for path, info in inventory.datasets.items() if path.startswith(start) and info.shape]
    meanings = {info.path: meaning_of(tuple(info.path.split("/")[-2:])) for info in inside}
    n_rows = next((info.shape[0] for info in inside if meanings[info.path] in _ACTIONS), 0)
    alike = tuple(info for info in inside if info.shape[0] == n_rows and not info.is_text and not info.columns)
    is_told = any(meaning in _TOLD_BY for meaning in meanings.values())
    has_sight = any(meanings[info.path] in _NEVER_ZERO and len(info.shape) > 1 for info in alike)
    return alike if has_sight and n_rows > 1 and not is_told else ()


def _zeros(group: str, n_written: int, n_rows: int, *, is_alone: bool, place: str) -> ConvscopeError:
    what = f"the last {n_rows - n_written} of {n_rows} rows in {group}, which hold nothing but zeros,"
    if not is_alone:
        return LogFormatError(
            f"{place}: {what} were never written or happened so; cut them off, or write the number of rows as an "
            "attribute size of their group"
        )
    return ambiguous(
        place,
        what,
        ["were never written", "happened so"],
        mapping=LogMapping(ring=RingMapping(rows=n_written)),
        changes=[f"reading 2: rows = {n_rows}"],
    )
