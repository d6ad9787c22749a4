"""Logs that are read whole are parsed once, and again when they change."""

import pickle

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest import parsed
from convscope.ingest.parsed import Parsed, coded, parse_container

CALLS = []


def parse_numbers(path):
    CALLS.append(path)
    return Parsed(arrays={"/b": np.array(path.read_text().split(), dtype=np.int64), "/a": np.array(["x", "yy"])})


def test_a_log_is_parsed_once_until_it_changes_and_its_store_travels(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("3 4 5")
    CALLS.clear()
    container = parse_container(path, parse_numbers)
    assert {name: (info.shape, info.is_text) for name, info in container.inventory.datasets.items()} == {
        "/a": ((2,), True),
        "/b": ((3,), False),
    }
    store = pickle.loads(pickle.dumps(container.store))  # noqa: S301
    with store.open() as file:
        assert file.read("/b", 1).tolist() == [4, 5]
        assert file.read_text("/a") == ("x", "yy")
        with pytest.raises(LogFormatError, match=r"log\.txt has no array /c"):
            file.read("/c")
    assert len(CALLS) == 1
    path.write_text("3 4 5 6")
    assert parse_container(path, parse_numbers).inventory.datasets["/b"].shape == (4,)
    assert len(CALLS) == 2


def test_a_log_that_would_not_fit_in_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "log.txt"
    path.write_text("3 4 5")
    monkeypatch.setattr(parsed, "MAX_PARSED_BYTES", 4)
    with pytest.raises(LogFormatError, match="give it in parts"):
        parse_container(path, parse_numbers)


def test_texts_become_numbers_in_numbered_order():
    codes, names = coded(np.array([["a_10", "a_9"], ["a_9", "b"]]))
    assert names == ("a_9", "a_10", "b")
    assert codes.tolist() == [[1, 0], [0, 2]]
