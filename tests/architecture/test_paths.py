"""A path from a user is a name: no library takes it for a pattern or for an address of another machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("convscope/**/*.py"), *ROOT.glob("loaders/**/*.py")])
IN_MEMORY = re.compile(r"io\.BytesIO\(.*\)|content|stream|text\.encode\(\)|unpacked\(.*\)")


def reads(node):
    """Whether a call is one of polars that reads a table; it may stand in a choice between two."""
    return isinstance(node, ast.Call) and any(
        isinstance(part, ast.Attribute)
        and re.match("read_|scan_", part.attr)
        and isinstance(part.value, ast.Name)
        and part.value.id in ("pl", "polars")
        for part in ast.walk(node.func)
    )


def trusting(source):
    """Return the calls that give polars a path, and do not say that it is no pattern."""
    calls = [node for node in ast.walk(ast.parse(source)) if reads(node)]
    return [
        text
        for node in calls
        if "glob=False" not in (text := ast.unparse(node)) and not IN_MEMORY.fullmatch(ast.unparse(node.args[0]))
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_polars_is_given_content_or_a_name_that_is_no_pattern(path):
    assert trusting(path.read_text(encoding="utf-8")) == []


def test_a_call_that_is_given_a_path_is_seen():
    assert trusting("pl.read_csv(path, has_header=False)") == ["pl.read_csv(path, has_header=False)"]
    assert trusting("(pl.scan_parquet if a else pl.scan_ipc)(path)") != []
    assert trusting("pl.scan_parquet(path, glob=False); pl.read_csv(content)") == []
