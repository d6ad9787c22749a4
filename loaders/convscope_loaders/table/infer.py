"""From the columns of a table to a complete mapping, with every assumption in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.folder import list_files
from convscope.ingest.mapping import LogMapping
from convscope.ingest.table_mapping import TableField, TableMapping
from convscope.values.fields import ACTIONS, ALL_REWARDS
from convscope.values.header import Notice
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import AGENT, plain_words, read_columns, single
from convscope_loaders.table.declared import check_agents, check_columns, check_use
from convscope_loaders.table.episodes import EPISODE_COLUMN, Counting, UncountableError, counted
from convscope_loaders.table.fields import FieldFinder, FoundFields
from convscope_loaders.table.identity import Identity, IdentityFinder
from convscope_loaders.table.leaves import TRUTHS
from convscope_loaders.table.lives import ALIVE_COLUMN, Lives, with_lives
from convscope_loaders.table.opposites import Turned, turned
from convscope_loaders.table.subjects import Subjects, find_subjects
from convscope_loaders.table.wide import PRESENT_COLUMN
from convscope_loaders.table.widths import check_widths, ragged_columns
from convscope_loaders.tidy.build import TidyReading
from convscope_loaders.tidy.mapping import TidyField, TidyMapping
from convscope_loaders.tidy.places import read_numbers
from convscope_loaders.tidy.row_names import row_names

_ENDS = (Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.DONE)
_ROW_NUMBERS = frozenset({"", "index", "level_0", "unnamed_0", "index_level_0"})
"""What pandas calls them."""
_MAY_BE_LATE = frozenset({ACTIONS, *ALL_REWARDS})
_NARROWER = "agents have lists of different lengths in {}; the missing numbers of shorter ones are no zeros"
_PRESENCE = "who has no row in a timestep waits, has not come yet, or is out of the game after its last row"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Understanding:
    """A table and what its columns mean."""

    container: Container
    """A view of it with a row per agent, and with episodes numbered."""
    reading: TidyReading
    mapping: TableMapping
    """The same, as a mapping file says it."""


def understand(container: Container, path: Path, mapping: LogMapping | None) -> Understanding | None:
    """Work out what the columns of a table mean.

    Parameters
    ----------
    container
        The columns.
    path
        The file.
    mapping
        What the user says; it stands for what would be inferred.

    Returns
    -------
    Understanding or None
        None where a row holds lists with an entry for each agent: such columns are arrays on a grid.

    Raises
    ------
    AmbiguousLogError
        If the table can be read in more than one way.
    LogFormatError
        If a column holds what it should not.
    MappingError
        If the mapping names a column or an agent that is not there.
    """
    known = mapping or LogMapping()
    declared = (known.table or TableMapping()).renamed(lambda name: f"/{name.removeprefix('/')}")
    view = _without(container, [f"/{name.removeprefix('/')}" for name in known.ignore])
    view = _without_row_numbers(view, declared)
    check_agents(known, tuple(name.strip("/") for name in view.inventory.datasets), str(path))
    subjects = find_subjects(view, declared, str(path), state=_state(path))
    if subjects is None:
        return None
    check_columns(known, subjects.container.inventory.datasets, str(path))
    check_use(subjects.container, known)
    return _TableReader(subjects, declared, known).understanding(path)


class _TableReader:
    """Works out what is left open about a table whose agents are known."""

    def __init__(self, subjects: Subjects, declared: TableMapping, known: LogMapping) -> None:
        self._subjects, self._declared, self._known = subjects, declared, known
        columns = read_columns(subjects.container.inventory)
        self._columns = tuple(column for column in columns if column.path != PRESENT_COLUMN)

    def understanding(self, path: Path) -> Understanding:
        """Return what the table is; errors as of `understand`."""
        view, place = self._subjects.container, str(path)
        with view.store.open() as file:
            self._check_padding(file, place)
            ragged = () if self._subjects.agents else ragged_columns(view.inventory)
            for column in ragged:
                check_widths(file, column, self._subjects.agent, place=place, inventory=view.inventory)
            identity = IdentityFinder(
                file, self._columns, self._declared, agent=self._subjects.agent, rows=row_names(view.inventory, place)
            ).find()
            flags = {meaning: self._flag(file, meaning, place) for meaning in (*_ENDS, Meaning.ALIVE)}
        mapping = self._mapping(identity, flags)
        opposite = self._turned(mapping, flags, path)
        view, told = opposite.container, opposite.path_of
        said = [
            *self._subjects.said,
            *identity.said,
            *opposite.said,
            *_on_alive(mapping),
            *(_NARROWER.format(name[1:]) for name in ragged),
        ]
        terminated = mapping.terminated or told.get(Meaning.TERMINATED)
        marks = (terminated, mapping.truncated, flags[Meaning.DONE] or told.get(Meaning.DONE))
        ends = tuple(mark for mark in marks if mark is not None)
        if not identity.episode:
            counting = Counting(outer=identity.outer, agent=self._subjects.agent, time=identity.time, flags=ends)
            view, sentence = _counted(view, counting, path)
            said.append(sentence)
        found = self._fields(mapping, {*identity.spent, *opposite.spent, *filter(None, flags.values())}, place)
        mapping = replace(mapping, fields=(*self._declared.fields, *found.fields))
        tidy = self._tidy(mapping, identity)
        tidy = replace(tidy, terminated=terminated, alive=mapping.alive or told.get(Meaning.ALIVE, tidy.alive))
        if mapping.alive is None and Meaning.ALIVE not in told:
            view, tidy, sentences = _with_lives(view, tidy, ends, path=path)
            said.extend(sentences)
        reading = TidyReading(
            mapping=tidy, assumptions=tuple(dict.fromkeys((*said, *found.said, _PRESENCE))), notices=found.notices
        )
        shown = mapping.renamed(lambda name: name.removeprefix("/"))
        return Understanding(container=view, reading=reading, mapping=shown)

    def _mapping(self, identity: Identity, flags: Mapping[Meaning, str | None]) -> TableMapping:
        declared = self._declared
        return replace(
            declared,
            agent=None if self._subjects.agents else self._subjects.agent,
            agents=self._subjects.agents,
            episode=identity.episode,
            time=identity.time,
            run=identity.run,
            checkpoint=identity.checkpoint,
            condition=identity.condition,
            role=declared.role or self._first(Meaning.ROLE),
            team=declared.team or self._first(Meaning.TEAM),
            alive=declared.alive or flags[Meaning.ALIVE],
            terminated=declared.terminated or flags[Meaning.TERMINATED],
            truncated=declared.truncated or flags[Meaning.TRUNCATED],
        )

    def _turned(self, mapping: TableMapping, flags: Mapping[Meaning, str | None], path: Path) -> Turned:
        known = {Meaning.TERMINATED: mapping.terminated, Meaning.TRUNCATED: mapping.truncated}
        known |= {Meaning.ALIVE: mapping.alive, Meaning.DONE: flags[Meaning.DONE]}
        free = [column for column in self._columns if column.path not in self._declared.columns]
        view, agent = self._subjects.container, self._subjects.agent
        return turned(view, free, known=known, agent=agent, state=_state(path))

    def _first(self, meaning: Meaning) -> str | None:
        return next((column.path for column in single(self._columns, meaning)), None)

    def _flag(self, file: ArrayReader, meaning: Meaning, place: str) -> str | None:
        found = next(iter(single(self._columns, meaning)), None)
        if found is None:
            return None
        if found.values is not None:
            raise LogFormatError(
                f"{place}: the column {found.shown} should be true or false and holds texts, such as "
                f"{next((text for text in found.values if text.lower() not in TRUTHS), '')!r:.60}; "
                f'write 0 and 1, or leave it out: ignore = ["{found.shown}"] under [log] in a mapping'
            )
        numbers = read_numbers(file, found.path)
        odd = numbers[np.isfinite(numbers) & (numbers != 0) & (numbers != 1)]
        if len(odd) and len(found.name) > 1:
            row = int(np.argmax(numbers == odd[0]))
            where = row_names(self._subjects.container.inventory, place).of(row)
            raise LogFormatError(
                f"{where}: the column {found.shown} should be true or false and holds {odd[0]:.15g}; write 0 and 1, or "
                f'leave it out: ignore = ["{found.shown}"] under [log] in a mapping'
            )
        # A letter alone may be anything.
        return None if len(odd) else found.path

    def _fields(self, mapping: TableMapping, spent: Collection[str], place: str) -> FoundFields:
        used = {*spent, self._subjects.agent, *mapping.columns}
        finder = FieldFinder(
            [column for column in self._columns if column.path not in used],
            taken=frozenset(own.name for own in mapping.fields),
            shared=self._subjects.shared,
            place=place,
        )
        return finder.find()

    def _tidy(self, mapping: TableMapping, identity: Identity) -> TidyMapping:
        present = {"alive": PRESENT_COLUMN} if self._subjects.shared else {}
        return TidyMapping(
            **{**present, **mapping.told},
            episode=mapping.episode or (EPISODE_COLUMN,),
            agent=self._subjects.agent,
            dead_see_nothing=mapping.dead_see_nothing,
            fields=tuple(self._field(own) for own in mapping.fields),
            environment=self._known.environment or identity.environment,
            framework=self._known.framework,
        )

    def _field(self, own: TableField) -> TidyField:
        held = next((column.values for column in self._columns if column.path == own.columns[0]), None)
        values = own.values or (held or () if len(own.columns) == 1 else ())
        return TidyField(name=own.name, columns=own.columns, level=own.level, values=values, is_late=self._is_late(own))

    def _is_late(self, own: TableField) -> bool | None:
        return own.is_late if own.is_late is not None or own.name in _MAY_BE_LATE else False

    def _check_padding(self, file: ArrayReader, place: str) -> None:
        for column in single(self._columns, Meaning.FILLED):
            if not (read_numbers(file, column.path) > 0).all():
                row = int(np.argmin(read_numbers(file, column.path) > 0))
                where = row_names(self._subjects.container.inventory, place).of(row)
                raise LogFormatError(f"{where} never happened, as {column.shown} says; leave such rows out")


def _on_alive(mapping: TableMapping) -> tuple[str, ...]:
    if mapping.alive is None:
        return ()
    return (f"an agent is out of the game after its last row in which {mapping.alive.strip('/')} is set",)


def _counted(view: Container, counting: Counting, path: Path) -> tuple[Container, str]:
    try:
        found = counted(view, counting, _state(path))
    except UncountableError as error:
        where = str(path) if error.row is None else row_names(view.inventory, str(path)).of(error.row)
        raise AmbiguousLogError(
            f"{where}: {error}; give the table a column with the episode, and name it in a mapping if it is called "
            'otherwise: episode = ["COLUMN"]'
        ) from error
    return found.container, found.said


def _with_lives(
    view: Container, tidy: TidyMapping, ends: tuple[str, ...], *, path: Path
) -> tuple[Container, TidyMapping, tuple[str, ...]]:
    """Add who is alive, where agents have rows after the one that ends them."""
    lives = Lives(identity=tidy.identity, agent=tidy.agent, time=tidy.time, flags=ends, present=tidy.alive)
    found = with_lives(view, lives, state=_state(path), rows=row_names(view.inventory, str(path))) if ends else None
    if found is None:
        return view, tidy, ()
    flags = " or ".join(flag.removeprefix("/") for flag in ends)
    return found, replace(tidy, alive=ALIVE_COLUMN), (f"an agent is out of the game after its first row with {flags}",)


def _without_row_numbers(container: Container, declared: TableMapping) -> Container:
    """Leave out what only counts the rows of the file."""
    numbers = [
        path
        for path in container.inventory.datasets
        if plain_words(path) in _ROW_NUMBERS and path not in declared.columns and path.removeprefix("/") != AGENT
    ]
    if not numbers:
        return container
    shown = ", ".join(path.removeprefix("/") or "the column without a name" for path in numbers)
    notice = Notice(code="left-out-row-numbers", message=f"row numbers are left out: {shown}")
    left = _without(container, numbers)
    return replace(left, inventory=replace(left.inventory, notices=(*left.inventory.notices, notice)))


def _without(container: Container, ignored: Sequence[str]) -> Container:
    inventory = container.inventory
    kept = {path: info for path, info in inventory.datasets.items() if path not in ignored}
    return replace(container, inventory=replace(inventory, datasets=kept))


def _state(path: Path) -> tuple[int, int]:
    states = [(path / name).stat() for name in (list_files(path) if path.is_dir() else ("",))]
    return sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
