"""Which episodes an analysis describes, and which are of the checkpoint before."""

import numpy as np

from convscope.ingest.memory import log_from_arrays


def table(runs, checkpoints):
    n_episodes = len(runs)
    columns = {"actions": np.zeros((n_episodes, 2, 1))}
    return log_from_arrays(columns, [1] * n_episodes, ["x", "y"], runs=runs, checkpoints=checkpoints).episodes


def test_the_checkpoint_before_is_each_runs_own():
    episodes = table(["a"] * 4 + ["b"] * 2, ["100", "200", "300", "300", "100", "300"])
    assert episodes.is_analysed(None).tolist() == [False, False, True, True, False, True]
    assert episodes.is_before(None).tolist() == [False, True, False, False, True, False]
    assert episodes.is_before("200").tolist() == [True, False, False, False, False, False]
    assert not episodes.is_before("100").any()


def test_a_log_without_checkpoints_has_none_before():
    columns = {"actions": np.zeros((2, 2, 1))}
    assert not log_from_arrays(columns, [1, 1], ["x", "y"]).episodes.is_before(None).any()
