"""A TOML file that a user writes by hand, read so that every fault can name its line."""

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convscope.errors import ConvscopeError
from convscope.ingest.bounded import bounded_bytes
from convscope.ingest.digests import sha256_of
from convscope.ingest.faults import Faults
from convscope.ingest.toml_lines import KeyPath, TomlLines

MAX_BYTES = 1 << 20
"""Such files hold a few dozen lines; a larger one is a mistake."""

_MAX_LISTED = 12
_MAX_PARTS = 100
"""Of a dotted key: the time that tomllib needs grows with their square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlKind:
    """What a file that a user writes is for."""

    name: str
    """Such as ``priors file``, for messages."""
    error: type[ConvscopeError]
    """Raised for what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlDocument:
    """A parsed file that knows its lines."""

    kind: TomlKind
    file: str
    """Name of the file, for messages."""
    content: Mapping[str, object]
    """As tomllib parses it."""
    lines: TomlLines
    sha256: str
    """Digest of the file's bytes."""
    n_bytes: int

    def fault(self, message: str, path: KeyPath = (), literal: str | None = None) -> ConvscopeError:
        """Return the error for a place in the file; parameters as in `TomlLines.line_of`."""
        return self.kind.error(f"{self.file}:{self.lines.line_of(path, literal)}: {message}")

    def table(self, *path: str) -> Mapping[str, object]:
        """Return a table; an absent one is empty.

        Raises
        ------
        ConvscopeError
            Of the document's kind, if a value of another kind stands there.
        """
        table = self.content
        for depth, key in enumerate(path, start=1):
            child = table.get(key, {})
            if not isinstance(child, dict):
                raise self.fault(f"[{'.'.join(path[:depth])}] must be a table", path[:depth])
            table = child
        return table

    def check_keys(self, path: KeyPath, known: Sequence[str], kind: str) -> None:
        """Raise for keys of a table that are not known, and name the nearest one that is to each.

        Parameters
        ----------
        path
            The table.
        known
            Its possible keys.
        kind
            What such a key is, for the message.
        """
        unknown = [key for key in self.table(*path) if key not in known]
        if not unknown:
            return
        said = [f"unknown {kind} {key!r:.80}; {_hint(key, known)}" for key in unknown[:_MAX_LISTED]]
        more = (
            f"line {self.lines.line_of((*path, key))}: {text}" for key, text in zip(unknown[1:], said[1:], strict=False)
        )
        raise self.fault("; ".join((said[0], *more)), (*path, unknown[0]))

    def known_keys(self, path: KeyPath, known: Sequence[str], kind: str, *, faults: Faults) -> tuple[str, ...]:
        """Return the keys of a table that are known, and keep a fault for each other one; as `check_keys`."""
        held: tuple[str, ...] = ()
        with faults.kept():
            held = tuple(self.table(*path))
        for key in held:
            with faults.kept():
                self._check_key((*path, key), known, kind)
        return tuple(key for key in held if key in known)

    def texts(self, *path: str) -> tuple[str, ...]:
        """Return a list of texts, or the one text that stands in its place.

        Raises
        ------
        ConvscopeError
            Of the document's kind, if it is something else, or empty.
        """
        value = self.table(*path[:-1])[path[-1]]
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, str) for entry in entries):
            raise self.fault(f"{'.'.join(path)} must be a text or a list of texts, and not empty", path)
        return tuple(str(entry) for entry in entries)

    def _check_key(self, path: KeyPath, known: Sequence[str], kind: str) -> None:
        key = path[-1]
        if key not in known:
            raise self.fault(f"unknown {kind} {key!r:.80}; {_hint(key, known)}", path)


def _hint(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {listed(known)}"


def read_toml(path: Path, kind: TomlKind) -> TomlDocument:
    """Read a file of at most `MAX_BYTES`.

    Raises
    ------
    UsageError
        If there is no such file.
    ConvscopeError
        Of the given kind, if it is too large, not UTF-8, or not TOML.
    """
    raw = _bytes(path, kind)
    text = _text(raw, path.name, kind)
    return TomlDocument(
        kind=kind,
        file=path.name,
        content=_parsed(text, path.name, kind),
        lines=TomlLines(text),
        sha256=sha256_of(raw),
        n_bytes=len(raw),
    )


def number_or_nan(value: object) -> float:
    """Return a TOML number as a float; NaN for anything else, infinity where it is too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def listed(names: Iterable[str]) -> str:
    """Return names for a message, quoted so that they are inert, the first dozen of a long list."""
    texts = [f"{name!r:.80}" for name in names]
    rest = len(texts) - _MAX_LISTED
    return ", ".join(texts[:_MAX_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _bytes(path: Path, kind: TomlKind) -> bytes:
    content = bounded_bytes(path, kind.name, hint="the path of a TOML file", most=MAX_BYTES)
    if content is None:
        raise kind.error(f"{path.name} is larger than {MAX_BYTES >> 20} MiB; a {kind.name} holds a few dozen lines")
    return content


def _text(content: bytes, file: str, kind: TomlKind) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise kind.error(f"{file}:{line}: not UTF-8 text; a {kind.name} is TOML, saved as UTF-8") from error


def _parsed(text: str, file: str, kind: TomlKind) -> Mapping[str, object]:
    if _is_too_deep(text):
        raise kind.error(f"{file}: not a {kind.name}: a key in it has more than {_MAX_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else max(1, len(text.splitlines()))
        raise kind.error(f"{file}:{line}: not valid TOML: {error}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets within brackets
        raise kind.error(f"{file}: not a {kind.name}: a number or a nesting in it is beyond all measure") from error


def _is_too_deep(text: str) -> bool:
    """Whether a key is divided by very many dots; blanks around them count as little as in TOML."""
    pieces = re.split(r"[=,\[\]{}\n]", text.replace(" ", "").replace("\t", ""))
    deep = (piece for piece in pieces if piece.count(".") > _MAX_PARTS)
    return any(sum(map(bool, piece.split("."))) > _MAX_PARTS for piece in deep)
