"""Mapping files: TOML that says what the arrays of a file mean, read with line numbers and written ready to edit."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from convscope.errors import MappingError, UsageError
from convscope.ingest.digests import sha256_of
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping, RoleMapping
from convscope.ingest.toml_lines import KeyPath, TomlLines

_MAX_BYTES = 1 << 20
_VERSION = 1
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
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"no mapping file at {path}: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise MappingError(f"{path.name} is larger than {_MAX_BYTES >> 20} MiB; a mapping has a few dozen lines")
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise MappingError(f"{path.name} is not UTF-8 text; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise MappingError(f"{path.name}: not valid TOML: {error}") from error
    return _Document(file=path.name, table=table, lines=TomlLines(text)).mapping(sha256_of(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    file: str
    table: Mapping[str, object]
    lines: TomlLines

    def mapping(self, sha256: str) -> LogMapping:
        self._check_keys((), ("convscope-mapping", "fields", "episodes", "agents", "roles", "log"))
        if self.table.get("convscope-mapping") != _VERSION:
            raise self._fault(("convscope-mapping",), f"must begin with: convscope-mapping = {_VERSION}")
        self._check_keys(("agents",), ("names", "teams", "alive"))
        self._check_keys(("log",), ("environment", "framework", "ignore"))
        return LogMapping(
            fields=tuple(self._field(name) for name in self._table("fields")),
            episodes=self._episodes() if "episodes" in self.table else None,
            agents=self._texts("agents", "names"),
            teams=self._teams(),
            roles=self._roles() if "roles" in self.table else None,
            alive=self._optional_array("agents", "alive"),
            ignore=self._texts("log", "ignore"),
            environment=self._text("log", "environment"),
            framework=self._text("log", "framework"),
            file=self.file,
            sha256=sha256,
        )

    def _field(self, name: str) -> FieldMapping:
        self._check_keys(("fields", name), ("path", "axes", "take", "one_hot", "widths", "values"))
        return FieldMapping(
            name=name,
            array=self._array("fields", name),
            is_one_hot=self._table("fields", name).get("one_hot", False) is True,
            widths=self._numbers("fields", name, "widths"),
            values=self._texts("fields", name, "values"),
        )

    def _episodes(self) -> EpisodeMapping:
        self._check_keys(("episodes",), ("cut", "list", "time", "terminated", "truncated"))
        return EpisodeMapping(
            cut=self._choice(Cut, ("episodes", "cut"), self._text("episodes", "cut") or ""),
            array=self._optional_array("episodes", "list"),
            time=self._optional_array("episodes", "time"),
            terminated=self._optional_array("episodes", "terminated"),
            truncated=self._optional_array("episodes", "truncated"),
        )

    def _roles(self) -> RoleMapping:
        self._check_keys(("roles",), ("path", "axes", "take", "names", "of_agent"))
        of_agent = {agent: str(role) for agent, role in self._table("roles", "of_agent").items()}
        array = self._array("roles") if "path" in self._table("roles") else None
        if array is None and not of_agent:
            raise self._fault(("roles",), "[roles] needs a path, or a table of_agent")
        return RoleMapping(array=array, of_agent=of_agent, names=self._texts("roles", "names"))

    def _teams(self) -> Mapping[str, str]:
        teams = self._table("agents", "teams")
        return {agent: team for team in teams for agent in self._texts("agents", "teams", team)}

    def _optional_array(self, *path: str) -> ArrayMapping | None:
        if path[-1] not in self._table(*path[:-1]):
            return None
        self._check_keys(path, ("path", "axes", "take"))
        return self._array(*path)

    def _array(self, *path: str) -> ArrayMapping:
        text = self._text(*path, "path")
        if not text or not text.startswith("/"):
            raise self._fault((*path, "path"), f"[{'.'.join(path)}] needs a path from the root, such as /{{run}}/obs")
        axes = self._texts(*path, "axes")
        if not axes:
            raise self._fault(path, f'[{".".join(path)}] needs axes, such as ["episode", "time", "agent"]')
        return ArrayMapping(
            path=text,
            axes=tuple(self._choice(Axis, (*path, "axes"), axis) for axis in axes),
            take=self._numbers(*path, "take"),
        )

    def _choice(self, kind: type[_Choice], path: KeyPath, value: str) -> _Choice:
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(kind)
            raise self._fault(path, f"{value!r:.80} is none of {known}", value) from None

    def _table(self, *path: str) -> Mapping[str, object]:
        table: object = self.table
        for depth, key in enumerate(path, start=1):
            table = table.get(key, {}) if isinstance(table, dict) else None
            if not isinstance(table, dict):
                raise self._fault(path[:depth], f"{'.'.join(path[:depth])} must be a table")
        return {str(key): value for key, value in table.items()} if isinstance(table, dict) else {}

    def _text(self, *path: str) -> str | None:
        value = self._table(*path[:-1]).get(path[-1])
        if value is not None and not isinstance(value, str):
            raise self._fault(path, f"{path[-1]} must be a text")
        return value

    def _texts(self, *path: str) -> tuple[str, ...]:
        value = self._table(*path[:-1]).get(path[-1], [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self._fault(path, f"{path[-1]} must be a list of texts")
        return tuple(str(entry) for entry in value)

    def _numbers(self, *path: str) -> tuple[int, ...]:
        value = self._table(*path[:-1]).get(path[-1], [])
        if not isinstance(value, list) or not all(type(entry) is int and entry >= 0 for entry in value):
            raise self._fault(path, f"{path[-1]} must be a list of whole numbers from 0")
        return tuple(int(entry) for entry in value)

    def _check_keys(self, path: KeyPath, known: Sequence[str]) -> None:
        table = self._table(*path) if path else self.table
        for key in table:
            if key not in known:
                raise self._fault((*path, key), f"unknown key {key!r:.80}; known are {', '.join(known)}")

    def _fault(self, path: KeyPath, message: str, literal: str | None = None) -> MappingError:
        return MappingError(f"{self.file}:{self.lines.line_of(path, literal)}: {message}")


def mapping_text(mapping: LogMapping) -> str:
    """Return a mapping as the text of a mapping file, ready to edit."""
    lines = [f"convscope-mapping = {_VERSION}", ""]
    lines += _section("log", _log_entries(mapping))
    lines += _section("agents", _agent_entries(mapping))
    if mapping.episodes is not None:
        lines += _section("episodes", _episode_entries(mapping.episodes))
    for field in mapping.fields:
        lines += _section(f"fields.{_key(field.name)}", _field_entries(field))
    if mapping.roles is not None:
        lines += _section("roles", _role_entries(mapping.roles))
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(name: str, entries: Mapping[str, str]) -> list[str]:
    return [f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()), ""] if entries else []


def _log_entries(mapping: LogMapping) -> dict[str, str]:
    entries = {"environment": mapping.environment, "framework": mapping.framework}
    told = {key: _quoted(value) for key, value in entries.items() if value is not None}
    return told | ({"ignore": _list(mapping.ignore)} if mapping.ignore else {})


def _agent_entries(mapping: LogMapping) -> dict[str, str]:
    entries = {"names": _list(mapping.agents)} if mapping.agents else {}
    for team in dict.fromkeys(mapping.teams.values()):
        entries[f"teams.{_key(team)}"] = _list([agent for agent, own in mapping.teams.items() if own == team])
    return entries | ({"alive": _inline(mapping.alive)} if mapping.alive is not None else {})


def _episode_entries(episodes: EpisodeMapping) -> dict[str, str]:
    arrays = {
        "list": episodes.array,
        "time": episodes.time,
        "terminated": episodes.terminated,
        "truncated": episodes.truncated,
    }
    inline = {key: _inline(array) for key, array in arrays.items() if array is not None}
    return {"cut": _quoted(episodes.cut), **inline}


def _field_entries(field: FieldMapping) -> dict[str, str]:
    entries = _array_entries(field.array)
    if field.is_one_hot:
        entries["one_hot"] = "true"
    if field.widths:
        entries["widths"] = f"[{', '.join(str(width) for width in field.widths)}]"
    if field.values:
        entries["values"] = _list(field.values)
    return entries


def _role_entries(roles: RoleMapping) -> dict[str, str]:
    entries = _array_entries(roles.array) if roles.array is not None else {}
    if roles.names:
        entries["names"] = _list(roles.names)
    for agent, role in roles.of_agent.items():
        entries[f"of_agent.{_key(agent)}"] = _quoted(role)
    return entries


def _array_entries(array: ArrayMapping) -> dict[str, str]:
    entries = {"path": _quoted(array.path), "axes": _list(array.axes)}
    return entries | ({"take": f"[{', '.join(str(entry) for entry in array.take)}]"} if array.take else {})


def _inline(array: ArrayMapping) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in _array_entries(array).items()) + " }"


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    # A JSON string with its non-ASCII text escaped is a TOML basic string, but for DEL and lone surrogates.
    inert = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(inert, ensure_ascii=False).replace("\x7f", "\\u007f")
