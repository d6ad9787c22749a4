"""What episodes hold decides what a file has room for; no number is rounded or taken for a missing one."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.open import find_logs, open_logs
from convscope.record import EndKind, Recorder, RecordingWarning
from convscope.values.header import ActionKind, ActionSpace


def record(path, *episodes, **options):
    with Recorder(path, agents=["a", "b"], commit_seconds=0, **options) as recorder:
        for columns in episodes:
            recorder.add_episode(columns, end=EndKind.TERMINATED)


def read(path):
    log = open_logs(find_logs([path]))
    return log, [t.load().columns for t in log.tasks(frozenset(spec.name for spec in log.header.fields), max_bytes=1)]


def test_numbers_of_a_wider_type_begin_another_file_and_none_is_rounded(tmp_path):
    first = {"actions": np.zeros((1, 2), int), "info/x": np.full((1, 2), 1 / 3, np.float32)}
    second = {"actions": np.zeros((1, 2), int), "info/x": np.full((1, 2), 1 / 3, np.float64)}
    with pytest.warns(RecordingWarning, match="wider or other numbers of info/x"):
        record(tmp_path / "log.h5", first, second, first)
    _, blocks = read(tmp_path)
    assert [block["info/x"][0, 0] for block in blocks] == [np.float32(1 / 3), 1 / 3, np.float32(1 / 3)]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint8, np.uint32, np.bool_, np.float16])
def test_the_extremes_of_a_type_are_numbers_like_others(tmp_path, dtype):
    extremes = (
        [0, 1] if dtype is np.bool_ else [np.finfo(dtype).min, np.finfo(dtype).max] if dtype is np.float16 else None
    )
    values = np.array([extremes or [np.iinfo(dtype).min, np.iinfo(dtype).max]], dtype)
    record(tmp_path / "log.h5", {"actions": np.zeros((1, 2), int), "info/x": values})
    _, (block,) = read(tmp_path)
    assert block["info/x"].tolist() == values.astype(float).tolist()


def test_whole_actions_of_a_continuous_space_may_be_negative(tmp_path):
    space = ActionSpace(kind=ActionKind.CONTINUOUS, width=2)
    actions = np.array([[[-1, 1], [0, -1]]])
    record(tmp_path / "log.h5", {"actions": actions}, action_spaces={"a": space, "b": space})
    _, (block,) = read(tmp_path)
    assert block["actions"].tolist() == actions.tolist()


def test_images_become_a_row_of_numbers(tmp_path):
    images = np.arange(2 * 2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 2, 3, 4, 3)
    record(tmp_path / "log.h5", {"actions": np.zeros((1, 2), int), "observations": images})
    log, (block,) = read(tmp_path)
    np.testing.assert_array_equal(block["observations"], images.reshape(2, 2, 36))
    assert "observations of shape (3, 4, 3) are kept as one row of numbers, the last axis running fastest" in (
        log.header.inputs[0].assumptions
    )


def test_agents_of_equal_spaces_are_together_and_others_apart(tmp_path):
    actions = {"a": np.zeros(2, int), "b": np.ones(2, int)}
    record(tmp_path / "log.h5", {"actions": actions, "observations": {"a": np.zeros((2, 3)), "b": np.zeros((2, 4))}})
    log, (block,) = read(tmp_path)
    assert [agent.group for agent in log.header.agents] == ["a", "b"]
    assert log.header.field("observations").widths == (3, 4)
    assert np.isnan(block["observations"][:, 0, 3]).all()


def test_episodes_that_contradict_each_other_are_refused(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=["a", "b"], commit_seconds=0)
    recorder.add_episode({"actions": np.zeros((2, 2), int), "state": np.zeros((2, 3))}, end=EndKind.CUT)
    with pytest.raises(UsageError, match=r"state has shape \(3,\) in one episode and \(3, 1\) in another"):
        recorder.add_episode({"actions": np.zeros((2, 2), int), "state": np.zeros((2, 3, 1))}, end=EndKind.CUT)
    by_agent, by_team = (
        {"actions": np.zeros((2, 2), int), f"{level}/x": np.zeros((2, 2))} for level in ("info", "team_info")
    )
    with pytest.raises(RecordingWarning, match="columns info/x"):  # warnings are errors here
        recorder.add_episode(by_agent, end=EndKind.CUT)
    with pytest.raises(UsageError, match="info/x is one value per agent in one episode and per team in another"):
        recorder.add_episode(by_team, end=EndKind.CUT)
    recorder.close()
    assert read(tmp_path)[0].episodes.n_episodes == 2


def test_messages_between_pairs_go_from_sender_to_receiver(tmp_path):
    messages = np.arange(2 * 3 * 2 * 2.0).reshape(2, 3, 2, 2)
    record(tmp_path / "log.h5", {"actions": np.zeros((2, 2), int), "pair_messages": messages, "gates": messages[:, 0]})
    _, (block,) = read(tmp_path)
    np.testing.assert_array_equal(block["pair_messages"], messages)
    np.testing.assert_array_equal(block["gates"], messages[:, 0])
