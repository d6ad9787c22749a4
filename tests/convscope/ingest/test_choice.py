"""The best match reads a file; a tie and a miss are errors that say why."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from convscope.errors import AmbiguousLogError, LogFormatError, UsageError
from convscope.ingest.choice import choose, installed_loaders, match_all
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.probe import FileKind, Probe


@dataclass(frozen=True)
class Scoring:
    """A loader that only scores."""

    name: str
    score: float
    description: str = ""
    requires: tuple[str, ...] = ()
    takes_mapping: bool = False

    def sniff(self, probe):
        return Match(score=self.score, reason=f"because of {self.name}")

    def open(self, probe, mapping):
        raise NotImplementedError


def probe(kind=FileKind.HDF5):
    return Probe(path=Path("log.h5"), name="log.h5", kind=kind)


def test_the_best_match_wins_whatever_the_order():
    low, high = Scoring("low", 0.5), Scoring("high", 0.9)
    assert choose(probe(), [low, high]).loader is high
    assert choose(probe(), [high, low]).loader is high
    assert [found.loader.name for found in match_all(probe(), [low, high])] == ["high", "low"]


def test_a_mapping_is_for_those_that_take_one():
    sure, taker = Scoring("sure", 0.9), Scoring("taker", 0.0, takes_mapping=True)
    assert choose(probe(), [sure, taker], has_mapping=True).loader is taker
    assert choose(probe(), [sure, taker], "taker", has_mapping=True).loader is taker
    better = Scoring("better", 0.5, takes_mapping=True)
    assert choose(probe(), [sure, taker, better], has_mapping=True).loader is better


def test_a_mapping_for_a_loader_that_ignores_it_is_a_usage_error():
    with pytest.raises(UsageError, match=r"sure takes no mapping.*choose from: taker"):
        choose(probe(), [Scoring("sure", 0.9), Scoring("taker", 0.5, takes_mapping=True)], "sure", has_mapping=True)


def test_a_tie_names_both_and_the_option():
    with pytest.raises(AmbiguousLogError, match=r"a \(because of a\) and b \(because of b\).*--loader"):
        choose(probe(), [Scoring("b", 0.5), Scoring("a", 0.5)])


def test_a_miss_lists_what_each_loader_missed():
    with pytest.raises(LogFormatError, match="a: because of a"):
        choose(probe(), [Scoring("a", 0.0)])
    with pytest.raises(LogFormatError, match="is a text file"):
        choose(probe(FileKind.TEXT), [Scoring("a", 0.0)])


def test_what_only_a_mapping_can_tell_is_a_miss_without_one():
    unsure = Scoring("unsure", ONLY_MAPPED, takes_mapping=True)
    with pytest.raises(LogFormatError, match=r"fits no loader \(unsure: because of unsure\); describe it in a mapping"):
        choose(probe(), [unsure, Scoring("a", 0.0)])
    other = Scoring("other", 0.0, takes_mapping=True)
    assert choose(probe(), [other, unsure], has_mapping=True).loader is unsure


@pytest.mark.parametrize(
    ("kind", "advice"),
    [(FileKind.NUMPY, "give the folder"), (FileKind.TORCH, "is a pickle.*savez"), (FileKind.SAFETENSORS, "parameters")],
)
def test_what_is_no_log_is_refused_with_advice(kind, advice):
    with pytest.raises(LogFormatError, match=advice):
        choose(probe(kind), [Scoring("a", 0.0)])


def test_a_named_loader_is_taken_and_an_unknown_name_is_a_usage_error():
    assert choose(probe(), [Scoring("a", 0.0)], "a").loader.name == "a"
    with pytest.raises(UsageError, match="there are a"):
        choose(probe(), [Scoring("a", 0.0)], "b")


def test_our_own_loaders_are_found_and_a_broken_plug_in_is_a_notice(tmp_path, monkeypatch):
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[convscope.loaders]\nbroken = nowhere_at_all:LOADER\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found, notices = installed_loaders()
    assert {"convscope", "hdf5", "minari", "pymarl"} <= {item.loader.name for item in found}
    assert [notice.where for notice in notices] == ["broken"]
