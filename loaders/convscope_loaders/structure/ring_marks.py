"""Single numbers that say which rows of a buffer were written: found by name, or named by a mapping."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from convscope.errors import MappingError
from convscope.ingest.container import Inventory, Value
from convscope.ingest.mapping import RingMapping
from convscope_loaders.structure.lexicon import RING_MARK_OF, VAGUE_MARKS, RingMark
from convscope_loaders.structure.templates import Template, matches

MAX_BUFFERS = 64
"""Files with more groups of arrays have one for each episode, and no buffers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingNumber:
    """A single number."""

    place: str
    """Group and name, such as ``/@ptr``."""
    value: int
    is_telling: bool
    """Whether its name speaks of a buffer and of nothing else, or a mapping says that it does."""


RingMarks = Mapping[RingMark, RingNumber]
"""What is told of one group's rows."""


def find_marks(inventory: Inventory, ignored: Collection[str]) -> dict[str, RingMarks]:
    """Return the numbers of each group that are called as those of buffers are.

    Parameters
    ----------
    inventory
        Attributes of groups, scalar datasets among them.
    ignored
        Places and paths that are left unread.
    """
    found: dict[str, dict[RingMark, RingNumber]] = defaultdict(dict)
    for group in inventory.groups:
        for name, value in inventory.attributes.get(group, {}).items():
            word = name.lower().strip("_")
            mark, number = RING_MARK_OF.get(word), _number(value)
            place = f"{group}@{name}"
            if mark is None or number is None or {place, f"{group.rstrip('/')}/{name}"} & set(ignored):
                continue
            told = RingNumber(place=place, value=number, is_telling=word not in VAGUE_MARKS)
            known = found[group].get(mark)
            if known is None or (told.is_telling and not known.is_telling):
                found[group][mark] = told
    if len(found) <= MAX_BUFFERS:
        return dict(found)
    return {group: told for group, told in found.items() if any(number.is_telling for number in told.values())}


def named_marks(inventory: Inventory, ring: RingMapping, *, place: str) -> dict[str, RingMarks]:
    """Return the numbers that a mapping names, by group.

    Raises
    ------
    MappingError
        If one of them is not there, or no number.
    """
    found: dict[str, dict[RingMark, RingNumber]] = defaultdict(dict)
    named = {RingMark.CURSOR: ring.cursor, RingMark.COUNT: ring.count, RingMark.FULL: ring.full}
    for mark, text in named.items():
        group, _, name = text.rpartition("@")
        fitting = [path for path, _ in matches(Template(text=group), inventory.groups)] if text else []
        numbers = {path: _number(inventory.attributes.get(path, {}).get(name)) for path in fitting}
        if text and (not numbers or None in numbers.values()):
            raise MappingError(f"{place}: [ring] there is no single number {text}")
        for path, number in numbers.items():
            if number is not None:
                found[path][mark] = RingNumber(place=f"{path}@{name}", value=number, is_telling=True)
    return dict(found)


def _number(value: Value | None) -> int | None:
    """Return a single whole number, also one that is alone in a list; a truth value as 0 or 1."""
    alone = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    if isinstance(alone, float) and alone.is_integer():
        return int(alone)
    return int(alone) if isinstance(alone, int) else None
