"""Paths that stand for many: ``/{run}/{agent}/obs``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from convscope.errors import MappingError
from convscope.ingest.mapping import PATH_AXES, Axis

_BRACES = re.compile(r"\{([^{}]*)\}")

PathValues = Mapping[Axis, str]
"""What stands in the place of each axis."""


Cell: TypeAlias = tuple[str | None, ...]
"""What stands in a path for run, checkpoint, condition and episode: a group of arrays that belong together."""

_OUTER = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION, Axis.EPISODE)


def cell_of(values: PathValues) -> Cell:
    """Return the group of arrays that a path lies in."""
    return tuple(values.get(axis) for axis in _OUTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A path with axes in braces."""

    text: str
    """Such as ``/{run}/seed_{agent}/obs``; in a group's name the whole name is the axis's value."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Axes in the path, outermost first.

        Raises
        ------
        MappingError
            If the braces hold something else, or an axis twice.
        """
        return _axes_in(self.text)

    def match(self, path: str) -> PathValues | None:
        """Return the values of the axes if a path fits, else None."""
        return next((values for _, values in matches(self, (path,))), None)

    def fill(self, values: PathValues) -> str:
        """Return the path for some values; empty where one of its axes has none."""
        try:
            return "/".join([part if isinstance(part, str) else _filled(part, values) for part in _parts_of(self.text)])
        except KeyError:
            return ""


_Pieces: TypeAlias = tuple[str | Axis, ...]


@lru_cache(maxsize=1024)
def _parts_of(text: str) -> tuple[str | _Pieces, ...]:
    """Return the names in a path; those with axes in them are cut into text and, at odd places, axes."""
    _axes_in(text)
    cut = [_BRACES.split(part) for part in text.split("/")]
    return tuple(
        pieces[0] if len(pieces) == 1 else tuple(Axis(one) if at % 2 else one for at, one in enumerate(pieces))
        for pieces in cut
    )


@lru_cache(maxsize=1024)
def _axes_in(text: str) -> tuple[Axis, ...]:
    axes: list[Axis] = []
    for name in _BRACES.findall(text):
        if name not in PATH_AXES:
            raise MappingError(f"{text}: {{{name}}} is no axis of paths; known are {', '.join(PATH_AXES)}")
        if name in axes:
            raise MappingError(f"{text}: {{{name}}} stands in it twice; an axis has one place in a path")
        axes.append(Axis(name))
    return tuple(axes)


def matches(template: Template, paths: Iterable[str]) -> Iterator[tuple[str, PathValues]]:
    """Return the paths that fit, with the values of their axes."""
    axes, pattern = template.axes, re.compile(_pattern(template.text))
    for path in paths:
        found = pattern.fullmatch(path)
        if found is not None:
            yield path, {axis: found[axis.name.lower()] for axis in axes}


def _pattern(text: str) -> str:
    parts = text.split("/")
    inner = [_group_pattern(part) for part in parts[:-1]]
    return "/".join([*inner, _leaf_pattern(parts[-1])])


def _group_pattern(part: str) -> str:
    # The whole name is the value: a run is called seed_0, not 0.
    found = _BRACES.search(part)
    if found is None:
        return re.escape(part)
    return f"(?P<{found[1]}>{re.escape(part[: found.start()])}[^/]+?{re.escape(part[found.end() :])})"


def _leaf_pattern(part: str) -> str:
    # In a dataset's name only what the braces cover is the value; several may stand in it: obs_{episode}_{agent}.
    pieces = _BRACES.split(part)
    return "".join(f"(?P<{piece}>[^/]+?)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))


def _filled(pieces: _Pieces, values: PathValues) -> str:
    filled = [values[piece] if isinstance(piece, Axis) else piece for piece in pieces]
    if len(filled) == 3:
        before, value, after = filled
        # What stands for a group may be its whole name.
        if (before or after) and value.startswith(before) and value.endswith(after):
            return value
    return "".join(filled)
