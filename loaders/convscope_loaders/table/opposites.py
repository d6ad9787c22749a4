"""Marks that say the opposite of what a table is read by: ``not_done``, ``dead``, and ``is_first`` for what ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader, Container
from convscope.values.arrays import FloatArray
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import Column, single
from convscope_loaders.table.computed import ComputedStore, with_column
from convscope_loaders.tidy.places import read_numbers

_OPPOSITES = {
    Meaning.DONE: Meaning.NOT_DONE,
    Meaning.TERMINATED: Meaning.NOT_TERMINATED,
    Meaning.ALIVE: Meaning.DEAD,
}
_SAID = {
    Meaning.DONE: "zeros in {} mark an agent's last row of an episode",
    Meaning.TERMINATED: "zeros in {} mark the last row of an episode whose task ended",
    Meaning.ALIVE: "an agent is out of the game in the rows in which {} is set",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposite:
    """True where a column is zero."""

    column: str

    def numbers(self, file: ArrayReader) -> FloatArray:
        """Return 0 and 1, NaN where the column is empty, shape (n,)."""
        own = read_numbers(file, self.column)
        return np.where(np.isnan(own), np.nan, own <= 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeFirst:
    """True in an agent's row before one that a column marks as the first of an episode."""

    column: str
    agent: str

    def numbers(self, file: ArrayReader) -> FloatArray:
        """Return 0 and 1, shape (n,)."""
        is_first, agent = read_numbers(file, self.column) > 0, read_numbers(file, self.agent)
        order = np.argsort(agent, kind="stable")
        is_before = np.zeros(len(agent))
        follows = agent[order][1:] == agent[order][:-1]
        is_before[order[:-1]] = follows & is_first[order[1:]]
        return is_before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turned:
    """A table with what its marks say turned round."""

    container: Container
    path_of: Mapping[Meaning, str]
    """Columns that were added."""
    spent: frozenset[str]
    """Paths of the marks."""
    said: tuple[str, ...]


def turned(
    container: Container,
    columns: Sequence[Column],
    *,
    known: Mapping[Meaning, str | None],
    agent: str,
    state: tuple[int, int],
) -> Turned:
    """Add columns for marks that say the opposite, where no column says the thing itself.

    Parameters
    ----------
    container
        The table.
    columns
        Of it, but for those that a mapping names.
    known
        Columns of flags, by what they say.
    agent
        Path of the column that says who a row is about.
    state
        Size and time of change of the file.
    """
    path_of: dict[Meaning, str] = {}
    spent: set[str] = set()
    said: list[str] = []
    recipes: list[tuple[Meaning, Column, Opposite | BeforeFirst, str]] = []
    with container.store.open() as file:
        for meaning, opposite in _OPPOSITES.items():
            mark = None if known.get(meaning) else _mark(file, columns, opposite)
            if mark is not None:
                recipes.append((meaning, mark, Opposite(column=mark.path), _SAID[meaning]))
        ends = (Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED)
        first = None if recipes or any(known.get(end) for end in ends) else _mark(file, columns, Meaning.FIRST)
        if first is not None:
            before = BeforeFirst(column=first.path, agent=agent)
            recipes.append((Meaning.DONE, first, before, "{} marks an agent's first row of an episode"))
    for meaning, mark, recipe, sentence in recipes:
        path = f"/{{{meaning}}}" if meaning is not Meaning.ALIVE else "/{alive told}"
        store = ComputedStore(base=container.store, column=path, recipe=recipe, state=state)
        container = with_column(container, store)
        path_of[meaning] = path
        spent.add(mark.path)
        said.append(sentence.format(mark.shown))
    return Turned(container=container, path_of=path_of, spent=frozenset(spent), said=tuple(said))


def _mark(file: ArrayReader, columns: Sequence[Column], meaning: Meaning) -> Column | None:
    """Return the column of a meaning that holds only 0 and 1, and both."""
    for column in single(columns, meaning):
        numbers = read_numbers(file, column.path) if column.values is None else np.array([])
        if set(np.unique(numbers[np.isfinite(numbers)]).tolist()) == {0, 1}:
            return column
    return None
