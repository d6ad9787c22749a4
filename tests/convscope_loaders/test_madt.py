"""Nested lists in pickles are refused unasked, and become episodes on request."""

import pickle
import shutil
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError, MissingPackageError
from convscope.ingest.finding import find_logs
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope_loaders.madt import LOADER, episode_arrays

DATA = Path(__file__).parents[1] / "data"
GENUINE = DATA / "madt"


def step(agent, t, *, is_done=False, state=0.0):
    return [[state, float(t)], [float(agent), float(t)], [t % 3], [0.5 * agent], is_done, [1, 1, 0]]


def test_pickles_are_refused_unasked():
    assert find_logs([GENUINE]) == [GENUINE]
    with pytest.raises(LogFormatError, match=r"which is a pickle, and no pickle is read unasked.*--trust-pickle"):
        open_logs([GENUINE])
    with pytest.raises(LogFormatError, match=r"episode_0\.pt is a file of torch\.save.*none unasked"):
        open_logs([GENUINE / "episode_0.pt"])


def test_genuine_episodes_are_read_on_request_if_torch_is_there():
    if find_spec("torch") is None:
        with pytest.raises(MissingPackageError, match=r"needs the package torch.*pip install 'convscope\[torch\]'"):
            open_logs([GENUINE], trusts_pickle=True)
        return
    log = open_logs([GENUINE], trusts_pickle=True)
    assert log.episodes.length.tolist() == [40, 33]
    (block,) = log.blocks(frozenset({"observations", "actions", "state"}))
    with h5py.File(DATA / "pymarl" / "part_0.h5") as file:
        is_step = np.arange(41) < log.episodes.length[:, None]
        for field, name in (("observations", "obs"), ("actions", "actions"), ("state", "state")):
            np.testing.assert_array_equal(block.columns[field], file[name][:2][is_step])


@pytest.mark.parametrize(("content", "match"), [(["x"], "no lists of steps"), (Path("x"), "asks for pathlib")])
def test_a_pickle_of_anything_else_is_refused_on_request_too(tmp_path, content, match):
    torch = pytest.importorskip("torch")
    torch.save(content, tmp_path / "episode_0.pt")
    with pytest.raises(LogFormatError, match=match):
        open_logs([tmp_path / "episode_0.pt"], trusts_pickle=True)


def test_numbers_of_numpy_are_read(tmp_path):
    torch = pytest.importorskip("torch")
    nested = [[step(agent, t, is_done=np.bool_(t == 3)) for t in range(4)] for agent in range(2)]
    torch.save(nested, tmp_path / "episode_0.pt")
    assert open_logs([tmp_path], trusts_pickle=True).episodes.length.tolist() == [4]


def test_an_episode_ends_where_all_agents_are_done_and_who_is_done_is_out():
    nested = [[step(agent, t, is_done=t == 2 + agent) for t in range(6)] for agent in range(2)]
    arrays = episode_arrays(nested, "x")
    assert arrays["alive"].tolist() == [[True, True], [True, True], [True, True], [False, True]]
    np.testing.assert_array_equal(arrays["observations"][..., 0], np.tile([0, 1], (4, 1)))
    np.testing.assert_array_equal(arrays["actions"][:, 0, 0], [0, 1, 2, 0])
    assert "values" not in arrays


@pytest.mark.parametrize(
    "nested",
    [
        None,
        [],
        [[]],
        [[[1, 2]]],
        [[step(0, 0)], [step(1, 0), step(1, 1)]],
        [[step(0, 0)[:5]]],
        [[step(0, 0), [*step(0, 1)[:1], [1.0], *step(0, 1)[2:]]]],
        "text",
        {"a": 1},
        [[[[0.0], [0.0], ["x"], [0.0], False, [1]]]],
    ],
)
def test_lists_of_another_form_are_refused(nested):
    with pytest.raises(LogFormatError, match=r"MADT writes"):
        episode_arrays(nested, "x")


def test_other_folders_are_not_ours(tmp_path):
    for name in ("agent.pt", "critic.pt", "100.pt"):
        (tmp_path / name).write_bytes(pickle.dumps([1]))
    assert LOADER.sniff(probe(tmp_path, "x")).score == 0
    shutil.copy(GENUINE / "episode_0.pt", tmp_path / "model.pt")
    assert LOADER.sniff(probe(tmp_path / "model.pt", "x")).score == 0
    with pytest.raises(LogFormatError, match="no episode of MADT"):
        LOADER.open(probe(tmp_path, "x"), None)
