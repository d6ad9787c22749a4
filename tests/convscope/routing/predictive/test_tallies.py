"""Transfer entropies become shares that role preference can read."""

import numpy as np
import pytest

from convscope.routing.predictive.tallies import weight_tallies


def tallies(weight):
    roles = np.zeros((1, len(weight)), dtype=np.int64)
    return weight_tallies([np.array(weight)], np.array([0]), roles=roles, runs=("run",))


def test_roots_of_weights_are_clipped_and_divided():
    nan = np.nan
    found = tallies([[nan, 0.09, 0.01], [-0.01, nan, 0.2], [-0.01, -0.02, nan]])
    assert found.receiver.tolist() == [0, 1]
    assert found.mass == pytest.approx(np.array([[0, 0.75, 0.25], [0, 0, 1]]))
    assert found.valid.tolist() == [[False, True, True], [True, False, True]]


def test_a_receiver_with_one_tested_sender_has_no_choice():
    nan = np.nan
    assert len(tallies([[nan, 0.3, nan], [0.1, nan, 0.2], [nan, nan, nan]]).receiver) == 1
