"""Values of a JSON document, and the one way in which they are written."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import TypeAlias

from convscope.values.arrays import FloatArray

JsonValue: TypeAlias = "Mapping[str, JsonValue] | Sequence[JsonValue] | str | int | float | bool | None"

_DIGITS = 12
"""Significant digits of a number; the rest is rounding that differs between machines."""


def canonical(value: JsonValue) -> JsonValue:
    """Return a value with its numbers cut to 12 significant digits and non-finite ones null."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") + 0.0 if isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {name: canonical(member) for name, member in value.items()}
    return [canonical(member) for member in value]


def json_bytes(value: JsonValue) -> bytes:
    """Return a document as bytes, always the same ones for the same value.

    ASCII throughout, so that control and bidirectional characters of a log stay inert in a terminal.
    """
    return (json.dumps(canonical(value), indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


@cache
def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def published_schema(package: str, name: str) -> dict[str, JsonValue]:
    """Return a JSON Schema (2020-12) that lies in one of our packages."""
    schema: dict[str, JsonValue] = json.loads(_text(package, name))
    return schema


def matrix(array: FloatArray) -> JsonValue:
    """Return a matrix as a list of rows; cells that are not finite are blank, so null."""
    rows: list[list[float]] = array.tolist()
    return rows
