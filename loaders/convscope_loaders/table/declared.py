"""What a mapping says of a table's columns, held against them: what cannot be right is an error with its line."""

import difflib

import numpy as np

from convscope.errors import MappingError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.mapping import LogMapping
from convscope.ingest.table_mapping import TableMapping
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import read_columns
from convscope_loaders.tidy.places import read_numbers

_SINGLE = ("agent", "time", "run", "checkpoint", "condition", "role", "team", "alive", "terminated", "truncated")


def check_named(declared: TableMapping, known: LogMapping, inventory: Inventory, *, place: str) -> None:
    """Make sure that a table has the columns that a mapping names."""
    for column in declared.columns:
        if column not in inventory.datasets:
            names = [path.removeprefix("/") for path in inventory.datasets]
            near = difflib.get_close_matches(column.removeprefix("/"), names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(name[:40] for name in names[:12])}"
            line = known.place(*_named_at(declared, column))
            raise MappingError(f"{line}: {place} has no column {column.removeprefix('/')!r:.80}; {hint}")


def check_columns(view: Container, declared: TableMapping, known: LogMapping) -> None:
    """Make sure that a declared clock counts, unless it is called as one, and that no column is two things."""
    told = [column for column in declared.columns if declared.agents == ()]
    twice = next((column for column in told if told.count(column) > 1), None)
    if twice is not None:
        line = known.place(*_named_at(declared, twice))
        raise MappingError(f"{line}: the column {twice.removeprefix('/')!r:.80} is named for two things")
    time = next((column for column in read_columns(view.inventory) if column.path == declared.time), None)
    if time is None or time.meaning in {Meaning.TIMESTEP, None}:
        return
    with view.store.open() as file:
        numbers = read_numbers(file, time.path)
    if (numbers[np.isfinite(numbers)] % 1 != 0).any():
        raise MappingError(
            f"{known.place('table', 'time')}: the column {time.shown} holds fractions and is called as a "
            f"{time.meaning}: it is no time"
        )


def _named_at(declared: TableMapping, column: str) -> tuple[str, ...]:
    """Return where a mapping names a column."""
    own = next((own for own in declared.fields if column in own.columns), None)
    key = next((key for key in _SINGLE if getattr(declared, key) == column), "episode")
    return ("table", key) if own is None else ("table", "fields", own.name)
