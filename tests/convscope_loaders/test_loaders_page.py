"""The code and the mappings of docs/loaders.md work as they stand there; `test_third_party` tests its first way."""

import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.testing import check_loader

PAGE = (Path(__file__).parents[2] / "docs" / "loaders.md").read_text("utf-8").split("## Three ways to make a log")[1]
GRID, SOURCE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
GRID_MAPPING, TABLE_MAPPING = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
RNG = np.random.default_rng(0)
N_STEPS = np.array([6, 3, 8])
MOVES = RNG.integers(4, size=(3, 8, 2))


def loader_of(code, folder, monkeypatch):
    """Import the code as a module that other processes find, too."""
    (folder / "loaders_page.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delitem(sys.modules, "loaders_page", raising=False)
    return import_module("loaders_page").LOADER


@pytest.fixture
def archive(tmp_path):
    arrays = {"seen": RNG.normal(size=(3, 8, 2, 4)), "moves": MOVES, "gains": RNG.normal(size=(3, 8, 2))}
    np.savez(tmp_path / "log.npz", **arrays, n_steps=N_STEPS, warehouse_version=1)
    return tmp_path / "log.npz"


def test_arrays_on_a_grid_are_read_by_the_loader_of_the_page(archive, monkeypatch):
    log = check_loader(loader_of(GRID, archive.parent, monkeypatch), archive)
    assert ([agent.name for agent in log.header.agents], log.episodes.length.tolist()) == (
        ["scout", "carrier"],
        N_STEPS.tolist(),
    )
    (block,) = log.blocks(frozenset({"actions"}))
    told = np.concatenate([moves[:n] for moves, n in zip(MOVES, N_STEPS, strict=True)])
    assert np.array_equal(block.columns["actions"][..., 0], told)


def test_the_mapping_of_the_page_reads_the_same(archive, monkeypatch):
    (archive.parent / "map.toml").write_text(GRID_MAPPING)
    log = open_logs([archive], mapping=read_mapping(archive.parent / "map.toml"))
    same = loader_of(GRID, archive.parent, monkeypatch).open(probe(archive, archive.name), None)
    assert log.episodes.length.tolist() == same.episodes.length.tolist()
    for mine, other in zip(log.blocks(frozenset({"rewards"})), same.blocks(frozenset({"rewards"})), strict=True):
        assert np.allclose(mine.columns["rewards"], other.columns["rewards"], equal_nan=True)


def test_the_table_of_the_page_is_read(tmp_path):
    episode, time, agent = (axis.ravel() for axis in np.indices((2, 4, 3)))
    columns = {"x": RNG.normal(size=24), "y": RNG.normal(size=24), "action": RNG.integers(4, size=24)}
    np.savez(tmp_path / "log.npz", episode=episode, t=time, agent_id=agent, **columns)
    (tmp_path / "map.toml").write_text(TABLE_MAPPING)
    log = open_logs([tmp_path / "log.npz"], mapping=read_mapping(tmp_path / "map.toml"))
    assert (log.episodes.length.tolist(), log.header.field("observations").shape) == ([4, 4], (2,))


def test_a_source_of_its_own_is_read_by_the_loader_of_the_page(tmp_path, monkeypatch):
    (tmp_path / "log.moves").write_bytes(b"MOVES" + bytes([2, 3]) + bytes(range(4)) * 3)
    log = check_loader(loader_of(SOURCE, tmp_path, monkeypatch), tmp_path / "log.moves")
    (block,) = log.blocks(frozenset({"actions"}))
    assert block.columns["actions"][:, 1, 0].tolist() == [1, 3, 1, 3, 1, 3]
