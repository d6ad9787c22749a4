"""Mapping files: TOML that says what the arrays of a file mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from convscope.errors import MappingError
from convscope.ingest.mapping import (
    MAPPING_VERSION,
    ArrayMapping,
    Axis,
    Cut,
    EpisodeMapping,
    FieldMapping,
    Kind,
    LabelMapping,
    LogMapping,
    RingMapping,
    RoleMapping,
)
from convscope.ingest.pair_section import PairSection
from convscope.ingest.table_mapping import WHERE, TableField, TableMapping
from convscope.ingest.toml_document import TomlDocument, TomlKind, read_toml
from convscope.ingest.toml_lines import KeyPath
from convscope.values.fields import FIELD_NAMES, INFO, Level, OwnColumn, RowSum

_MAPPING = TomlKind(name="mapping file", error=MappingError)
_LABELS = ("run", "checkpoint", "condition")
_TABLES = ("convscope-mapping", "table", "fields", "episodes", "agents", "roles", "ring", *_LABELS, "log")
_ARRAY = ("path", "axes", "take", "negated")
_LEVELS = (Level.AGENT, Level.TEAM)
_Choice = TypeVar("_Choice", bound=StrEnum)


def read_mapping(path: Path) -> LogMapping:
    """Read a mapping file.

    Raises
    ------
    UsageError
        If there is no such file.
    MappingError
        If it is not TOML, or does not say what it should; the message names the line.
    """
    return _Reader(document=read_toml(path, _MAPPING)).mapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    document: TomlDocument

    def mapping(self) -> LogMapping:
        self.document.check_keys((), _TABLES, "key")
        content = self.document.content
        if content.get("convscope-mapping") != MAPPING_VERSION:
            message = f"must begin with: convscope-mapping = {MAPPING_VERSION}"
            raise self.document.fault(message, ("convscope-mapping",))
        agent_keys = ("names", "teams", "alive", "alive_values", "leaves", "dead_see_nothing", "acting")
        self.document.check_keys(("agents",), agent_keys, "key")
        self.document.check_keys(("log",), ("environment", "framework", "ignore"), "key")
        self._check_field_names("fields")
        return LogMapping(
            fields=tuple(self._field(name) for name in self.document.table("fields")),
            episodes=self._episodes() if "episodes" in content else None,
            agents=self._texts("agents", "names"),
            teams=self._teams(),
            roles=self._roles() if "roles" in content else None,
            ring=self._ring() if "ring" in content else None,
            run=self._label("run") if "run" in content else None,
            checkpoint=self._label("checkpoint") if "checkpoint" in content else None,
            condition=self._label("condition") if "condition" in content else None,
            alive=self._optional_array("agents", "alive"),
            alive_values=self._numbers("agents", "alive_values"),
            leaves=self._optional_array("agents", "leaves"),
            dead_see_nothing=self._optional_flag("agents", "dead_see_nothing"),
            acting=self._optional_array("agents", "acting"),
            ignore=self._texts("log", "ignore"),
            environment=self._text("log", "environment"),
            framework=self._text("log", "framework"),
            table=self._table() if "table" in content else None,
            file=self.document.file,
            sha256=self.document.sha256,
            lines=self.document.lines,
        )

    def _check_field_names(self, *path: str) -> None:
        own = [name for name in self.document.table(*path) if name.startswith(INFO)]
        self.document.check_keys(path, (*FIELD_NAMES, *own), "field")

    def _table(self) -> TableMapping:
        self.document.check_keys(
            ("table",), ("path", "agent", "agents", "episode", *WHERE, "dead_see_nothing", "fields"), "key"
        )
        for other in ("fields", "episodes", "agents", "roles"):
            if other in self.document.content:
                raise self.document.fault(
                    f"[{other}] is for arrays, [table] for tables; leave one of them out", (other,)
                )
        self._check_field_names("table", "fields")
        told = self.document.table("table")
        if {"agent", "agents"} <= told.keys():
            message = "agent is for tables with a row per agent, agents for a row per joint step; leave one of them out"
            raise self.document.fault(message, ("table", "agents"))
        return TableMapping(
            table=self._path("table", "path") if "path" in told else None,
            agent=self._text("table", "agent"),
            agents=self._texts("table", "agents"),
            episode=self.document.texts("table", "episode") if "episode" in told else (),
            dead_see_nothing=self._flag("table", "dead_see_nothing"),
            fields=tuple(self._table_field(name) for name in self.document.table("table", "fields")),
            **{name: self._text("table", name) for name in WHERE},
        )

    def _path(self, *path: str) -> str:
        text = self._text(*path)
        if not text or not text.startswith("/"):
            place = f"[{'.'.join(path[:-1])}]"
            raise self.document.fault(f"{place} needs a {path[-1]} from the root, such as /{{run}}/obs", path)
        return text

    def _table_field(self, name: str) -> TableField:
        path = ("table", "fields", name)
        self.document.check_keys(path, ("columns", "level", "values", "late"), "key")
        if "columns" not in self.document.table(*path):
            raise self.document.fault(f'[{".".join(path)}] needs columns, such as ["x", "y"]', path)
        level = self._choice(Level, (*path, "level"), self._text(*path, "level") or Level.AGENT)
        if level not in _LEVELS:
            raise self.document.fault(f"{level!r} is none of {', '.join(_LEVELS)}", (*path, "level"))
        return TableField(
            name=name,
            columns=self.document.texts(*path, "columns"),
            level=level,
            values=self._texts(*path, "values"),
            is_late=self._optional_flag(*path, "late"),
        )

    def _field(self, name: str) -> FieldMapping:
        keys = (
            "next",
            "one_hot",
            "kind",
            "late",
            "widths",
            "values",
            "row_sum",
            "randomized",
            "own_column",
            "slots",
            "edges",
        )
        self.document.check_keys(("fields", name), (*_ARRAY, *keys), "key")
        kind, own = self._text("fields", name, "kind"), self._text("fields", name, "own_column")
        pairs = PairSection(document=self.document, array=self._array)
        return FieldMapping(
            name=name,
            array=self._array("fields", name),
            next_path=self._path("fields", name, "next") if "next" in self.document.table("fields", name) else "",
            is_one_hot=self._optional_flag("fields", name, "one_hot"),
            kind=self._choice(Kind, ("fields", name, "kind"), kind) if kind is not None else None,
            is_late=self._flag("fields", name, "late"),
            widths=self._numbers("fields", name, "widths"),
            values=self._texts("fields", name, "values"),
            row_sum=self._choice(RowSum, ("fields", name, "row_sum"), self._row_sum(name)),
            own_column=self._choice(OwnColumn, ("fields", name, "own_column"), own or OwnColumn.WEIGHT),
            slots=pairs.slots("fields", name, "slots"),
            edges=pairs.edges("fields", name, "edges"),
            is_randomized=self._flag("fields", name, "randomized"),
        )

    def _row_sum(self, name: str) -> str:
        return self._text("fields", name, "row_sum") or RowSum.RENORMALISE

    def _episodes(self) -> EpisodeMapping:
        keys = ("cut", "list", "next", "lengths", "time", "terminated", "truncated", "ended")
        self.document.check_keys(("episodes",), keys, "key")
        return EpisodeMapping(
            cut=self._choice(Cut, ("episodes", "cut"), self._text("episodes", "cut") or ""),
            array=self._optional_array("episodes", "list"),
            after=self._optional_array("episodes", "next"),
            lengths=self._optional_array("episodes", "lengths"),
            time=self._optional_array("episodes", "time"),
            terminated=self._optional_array("episodes", "terminated", may_be_scalar=True),
            truncated=self._optional_array("episodes", "truncated", may_be_scalar=True),
            ended=self._optional_array("episodes", "ended", may_be_scalar=True),
        )

    def _roles(self) -> RoleMapping:
        self.document.check_keys(("roles",), (*_ARRAY, "attribute", "names", "of_agent"), "key")
        told = {agent: self._text("roles", "of_agent", agent) for agent in self.document.table("roles", "of_agent")}
        of_agent = {agent: role for agent, role in told.items() if role is not None}
        array = self._array("roles") if "path" in self.document.table("roles") else None
        attribute = self._attribute("roles")
        if array is None and not of_agent and not attribute:
            raise self.document.fault("[roles] needs a path, an attribute, or a table of_agent", ("roles",))
        return RoleMapping(array=array, attribute=attribute, of_agent=of_agent, names=self._texts("roles", "names"))

    def _ring(self) -> RingMapping:
        self.document.check_keys(("ring",), ("cursor", "count", "full", "rows", "first"), "key")
        if not self.document.table("ring"):
            raise self.document.fault("[ring] needs a cursor, a count, full, a number of rows, or the first", ("ring",))
        return RingMapping(
            cursor=self._attribute("ring", "cursor"),
            count=self._attribute("ring", "count"),
            full=self._attribute("ring", "full"),
            rows=self._number("ring", "rows"),
            first=self._number("ring", "first"),
        )

    def _label(self, name: str) -> LabelMapping:
        self.document.check_keys((name,), ("path", "axes", "attribute", "names", "prefix"), "key")
        path, attribute = self._text(name, "path") or "", self._attribute(name)
        if path.startswith("/") == bool(attribute):
            raise self.document.fault(f"[{name}] needs a path from the root, or an attribute such as /@seed", (name,))
        axes = tuple(self._choice(Axis, (name, "axes"), axis) for axis in self._texts(name, "axes"))
        return LabelMapping(
            array=ArrayMapping(path=path, axes=axes) if path else None,
            attribute=attribute,
            names=self._texts(name, "names"),
            prefix=self._text(name, "prefix") or "",
        )

    def _attribute(self, name: str, key: str = "attribute") -> str:
        attribute = self._text(name, key) or ""
        if attribute and not (attribute.startswith("/") and "@" in attribute):
            raise self.document.fault(f"{key} must be a group and a name, such as /{{agent}}@role", (name, key))
        return attribute

    def _teams(self) -> Mapping[str, str]:
        teams = self.document.table("agents", "teams")
        return {agent: team for team in teams for agent in self._texts("agents", "teams", team)}

    def _optional_array(self, *path: str, may_be_scalar: bool = False) -> ArrayMapping | None:
        if path[-1] not in self.document.table(*path[:-1]):
            return None
        self.document.check_keys(path, _ARRAY, "key")
        return self._array(*path, may_be_scalar=may_be_scalar)

    def _array(self, *path: str, may_be_scalar: bool = False) -> ArrayMapping:
        axes = self._texts(*path, "axes")
        if not axes and not (may_be_scalar and "axes" in self.document.table(*path)):
            place = f"[{'.'.join(path)}]"
            raise self.document.fault(f'{place} needs axes, such as ["episode", "time", "agent"]', path)
        return ArrayMapping(
            path=self._path(*path, "path"),
            axes=tuple(self._choice(Axis, (*path, "axes"), axis) for axis in axes),
            take=self._numbers(*path, "take"),
            is_negated=self._flag(*path, "negated"),
        )

    def _choice(self, kind: type[_Choice], path: KeyPath, value: str) -> _Choice:
        try:
            return kind(value)
        except ValueError:
            raise self.document.fault(f"{value!r:.80} is none of {', '.join(kind)}", path, value) from None

    def _text(self, *path: str) -> str | None:
        value = self.document.table(*path[:-1]).get(path[-1])
        if value is not None and not isinstance(value, str):
            raise self.document.fault(f"{path[-1]} must be a text", path)
        return value

    def _flag(self, *path: str) -> bool:
        value = self.document.table(*path[:-1]).get(path[-1], False)
        if not isinstance(value, bool):
            raise self.document.fault(f"{path[-1]} must be true or false", path)
        return value

    def _optional_flag(self, *path: str) -> bool | None:
        return self._flag(*path) if path[-1] in self.document.table(*path[:-1]) else None

    def _texts(self, *path: str) -> tuple[str, ...]:
        value = self.document.table(*path[:-1]).get(path[-1], [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.document.fault(f"{path[-1]} must be a list of texts", path)
        return tuple(str(entry) for entry in value)

    def _number(self, *path: str) -> int | None:
        value = self.document.table(*path[:-1]).get(path[-1])
        if value is not None and (type(value) is not int or value < 0):
            raise self.document.fault(f"{path[-1]} must be a whole number from 0", path)
        return value

    def _numbers(self, *path: str) -> tuple[int, ...]:
        value = self.document.table(*path[:-1]).get(path[-1], [])
        if not isinstance(value, list) or not all(type(entry) is int and entry >= 0 for entry in value):
            raise self.document.fault(f"{path[-1]} must be a list of whole numbers from 0", path)
        return tuple(int(entry) for entry in value)
