"""Files that the library does not survive are an error, and the process goes on."""

import sys

import h5py
import numpy as np
import pytest

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5 import rehearsal
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.hdf5.rehearsal import Outcome, Rehearsal, rehearse


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.h5"
    # A version of the format that only the library reads.
    with h5py.File(path, "w", libver="latest") as file:
        file["actions"] = np.zeros((4, 2), "i4")
    return path


@pytest.fixture
def fresh(monkeypatch):
    """Let each test start its own process."""
    monkeypatch.setattr(Rehearsal, "_held", None)
    yield
    if Rehearsal._held is not None:
        Rehearsal._held.end()


def script(monkeypatch, text):
    monkeypatch.setattr(rehearsal, "COMMAND", (sys.executable, "-c", text))


@pytest.mark.usefixtures("fresh")
def test_one_process_tries_file_after_file(log):
    rehearse(log)
    first = Rehearsal._held
    rehearse(log)
    assert Rehearsal._held is first
    assert list(read_inventory(log).datasets) == ["/actions"]


@pytest.mark.usefixtures("fresh")
def test_the_process_imports_what_this_one_can_import(log, monkeypatch, tmp_path):
    (tmp_path / "only_here.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = "import sys, only_here; sys.stdin.readline(); sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
    script(monkeypatch, found)
    rehearse(log)


@pytest.mark.usefixtures("fresh")
def test_a_file_that_the_library_refuses_is_refused_in_words(log):
    with h5py.File(log, "a") as file:
        file["away"] = h5py.ExternalLink("other.h5", "/")
    with pytest.raises(RefusedFileError, match="link into another file"):
        read_inventory(log)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("import os, signal, sys; sys.stdin.readline(); os.kill(os.getpid(), signal.SIGSEGV)", Outcome.CRASHED),
        ("import sys; sys.exit()", Outcome.CRASHED),
        (
            "import os, signal, sys; sys.stdin.readline(); os.kill(os.getpid(), signal.SIGXCPU)",
            Outcome.STALLED,
        ),
        ("import sys; sys.stdin.readline(); print('m', flush=True); sys.stdin.readline()", Outcome.TOO_MUCH),
    ],
)
def test_what_ends_the_process_is_an_error_here(monkeypatch, log, text, outcome):
    script(monkeypatch, text)
    with pytest.raises(RefusedFileError, match=outcome) as caught:
        rehearse(log)
    assert caught.value.code == "broken-structure"
    assert str(log) in str(caught.value)


@pytest.mark.usefixtures("fresh")
def test_a_walk_without_end_is_an_error(monkeypatch, log):
    walk = "lambda path: next(filter(None, iter(int, 1)))"
    script(
        monkeypatch,
        f"from convscope.ingest.hdf5 import rehearsal\nrehearsal.walk_by_library = {walk}\nrehearsal.main()",
    )
    with pytest.raises(RefusedFileError, match="does not come to an end"):
        rehearse(log, patience=0.1)


@pytest.mark.usefixtures("fresh")
def test_a_process_that_was_killed_says_nothing_of_the_next_file(log):
    rehearse(log)
    Rehearsal._held._child.kill()
    rehearse(log)


@pytest.mark.usefixtures("fresh")
def test_a_file_that_only_this_package_reads_needs_no_process(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["actions"] = np.zeros((4, 2), "i4")
    read_inventory(tmp_path / "log.h5")
    assert Rehearsal._held is None
