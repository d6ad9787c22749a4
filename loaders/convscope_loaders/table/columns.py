"""What the columns of a table are about, by their names: single ones, and those that are one vector together."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.lexicon import Meaning, meaning_of_column
from convscope_loaders.structure.names import text_list

AGENT = "{agent}"
"""Stands for an agent in the names of columns."""
VECTORS = frozenset(
    {
        Meaning.OBSERVATION,
        Meaning.STATE,
        Meaning.ACTION,
        Meaning.ACTION_ONE_HOT,
        Meaning.ACTION_MASK,
        Meaning.LOGITS,
        Meaning.PROBABILITIES,
        Meaning.HIDDEN,
        Meaning.MESSAGE,
        Meaning.POSITION,
    }
)
"""What may be spread over several columns."""

_LETTERS = frozenset("hu")
"""Names that mean too much for a single column."""
_NUMBERS = re.compile(r"^(.*?)((?:_?\d+)*)$")
_PARTS = {
    Meaning.OBSERVATION: re.compile(r"(?:obs|observation|observations|ob)_[a-z].*"),
    Meaning.ACTION: re.compile(r"(?:action|act)_[xyz]"),
}
"""Names of parts that are words, such as ``obs_speed``."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins in ``AgentId``."""
_NEXT = re.compile(r"(?:next|new)_.*|.*_next")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    path: str
    """In the container."""
    name: str
    """In small letters, words joined by ``_``, without the numbers behind."""
    numbers: tuple[int, ...]
    """Those behind the name."""
    meaning: Meaning | None
    info: ArrayInfo
    values: tuple[str, ...] | None
    """What its codes stand for; None for numbers."""

    @property
    def is_single(self) -> bool:
        """Whether it holds one entry a row, and its name no number."""
        return len(self.info.shape) == 1 and not self.numbers

    @property
    def is_next(self) -> bool:
        """Whether it holds what follows the step."""
        return _NEXT.fullmatch(self.name) is not None

    @property
    def sample(self) -> str:
        """One of its texts, the first that is no number."""
        texts = self.values or ()
        return f"{next((text for text in texts if not _is_number(text)), next(iter(texts), ''))!r:.60}"

    @property
    def shown(self) -> str:
        """The column as the user knows it."""
        return self.path.strip("/")


def read_columns(inventory: Inventory) -> tuple[Column, ...]:
    """Return the columns of a container of columns, in its order."""
    return tuple(_column(path, info, inventory) for path, info in inventory.datasets.items())


def plain_name(name: str) -> tuple[str, tuple[int, ...]]:
    """Split a column's name into words joined by ``_`` in small letters, and the numbers behind."""
    words = plain_words(name)
    found = _NUMBERS.match(words)
    if found is None or not found[1]:
        return words, ()
    # A number of thousands of digits counts nothing.
    digits = re.findall(r"\d+", found[2])
    return (found[1].rstrip("_"), tuple(map(int, digits))) if max(map(len, digits), default=0) < 10 else (words, ())


def plain_words(name: str) -> str:
    """Return a column's name in small letters, its words joined by ``_``."""
    words = _CAMEL.sub("_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def column_meaning(name: str) -> Meaning | None:
    """Return the meaning of a plain name; that of its parts where they are words."""
    told = meaning_of_column(name)
    if told is not None:
        return told
    return next((meaning for meaning, parts in _PARTS.items() if parts.fullmatch(name)), None)


def name_meaning(name: str) -> Meaning | None:
    """Return the meaning of a column's name, as it stands in the file."""
    return column_meaning(plain_name(name)[0])


def single(columns: Iterable[Column], *meanings: Meaning) -> tuple[Column, ...]:
    """Return the columns of some meanings that hold one entry a row."""
    return tuple(column for column in columns if column.meaning in meanings and column.is_single)


def vector(columns: Sequence[Column], meaning: Meaning) -> tuple[tuple[Column, ...], ...]:
    """Return the columns of a meaning, those that are one vector together, in the order of their numbers."""
    own = [column for column in columns if column.meaning is meaning and not column.is_next]
    stems = dict.fromkeys(_stem(column) for column in own)
    return tuple(_ordered([column for column in own if _stem(column) == stem]) for stem in stems)


def _stem(column: Column) -> str:
    # Parts that are words belong with those that are numbers: obs_0 and obs_speed.
    return column.name.partition("_")[0] if meaning_of_column(column.name) is None else column.name


def _ordered(columns: Sequence[Column]) -> tuple[Column, ...]:
    has_words = any(meaning_of_column(column.name) is None for column in columns)
    return tuple(columns) if has_words else tuple(sorted(columns, key=lambda column: column.numbers))


_OF_PATHS = {
    f"/{{{axis}}}": meaning
    for axis, meaning in (
        (Axis.RUN, Meaning.RUN),
        (Axis.CHECKPOINT, Meaning.CHECKPOINT),
        (Axis.CONDITION, Meaning.CONDITION),
        (Axis.EPISODE, Meaning.EPISODE_ID),
        (Axis.AGENT, Meaning.AGENT),
    )
}
"""Columns that a file has in the place of paths or names."""


def _column(path: str, info: ArrayInfo, inventory: Inventory) -> Column:
    name, numbers = plain_name(path.replace(AGENT, " "))
    # A letter alone may be a field (s, o, a, r, d); a letter with a number is anything.
    is_anything = name in _LETTERS or (len(name) == 1 and bool(numbers))
    meaning = None if is_anything else _OF_PATHS.get(path) or column_meaning(name)
    values = inventory.attributes.get(path, {}).get("values")
    return Column(
        path=path,
        name=name,
        numbers=numbers,
        meaning=meaning,
        info=info,
        values=text_list(values) if isinstance(values, tuple) else None,
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
