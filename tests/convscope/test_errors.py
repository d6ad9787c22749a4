"""Errors cross a process border with all that they carry."""

import pickle

import pytest

from convscope.errors import AmbiguousLogError, RefusedFileError


@pytest.mark.parametrize(
    "error",
    [
        RefusedFileError("broken-chunk", "log.h5:/obs is damaged"),
        AmbiguousLogError("two ways"),
        AmbiguousLogError("two ways", "convscope-mapping = 1\n"),
    ],
)
def test_an_error_is_pickled_with_all_its_parts(error):
    error.add_note("in block 3")
    there = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(there) is type(error)
    assert str(there) == str(error)
    assert getattr(there, "code", None) == getattr(error, "code", None)
    assert getattr(there, "mapping", None) == getattr(error, "mapping", None)
    assert there.__notes__ == ["in block 3"]
