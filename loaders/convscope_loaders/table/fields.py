"""Which field of a log each column of a table is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.table_mapping import TableField
from convscope.values import fields as names
from convscope.values.fields import INFO, Level
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.field_of import FIELD_OF
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning
from convscope_loaders.table.columns import AGENT, Column, plain_words, single, vector
from convscope_loaders.table.worded import action_like

MAX_CATEGORIES = 1000
"""Texts of a column that are taken for categories; more are remarks."""
MAX_INFOS = 200
"""Fields that only this table knows."""

_OTHERWISE = frozenset({Meaning.ACTION_ONE_HOT, Meaning.REWARD, Meaning.ATTENTION, Meaning.GATE})
"""One-hot actions stand in for others, a reward is one number, and weights between agents need axes."""
_SHARED = frozenset({names.STATE, names.TEAM_REWARDS})
_WITH_VALUES = frozenset(
    {names.ACTION_MASKS, names.ACTION_LOGITS, names.ACTION_PROBABILITIES, names.POSITIONS, names.STATE}
)
"""Fields that one number cannot fill."""
_LEFT_OUT = 'correct it, or leave it out: ignore = ["{}"] under [log] in a mapping'
_LISTS = ((" and ", "{}"), (", ", '"{}"'))
_COORDINATE = re.compile(r"(?:^|_)([xyz]|row|col|column)(?:_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFields:
    """The fields of a table, and what was taken for granted."""

    fields: tuple[TableField, ...]
    said: tuple[str, ...]
    notices: tuple[Notice, ...]


class FieldFinder:
    """Assigns columns to fields.

    Parameters
    ----------
    columns
        Those that say nothing of who, when and which episode.
    taken
        Names of fields that a mapping declares.
    shared
        Paths of columns that a row per joint step has once for all agents.
    place
        The file, for errors.
    """

    def __init__(self, columns: Sequence[Column], *, taken: frozenset[str], shared: frozenset[str], place: str) -> None:
        self._columns = [column for column in columns if not column.is_next]
        self._repeated = [column for column in columns if column.is_next]
        self._taken, self._shared, self._place = taken, shared, place
        self._found: list[TableField] = []
        self._said: list[str] = []
        self._used: set[str] = set()

    def find(self) -> FoundFields:
        """Return the fields.

        Raises
        ------
        AmbiguousLogError
            If two columns could be the actions.
        LogFormatError
            If a column that should hold numbers holds texts.
        """
        for meaning, name in FIELD_OF.items():
            if meaning not in _OTHERWISE:
                self._add_vector(meaning, name)
        self._check_one_hot()
        self._check_actions()
        self._add_coordinates()
        self._add_number(Meaning.REWARD, names.REWARDS)
        self._add_number(Meaning.TEAM_REWARD, names.TEAM_REWARDS)
        notices = self._add_infos()
        common = [field.name for field in self._found if field.level is Level.TEAM and field.name.startswith(INFO)]
        if common:
            self._said.append(f"what no agent's name is in is a value that all share: {', '.join(common[:6])}")
        if self._repeated:
            message = f"columns of what follows the step are left out, the next row holds it: {_shown(self._repeated)}"
            notices.append(Notice(code="left-out-next", message=message))
        return FoundFields(fields=tuple(self._found), said=tuple(self._said), notices=tuple(notices))

    def _add_vector(self, meaning: Meaning, name: str) -> None:
        groups = vector(self._columns, meaning)
        own = [group for group in groups if not self._is_shared(group)]
        # A column action_taken beside one called action says more of it.
        own = [group for group in own if group[0].name in MEANING_OF] or own
        if meaning is Meaning.ACTION and len(own) > 1 and name not in self._taken:
            both = " and ".join(group[0].shown for group in own[:3])
            raise AmbiguousLogError(
                f"{self._place}: {both} could each be the actions; say which in a mapping: columns = [...] under "
                "[table.fields.actions]"
            )
        for group in own[:1] or groups[:1]:
            self._check_is_told_apart(group)
            self._add_group(group, meaning, name)

    def _check_is_told_apart(self, group: Sequence[Column]) -> None:
        seen: dict[tuple[str, tuple[int, ...]], Column] = {}
        for column in group:
            other = seen.setdefault((column.name, column.numbers), column)
            if other is not column:
                raise AmbiguousLogError(
                    f"{self._place}: the columns {other.shown} and {column.shown} have one name but for its spelling; "
                    f'leave one out, with ignore = ["{column.shown}"] under [log] in a mapping, or name them apart'
                )

    def _check_one_hot(self) -> None:
        has_actions = names.ACTIONS in self._taken or any(field.name == names.ACTIONS for field in self._found)
        for group in vector(self._columns, Meaning.ACTION_ONE_HOT):
            if not has_actions:
                raise LogFormatError(
                    f"{self._place}: {group[0].shown} holds actions as zeros and a one; give the table a column action "
                    "with their numbers"
                )
            self._used.update(column.path for column in group)

    def _check_actions(self) -> None:
        """Take what alone speaks of an action for it; ask where several do."""
        if names.ACTIONS in self._taken or any(field.name == names.ACTIONS for field in self._found):
            return
        own = {
            plain_words(column.path.replace(AGENT, " ")): column
            for column in self._columns
            if column.path not in self._used | self._shared
        }
        found = [own[name] for name in action_like([*own])]
        if len(found) > 1:
            both, listed = (joint.join(wrap.format(c.shown) for c in found[:4]) for joint, wrap in _LISTS)
            raise AmbiguousLogError(
                f"{self._place}: {both} could each be the actions, or be one together; say which in a mapping: "
                f"columns = [{listed}] under [table.fields.actions]"
            )
        if found:
            self._said.append(f"{found[0].shown} is read as the action: no other column is called so")
            self._add_group((found[0],), Meaning.ACTION, names.ACTIONS)

    def _add_group(self, group: tuple[Column, ...], meaning: Meaning, name: str) -> None:
        values = self._texts(group, meaning)
        is_number = len(group) == 1 and len(group[0].info.shape) == 1
        if (values is not None and meaning is not Meaning.ACTION) or (is_number and name in _WITH_VALUES):
            return
        if self._is_shared(group):
            if meaning is not Meaning.OBSERVATION and name not in _SHARED:
                return
            if meaning is Meaning.OBSERVATION:
                self._said.append(f"{group[0].shown} is not one agent's: it is read as the state that all share")
                name = names.STATE
        self._add(name, group, values=values or ())

    def _texts(self, group: tuple[Column, ...], meaning: Meaning) -> tuple[str, ...] | None:
        """Return the texts of a column; None for numbers."""
        told = next((column for column in group if column.values is not None), None)
        if told is None or told.values is None:
            return None
        is_cut = meaning is Meaning.OBSERVATION and any("..." in text for text in told.values[:1])
        if len(group) > 1 or is_cut:
            raise LogFormatError(
                f"{self._place}: the column {told.shown} should hold numbers and holds texts, such as {told.sample}; "
                f"{_LEFT_OUT.format(told.shown)}"
            )
        return told.values

    def _add_coordinates(self) -> None:
        if names.POSITIONS in self._taken or any(field.name == names.POSITIONS for field in self._found):
            return
        kinds: dict[str, list[Column]] = {}
        for column in single(self._columns, Meaning.COORDINATE):
            if column.values is None and column.path not in self._shared:
                kinds.setdefault(_COORDINATE.sub("", column.name), []).append(column)
        together = next((found for found in kinds.values() if len(found) > 1), None)
        if together is not None:
            self._add(names.POSITIONS, tuple(together))

    def _add_number(self, meaning: Meaning, name: str) -> None:
        found = [column for column in single(self._columns, meaning) if column.path not in self._used]
        if not found:
            return
        self._check_is_told_apart(found)
        if len(found) > 1:
            self._said.append(f"{found[0].shown} is read as the {meaning}, {found[1].shown} as a value of its own")
        if found[0].values is not None:
            raise LogFormatError(
                f"{self._place}: the column {found[0].shown} should hold numbers and holds texts, such as "
                f"{found[0].sample}; {_LEFT_OUT.format(found[0].shown)}"
            )
        self._add(names.TEAM_REWARDS if found[0].path in self._shared else name, (found[0],))

    def _add_infos(self) -> list[Notice]:
        remarks: list[Column] = []
        rest: dict[tuple[str, bool], list[Column]] = {}
        for column in self._columns:
            if column.path in self._used:
                continue
            if column.values is not None and len(column.values) > MAX_CATEGORIES:
                remarks.append(column)
            else:
                # Numbers behind a name make a vector, texts stay alone.
                alone = column.values is not None or len(column.info.shape) > 1 or not column.numbers
                key = column.path if alone else column.name
                rest.setdefault((key, column.path in self._shared), []).append(column)
        groups = list(rest.values())
        for group in groups[:MAX_INFOS]:
            ordered = tuple(sorted(group, key=lambda column: column.numbers))
            self._add(f"{INFO}{self._free_name(ordered)}", ordered, values=ordered[0].values or ())
        over = [column for group in groups[MAX_INFOS:] for column in group]
        notices: list[Notice] = []
        if remarks:
            message = f"columns of more than {MAX_CATEGORIES} different texts are left out: {_shown(remarks)}"
            notices.append(Notice(code="left-out-remarks", message=message))
        if over:
            message = f"columns beyond {MAX_INFOS} of unknown meaning are left out: {_shown(over)}"
            notices.append(Notice(code="left-out-columns", message=message))
        return notices

    def _add(self, name: str, columns: tuple[Column, ...], *, values: tuple[str, ...] = ()) -> None:
        if name in self._taken or any(field.name == name for field in self._found):
            return
        level = Level.TEAM if name in _SHARED or self._is_shared(columns) else Level.AGENT
        paths = tuple(column.path for column in columns)
        self._found.append(TableField(name=name, columns=paths, level=level, values=values))
        self._used.update(paths)

    def _is_shared(self, group: Sequence[Column]) -> bool:
        return all(column.path in self._shared for column in group)

    def _free_name(self, group: Sequence[Column]) -> str:
        taken = {field.name for field in self._found} | self._taken
        stem = group[0].name if len(group) > 1 or not group[0].numbers else plain_words(group[0].path)
        return next(name for name in (stem, plain_words(group[0].path), group[0].shown) if f"{INFO}{name}" not in taken)


def _shown(columns: Iterable[Column]) -> str:
    return listed([column.shown[:80] for column in columns])
