"""A trusted pickle makes numbers, texts, lists and arrays, and runs nothing."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.unpickle import read_plain_pickle

PLAIN = {
    "numbers": [1, 2.5, True, None, 1 + 2j],
    "texts": ("a", b"b", bytearray(b"c")),
    "sets": {1, 2},
    "ordered": OrderedDict(a=1),
    "floats": np.arange(6.0).reshape(2, 3),
    "objects": np.array(["scout", None, 3], dtype=object),
    "scalar": np.float32(0.5),
}


def read(content, find=None):
    return read_plain_pickle(io.BytesIO(content), "file.pkl", find=find)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_and_arrays_are_read_in_every_protocol(protocol):
    found = read(pickle.dumps(PLAIN, protocol=protocol))
    assert {key: value for key, value in found.items() if key not in {"floats", "objects"}} == {
        key: value for key, value in PLAIN.items() if key not in {"floats", "objects"}
    }
    assert np.array_equal(found["floats"], PLAIN["floats"])
    assert found["objects"].tolist() == ["scout", None, 3]


class Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [Path.touch, eval, exec, open, getattr, __import__])
def test_anything_else_is_refused_before_it_is_called(tmp_path, protocol, function):
    mark = tmp_path / "mark"
    argument = mark if function is Path.touch else f"open({str(mark)!r}, 'w')"
    with pytest.raises(RefusedFileError, match=r"asks for .*; save it as arrays or JSON"):
        read(pickle.dumps([PLAIN, Calls(function, argument)], protocol=protocol))
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04",
        b"\x80\x04N",
        b"garbage",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nndarray.__class__\n.",
        b"cnumpy\nndarray\n((I1000000000000000000\ntS'f8'\ntR.",
        b"P1\n.",
        b"\x80\x02\x82\x01.",
        pickle.dumps(PLAIN)[:-20],
        b"(" * 100_000 + b".",
    ],
)
def test_broken_and_hostile_pickles_are_errors_in_a_line(content):
    with pytest.raises(LogFormatError) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_more_names_are_stood_in_for_and_not_imported():
    found = read(b"cpandas.core.frame\nDataFrame\n.", find=lambda module, name: (module, name))
    assert found == ("pandas.core.frame", "DataFrame")
