"""What a machine can hold of the style guide."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("convscope/**/*.py"), *ROOT.glob("loaders/**/*.py")])
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_POSITIONAL = 3
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}


def names(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_a_module_fits_the_shape(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE_LINES
    assert path.stem not in VAGUE_NAMES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines of code"
            positional = [a.arg for a in [*node.args.posonlyargs, *node.args.args] if a.arg not in {"self", "cls"}]
            assert len(positional) <= MAX_POSITIONAL, f"{node.name} takes {len(positional)} positional parameters"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=names)
def test_a_package_file_holds_only_names(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    definitions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert set(definitions) <= {"__getattr__"}  # what is imported when it is first used


def test_the_readme_names_places_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("## To change X, touch Y")[1]
    places = re.findall(r"\| `([^`]+)` \|", table)
    assert len(places) >= 10
    assert [place for place in places if not (ROOT / place).exists()] == []
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_the_readme_starts_with_two_commands():
    fence = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    analyse, test = fence[1].strip().splitlines()
    assert "convscope analyze sample_data/" in analyse
    assert "pytest" in test


def test_every_source_file_says_what_it_is():
    assert [names(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []
