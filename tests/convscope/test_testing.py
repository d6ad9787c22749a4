"""The contract for loader authors passes sound loaders and names every broken promise."""

import itertools
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from convscope.ingest.choice import installed_loaders
from convscope.ingest.loader import Match
from convscope.ingest.writer import write_log
from convscope.testing import LoaderContractError, check_loader
from convscope.values.log import Columns

ROOT = Path(__file__).parents[2]
MINARI = ROOT / "tests/data/minari/main_data.hdf5"
LOADERS = {found.loader.name: found.loader for found in installed_loaders()[0]}


def test_a_sound_loader_passes_and_so_does_its_log_converted(tmp_path):
    log = check_loader(LOADERS["minari"], MINARI)
    write_log(log, tmp_path / "log.h5")
    assert check_loader(LOADERS["convscope"], tmp_path / "log.h5").header.agents == log.header.agents


@dataclass(frozen=True)
class Broken:
    """The Minari loader, with its log changed."""

    change: object
    name: str = "broken"
    description: str = "breaks a promise"
    requires: tuple[str, ...] = ()
    takes_mapping: bool = False

    def sniff(self, probe):
        return Match(score=0.9, reason="anything goes")

    def open(self, probe, mapping):
        log = LOADERS["minari"].open(probe, mapping)
        inputs = (probe.input_file(self.name),)
        return self.change(replace(log, header=replace(log.header, inputs=inputs)))


@dataclass(frozen=True)
class Shifting:
    """A source whose rows depend on where a block begins."""

    source: object

    def read(self, episodes, fields):
        read = self.source.read(episodes, fields)
        changed = {name: column + len(episodes) for name, column in read.columns.items()}
        return Columns(lengths=read.lengths, status=read.status, columns=changed)


@dataclass(frozen=True)
class Undead:
    """A source in which the dead act again."""

    source: object

    def read(self, episodes, fields):
        read = self.source.read(episodes, fields)
        status = np.array(read.status)
        status[1::3] = 3
        return Columns(lengths=read.lengths, status=status, columns=read.columns)


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (lambda log: replace(log, sources=(Shifting(log.sources[0]),)), "reads the same in blocks of any size"),
        (lambda log: replace(log, sources=(Undead(log.sources[0]),)), "dead-stays-dead"),
        (
            lambda log: replace(log, header=replace(log.header, agents=log.header.agents[:1] * 3)),
            "names every agent once",
        ),
        (
            lambda log: replace(log, episodes=replace(log.episodes, rows=log.episodes.rows + 1)),
            "one more for the final",
        ),
    ],
)
def test_a_broken_promise_is_named(change, promise):
    with pytest.raises(LoaderContractError, match=promise):
        check_loader(Broken(change), MINARI)


def test_a_loader_that_claims_everything_is_told():
    with pytest.raises(LoaderContractError, match="sniff gives 0 for what is no log"):
        check_loader(Broken(lambda log: log), MINARI)


@dataclass(frozen=True)
class Absent:
    """A source that reads its columns in the process that opened it, and nothing but its status elsewhere."""

    source: object
    process: int

    def read(self, episodes, fields):
        read = self.source.read(episodes, fields)
        if os.getpid() == self.process:
            return read
        nothing = {name: np.full_like(column, np.nan) for name, column in read.columns.items()}
        return Columns(lengths=read.lengths, status=read.status, columns=nothing)


@dataclass(frozen=True)
class Here:
    """A source that another process does not even know."""

    source: object

    def read(self, episodes, fields):
        return self.source.read(episodes, fields)

    def __reduce__(self):
        return _refuse, (os.getpid(), self.source)


def _refuse(process, source):
    if os.getpid() != process:
        raise OSError("the file is not here")
    return Here(source)


def replaced(log, **parts):
    return replace(log, episodes=replace(log.episodes, **parts))


OPENED = itertools.count()


def without_episodes(log):
    none = np.zeros(0, np.int64)
    arrays = dict.fromkeys(("run", "checkpoint", "condition", "number", "length", "rows"), none)
    roles = np.zeros((0, len(log.header.agents)), np.int64)
    table = replace(log.episodes, **arrays, end=np.zeros(0, np.uint8), path=(), declared_roles=roles)
    return replace(log, episodes=table, source_of=none, local_of=none)


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (lambda log: replaced(log, runs=(f"run_{next(OPENED)}",)), "opened twice, it gives another table.*: runs"),
        (lambda log: replaced(log, end=np.full(4, 1 + next(OPENED) % 2, np.uint8)), "gives another table.*: end"),
        (
            lambda log: replace(log, sources=(Absent(log.sources[0], os.getpid()),)),
            "another process reads the same in the field actions",
        ),
        (lambda log: replace(log, sources=(Here(log.sources[0]),)), "travels: it raises OSError: the file is not here"),
        (lambda log: replace(log, header=replace(log.header, inputs=())), "the header has one input, the log, not 0"),
        (without_episodes, "there is an episode"),
        (lambda log: 1 / 0, "open reads the log, it does not raise ZeroDivisionError"),
    ],
)
def test_what_cannot_be_checked_is_listed_with_the_rest(change, promise):
    with pytest.raises(LoaderContractError, match=promise) as caught:
        check_loader(Broken(change), MINARI)
    assert "sniff gives 0 for what is no log" in str(caught.value)


@dataclass(frozen=True)
class Raising(Broken):
    """A loader that fails at looking."""

    def sniff(self, probe):
        raise KeyError("actions")


def test_a_sniff_that_raises_is_listed_with_the_rest():
    with pytest.raises(LoaderContractError, match="sniff: it raises KeyError: 'actions'") as caught:
        check_loader(Raising(without_episodes), MINARI)
    assert "there is an episode" in str(caught.value)
