"""Episodes are counted from 0 within their run and checkpoint."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope.ingest.episode_numbers import episode_numbers


def test_runs_and_checkpoints_are_counted_apart():
    run, checkpoint = np.array([0, 0, 0, 1, 1, 0]), np.array([-1, -1, 0, 0, 0, 0])
    assert episode_numbers(run, checkpoint).tolist() == [0, 1, 0, 0, 1, 1]


def test_no_episodes_have_no_numbers():
    assert episode_numbers(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2)), max_size=30))
def test_a_number_counts_the_earlier_episodes_of_its_own_run_and_checkpoint(pairs):
    run, checkpoint = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = [pairs[:episode].count(pair) for episode, pair in enumerate(pairs)]
    assert episode_numbers(run, checkpoint).tolist() == expected
