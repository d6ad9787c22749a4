"""The stretch of a run on which pairs are read."""

import numpy as np

from convscope.roles.policy.stretches import longest_stretch
from convscope.values.policy_reading import ChangePoint


def change(episode):
    return ChangePoint(run="r", checkpoint=None, episode=episode, p_value=0.01)


def test_pairs_are_read_on_the_longest_side():
    numbers = np.array([0, 1, 2, 5, 6, 7, 9])
    np.testing.assert_array_equal(longest_stretch(numbers, [change(5)]), [5, 6, 7, 9])
    np.testing.assert_array_equal(longest_stretch(numbers, [change(9), change(6)]), [0, 1, 2, 5])


def test_the_later_of_two_sides_as_long_counts():
    np.testing.assert_array_equal(longest_stretch(np.arange(6), [change(3)]), [3, 4, 5])
