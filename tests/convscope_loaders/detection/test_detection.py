"""No known file is read wrong, with its signature or without; see benchmarks/detection.py for the table."""

from pathlib import Path

import pytest

from tests.convscope_loaders.detection.judging import Outcome, judge, known_files, truth_of
from tests.convscope_loaders.detection.truths import TRUTH_OF

FILES = known_files(Path(__file__).parents[2] / "data")


@pytest.fixture(scope="module")
def by_structure():
    return {name: judge(path, truth_of(path), loader="hdf5") for name, path in FILES}


def test_every_reference_has_its_file():
    assert len(FILES) == len(TRUTH_OF) == 21


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_no_file_is_read_wrong(name, path, by_structure):
    by_signature = judge(path, truth_of(path), loader=None)
    assert by_signature.outcome is not Outcome.WRONG, by_signature.why
    assert by_structure[name].outcome is not Outcome.WRONG, by_structure[name].why
