"""Buffers that no number tells of: rows of zeros or NaN at the end of every array, and full rings."""

from collections.abc import Iterator

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Inventory
from convscope.ingest.mapping import Axis, LogMapping, RingMapping
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning, axis_of_stem, meaning_of, stem_of
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.ring_choice import Buffer
from convscope_loaders.structure.ring_marks import MAX_BUFFERS
from convscope_loaders.structure.ring_order import RingOrder
from convscope_loaders.structure.ring_seams import oldest_row
from convscope_loaders.structure.unwritten import is_missing, written_rows

_ACTIONS = (Meaning.ACTION, Meaning.ACTION_ONE_HOT)
_NEVER_ZERO = (Meaning.OBSERVATION, Meaning.POSITION)
"""A row of nothing but zeros is no sight of any world."""
_TOLD_BY = (Meaning.FILLED, Meaning.LENGTHS, Meaning.STARTS, Meaning.ENDS)
"""What tells which rows happened, whatever they hold."""


def find_orders(
    inventory: Inventory, file: ArrayReader, told: frozenset[str], *, place: str
) -> Iterator[tuple[Buffer, RingOrder, str]]:
    """Return the order of the rows of buffers that no number tells of, where they show it, and that in words.

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
        If rows at the end are zeros, which may as well have been logged; or if a ring may begin anywhere.
    """
    groups = _buffers(inventory)
    for group in groups if len(groups) <= MAX_BUFFERS else ():
        arrays = _written_together(inventory, group) if group not in told else ()
        if not arrays:
            continue
        n_rows = arrays[0].shape[0]
        n_written = written_rows(file, arrays, n_rows=n_rows)
        buffer = Buffer(arrays=arrays, axis=0, n_rows=n_rows)
        if 0 < n_written < n_rows:
            if not is_missing(file, arrays, n_rows - 1):
                raise _zeros(group, n_written, n_rows, is_alone=len(groups) == 1, place=place)
            said = f"the last {n_rows - n_written} of {n_rows} rows hold nothing and are left out"
            yield buffer, RingOrder(first=0, n_rows=n_written), said
            continue
        first = oldest_row(file, arrays, n_rows=n_rows, place=place)
        if first:
            said = f"the last row leads to the first: the rows are a full ring, read from the oldest (row {first}) on"
            yield buffer, RingOrder(first=first, n_rows=n_rows, may_have_lost=True), said


def _buffers(inventory: Inventory) -> list[str]:
    """Return the groups around arrays of actions, but those of single episodes."""
    groups: dict[str, None] = {}
    for path, info in inventory.datasets.items():
        group, _, name = path.rpartition("/")
        if info.shape and meaning_of((*group.split("/")[-1:], name)) in _ACTIONS:
            is_field = MEANING_OF.get(group.rpartition("/")[2].lower()) in _ACTIONS
            groups.setdefault((group.rpartition("/")[0] if is_field else group) or "/")
    return [group for group in groups if not any(map(_is_episode, group.strip("/").split("/")))]


def _is_episode(part: str) -> bool:
    stem, number = stem_of(part)
    return bool(number) and (not stem or axis_of_stem(stem) is Axis.EPISODE)


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
