"""Numbers tell time from episodes only where they clearly do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope_loaders.structure.evidence import (
    is_filled_from_start,
    is_one_hot,
    is_still,
    smoothest_axis,
    smoothness,
    sums_to_one,
)


def test_smoothness_by_hand():
    # Steps of 1; against the entry two away: 2, 2, 2, 2. So 1 / 2.
    assert smoothness(np.array([0.0, 1.0, 2.0, 3.0])[:, None], 0) == 0.5


@given(st.integers(0, 40))
def test_noise_has_no_smoothest_axis(seed):
    noise = np.random.default_rng(seed).normal(size=(30, 25, 4))
    assert smoothest_axis(noise, 2)[0] is None
    assert smoothest_axis(noise, 3)[0] is None


@given(st.integers(0, 40), st.sampled_from([0, 1]))
def test_walks_are_smooth_along_time_whatever_its_axis(seed, axis):
    walks = np.cumsum(np.random.default_rng(seed).normal(size=(30, 25, 4, 3)), axis=axis)
    assert smoothest_axis(walks, 3)[0] == axis


def test_a_few_numbers_do_not_tell():
    assert smoothest_axis(np.arange(24.0).reshape(6, 4, 1), 2)[0] is None


def test_rows_stand_still_where_they_repeat_or_hold_nothing():
    view = np.array([1.0, 1.0, 2.0, 0.0, -1.0, np.nan, 3.0])[None, :, None, None]
    assert is_still(view)[0, :, 0].tolist() == [False, True, False, True, True, True, False]


def test_constant_and_missing_numbers_say_nothing():
    assert smoothness(np.ones((9, 2)), 0) == 1.0
    assert smoothness(np.full((9, 2), np.nan), 0) == 1.0


def test_one_hot_actions_and_masks_filled_from_the_start():
    assert is_one_hot(np.eye(3)[[0, 2, 1]])
    assert is_one_hot(np.array([[0, 0], [0, 1]]))
    assert not is_one_hot(np.array([[1, 1], [0, 1]]))
    assert is_filled_from_start(np.array([[1, 1, 0], [1, 0, 0]]), 1)
    assert not is_filled_from_start(np.array([[1, 0, 1]]), 1)


def test_weights_add_up_to_one_along_one_axis_and_padding_does_not_count():
    rows = np.array([[[0.2, 0.8], [0.5, 0.5]], [[0, 0], [0, 0]]])
    assert sums_to_one(rows, 2)
    assert not sums_to_one(rows, 1)
    assert not sums_to_one(rows * 2, 2)
    assert not sums_to_one(rows * 0, 2)
