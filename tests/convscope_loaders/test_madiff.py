"""Conversions of MADiff are cut by their lengths, end by their discounts, and their dead are told by their masks."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.madiff import LOADER
from tests.convscope_loaders.reading import opened_by

RECORDED = Path(__file__).parents[1] / "data" / "alberdice"
LENGTHS = [40, 33, 7, 6, 40, 40]
FIELDS = frozenset({"observations", "actions", "rewards", "state", "action_masks"})


def converted(folder, change=None):
    """The recording of the PyMARL family as the conversion would write it."""

    def joined(name):
        padded = np.load(RECORDED / f"{name}.npy")
        return np.concatenate([padded[episode, :length] for episode, length in enumerate(LENGTHS)])

    observed = joined("obs")
    arrays = {
        "obs": np.concatenate([np.broadcast_to(np.eye(3, dtype="f4"), (166, 3, 3)), observed], axis=-1),
        "legals": joined("avail_actions"),
        "actions": joined("actions")[..., 0],
        "rewards": np.repeat(joined("reward"), 3, axis=1),
        "states": joined("state"),
        "discounts": 1 - np.repeat(joined("terminated"), 3, axis=1).astype("f4"),
        "path_lengths": np.array(LENGTHS),
    }
    if change is not None:
        change(arrays)
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


opened = partial(opened_by, LOADER, score=0.9)


def test_a_recording_comes_back_with_its_ends(tmp_path):
    folder = converted(tmp_path / "smac" / "3m" / "Good")
    assert find_logs([tmp_path]) == [folder]
    log = opened(folder)
    assert log.episodes.length.tolist() == LENGTHS
    limit, ended = EndKind.TRUNCATED, EndKind.TERMINATED
    assert log.episodes.end.tolist() == [limit, ended, ended, ended, limit, limit]
    (block,) = log.blocks(FIELDS)
    observed = np.load(folder / "obs.npy")
    np.testing.assert_array_equal(block.columns["observations"], observed)
    np.testing.assert_array_equal(block.columns["actions"][..., 0], np.load(folder / "actions.npy"))
    np.testing.assert_array_equal(block.columns["rewards"], np.load(folder / "rewards.npy"))
    assert (block.status == Status.ACTING).all()
    assert "the first 3 columns of each observation say whose it is" in log.header.inputs[0].assumptions[1]


def test_the_dead_see_nothing_and_can_do_nothing(tmp_path):
    def kill(arrays):
        arrays["obs"][30:40, 1, 3:] = 0
        arrays["legals"][30:40, 1] = np.eye(6)[0]
        arrays["legals"][50:60, 2] = np.eye(6)[0]  # can do nothing, but sees

    (block,) = opened(converted(tmp_path / "x", kill)).blocks(FIELDS)
    is_dead = block.status == Status.DEAD
    assert is_dead[30:40, 1].all()
    assert is_dead.sum() == 10


def test_without_masks_and_discounts_nothing_is_made_up(tmp_path):
    def less(arrays):
        del arrays["legals"]
        arrays["actions"] = np.random.default_rng(0).normal(size=(166, 3, 2))
        arrays["discounts"] = arrays.pop("discounts")
        arrays["obs"] = arrays["obs"][:, :, 3:]

    log = opened(converted(tmp_path / "x", less))
    assert log.header.agents[0].action_space.kind == "continuous"
    text = " ".join(log.header.inputs[0].assumptions)
    assert "out of the game" not in text
    assert "whose it is" not in text


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda a: a.update(path_lengths=np.array([40, 33])), r"path_lengths\.npy sums to 73, but obs\.npy has 166"),
        (lambda a: a.update(path_lengths=np.full(6, np.nan)), r"path_lengths\.npy sums to nan"),
        (lambda a: a.update(path_lengths=np.array(LENGTHS)[:, None]), r"path_lengths\.npy is missing, or no array"),
        (lambda a: a.update(rewards=a["rewards"][:-1]), r"rewards\.npy \(165, 3\) does not fit obs\.npy"),
        (lambda a: a.update(legals=a["legals"][..., 0]), r"legals\.npy is missing, or no array"),
        (lambda a: a.update(obs=a["obs"].astype("U3")), r"obs\.npy is missing, or no array"),
        (lambda a: a.update(actions=np.array(3)), r"actions\.npy is missing, or no array"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, change, match):
    with pytest.raises(LogFormatError, match=match):
        opened(converted(tmp_path / "x", change))


def test_other_folders_are_not_ours(tmp_path):
    np.save(tmp_path / "obs.npy", np.ones((3, 2, 1)))
    assert LOADER.sniff(probe(tmp_path, "x")).score == 0
    with pytest.raises(LogFormatError, match=r"no folder with obs\.npy"):
        LOADER.open(probe(tmp_path, "x"), None)
