"""Where the keys of a TOML text stand: the standard parser keeps no line numbers."""

import re
import tomllib

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_ENTRY = re.compile(rf"\s*({_DOTTED})\s*=")

KeyPath = tuple[str, ...]


class TomlLines:
    """Lines of the tables and keys of a text that parses.

    Keys inside inline tables, and lines inside multi-line strings that look like keys, are beyond it: then it names
    the line of the nearest key around them, which is close enough to find the place.

    Parameters
    ----------
    text
        Valid TOML.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._line_of = _scan(self._lines)

    def line_of(self, path: KeyPath, literal: str | None = None) -> int:
        """Return the line of a key, from 1.

        Parameters
        ----------
        path
            Tables and key, outermost first; the nearest enclosing one that was found counts, else line 1. The second
            entry of a list of tables is ``#1``.
        literal
            Quoted text to look for from there on, such as one entry of a long list.
        """
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self._line_of), None)
        start = 1 if known is None else self._line_of[known]
        if literal is None:
            return start
        later = [line for line in self._line_of.values() if line > start]
        stop = min(later, default=len(self._lines) + 1)
        quoted = (f"'{literal}'", f'"{literal}"')
        return next((n for n in range(start, stop) if any(q in self._lines[n - 1] for q in quoted)), start)


def _scan(lines: list[str]) -> dict[KeyPath, int]:
    found: dict[KeyPath, int] = {}
    n_entries: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(lines, start=1):
        if header := _TABLE.match(line):
            table = _path(header[1])
            if line.lstrip().startswith("[["):
                n_entries[table] = n_entries.get(table, -1) + 1
                table = (*table, f"#{n_entries[table]}")
            _note(found, table, number)
        elif entry := _ENTRY.match(line):
            _note(found, (*table, *_path(entry[1])), number)
    return found


def _note(found: dict[KeyPath, int], path: KeyPath, number: int) -> None:
    for n in range(1, len(path) + 1):
        found.setdefault(path[:n], number)


def _path(dotted: str) -> KeyPath:
    try:
        node: object = tomllib.loads(f"{dotted} = 0")
    except ValueError:  # a line of a multi-line string that only looks like a key
        return ()
    path: list[str] = []
    while isinstance(node, dict):
        ((key, node),) = node.items()
        path.append(str(key))
    return tuple(path)
