"""The example of docs/loaders.md is a distribution of its own: installed, it reads its files, and the page shows it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example_loader"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Environment of processes that see the distribution, installed beside convscope."""
    site = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(site), str(EXAMPLE)]
    subprocess.run(command, check=True)
    paths = [str(site), *(entry for entry in sys.path if entry)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1"}


def run(*arguments, env, module="convscope.cli"):
    code = "from convscope.cli import main; main()" if module == "convscope.cli" else None
    command = [sys.executable, "-c", code, *arguments] if code else [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=EXAMPLE)


def test_an_installed_distribution_reads_its_files(installed):
    listed = run("loaders", env=installed)
    assert "ticks" in listed.stdout
    assert "convscope-ticks 0.1.0" in listed.stdout
    seen = run("inspect", "example.ticks", env=installed)
    assert seen.returncode == 0, seen.stderr
    assert "positions are in metres" in seen.stdout


def test_its_own_tests_pass(installed):
    done = run("-q", "-p", "no:cacheprovider", "test_ticks.py", env=installed, module="pytest")
    assert done.returncode == 0, done.stdout


def test_the_page_shows_the_files_as_they_are():
    page = (ROOT / "docs" / "loaders.md").read_text("utf-8")
    for name in ("pyproject.toml", "convscope_ticks.py", "test_ticks.py"):
        assert (EXAMPLE / name).read_text("utf-8").strip() in page, name
