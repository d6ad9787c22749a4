"""Time in the episode is cut so that each interval has many rows."""

import numpy as np
import pytest

from convscope.behaviour.groups import episode_groups
from convscope.ingest.memory import log_from_arrays
from convscope.routing.predictive.clock import make_clock
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS


def intervals(lengths, n_columns=3):
    log = log_from_arrays({ACTIONS: np.zeros((sum(lengths), 2, 1))}, lengths, ["a", "b"])
    clock = make_clock(log.episodes, episode_groups(log, AnalysisConfig()), n_columns=n_columns)
    return clock.interval_of[0]


@pytest.mark.parametrize("lengths", [[5] * 20, [5] * 2, [2] * 30 + [5] * 3])
def test_every_step_is_an_interval_however_few_episodes_reach_it(lengths):
    assert intervals(lengths).tolist() == [0, 1, 2, 3, 4]


def test_intervals_widen_before_memory_runs_out():
    assert intervals([400] * 30, n_columns=100_000).max() < 50
