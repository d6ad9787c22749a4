"""No known file is read wrong, with its signature or without; see benchmarks/detection.py for the table."""

from collections import Counter
from pathlib import Path

import pytest

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from tests.convscope_loaders.detection.judging import Outcome, judge, known_files, truth_of
from tests.convscope_loaders.detection.truths import TRUTH_OF

FILES = known_files(Path(__file__).parents[2] / "data")


@pytest.fixture(scope="module")
def by_structure():
    return {name: judge(path, truth_of(path), loader="hdf5") for name, path in FILES}


def test_every_reference_has_its_file():
    assert len(FILES) == len(TRUTH_OF) == 21


def test_by_structure_alone_most_are_right_and_the_rest_is_ambiguous(by_structure):
    outcomes = Counter(verdict.outcome for verdict in by_structure.values())
    assert outcomes == {Outcome.RIGHT: 18, Outcome.AMBIGUOUS: 3}


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_the_mapping_in_the_error_of_an_ambiguous_file_opens_it(name, path, by_structure, tmp_path):
    if by_structure[name].outcome is not Outcome.AMBIGUOUS:
        return
    with pytest.raises(AmbiguousLogError) as caught:
        open_logs([path], loader="hdf5")
    (tmp_path / "map.toml").write_text(caught.value.mapping)
    log = open_logs([path], loader="hdf5", mapping=read_mapping(tmp_path / "map.toml"))
    assert log.episodes.n_timesteps == sum(truth_of(path).lengths) or "tianshou" in name


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_no_file_is_read_wrong(name, path, by_structure):
    by_signature = judge(path, truth_of(path), loader=None)
    assert by_signature.outcome is not Outcome.WRONG, by_signature.why
    assert by_structure[name].outcome is not Outcome.WRONG, by_structure[name].why
