"""Effects are conditional transfer entropies: closed forms to their digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.predictive.effect import (
    discrete_entropy_gain,
    entropy_left,
    gaussian_entropy_gain,
    less_bias,
    mixed_entropy_gain,
)


def channel(error):
    """Law of the receiver given the sender: the same symbol, or one of the three others."""
    return np.full((4, 4), error / 3) + (1 - error - error / 3) * np.eye(4)


@pytest.mark.parametrize(("error", "nats"), [(0.0, 1.3863), (0.2, 0.6662), (0.75, 0.0)])
def test_the_copy_channel(error, nats):
    gain = discrete_entropy_gain(channel(error), np.full((4, 4), 100.0), np.full((4, 4), 100.0))
    assert gain == pytest.approx(nats, abs=5e-5)


def test_a_perfect_copy_has_the_entropy_of_what_was_sent_however_small_the_sample():
    # What the receiver did last and what the sender did last go together by chance in a small sample.
    together = np.array([[3.0, 1.0], [2.0, 4.0]])
    gain = discrete_entropy_gain(np.eye(2), together, together)
    rows = together.sum(axis=1, keepdims=True)
    assert gain == pytest.approx(-(together / 10 * np.log(together / rows)).sum())


def test_a_receiver_that_copies_now_and_then_and_else_holds_its_action():
    # p(y | z, s) = .9 [y = z] + .1 [y = s]: given z, one of 4 senders' actions in 4 confirms it, three move it.
    hold, share = np.eye(4) * 100, 0.1
    transitions = (1 - share) * hold + share * 100 / 4
    joint = (1 - share) * np.eye(4)[:, None, :] + share * np.eye(4)[None, :, :]
    mean = joint.mean(axis=1, keepdims=True)
    expected = (joint * np.log(np.where(joint > 0, joint / mean, 1))).sum() / 16
    assert discrete_entropy_gain(share * np.eye(4), np.ones((4, 4)), transitions) == pytest.approx(expected)


@given(st.integers(0, 2**31), st.permutations(range(3)))
def test_renaming_actions_changes_nothing_and_the_gain_is_never_negative(seed, order):
    rng = np.random.default_rng(seed)
    shift, counts = rng.normal(0, 0.1, (3, 3)), rng.integers(1, 99, (2, 3, 3)).astype(float)
    gain = discrete_entropy_gain(shift, counts[0], counts[1])
    renamed = discrete_entropy_gain(shift[:, order], counts[0][order], counts[1][np.ix_(order, order)])
    assert gain == pytest.approx(renamed)
    assert gain >= -1e-12


def test_gaussian_gain_of_one_direction_is_that_of_its_correlation():
    assert gaussian_entropy_gain(np.array([[0.6]])) == pytest.approx(-0.5 * np.log(1 - 0.36))


@given(st.floats(0, 0.05), st.floats(0, 0.05))
def test_small_effects_are_the_same_to_first_order(a, b):
    explained = np.diag([a, b])
    assert gaussian_entropy_gain(explained) == pytest.approx(mixed_entropy_gain(explained), rel=0.01, abs=1e-12)


def test_what_chance_explains_is_taken_off():
    # 4 coefficients and 100 samples explain 4 / 200 nats by chance.
    assert less_bias(0.02, n_free=4, n_samples=100) == pytest.approx(0)
    assert less_bias(0.01, n_free=4, n_samples=100) == pytest.approx(-0.01)


def test_what_is_left_open_by_hand():
    # After 0 even odds, after 1 certainty: half a bit, and 1 / 2N of bias, of the one free cell.
    transitions = np.array([[50.0, 50.0], [0.0, 100.0]])
    assert entropy_left(transitions) == pytest.approx(0.5 + 0.5 / 200 / np.log(2))
    assert np.isnan(entropy_left(np.array([[10.0, 0.0], [0.0, 0.0]])))
    assert np.isnan(entropy_left(np.zeros((2, 2))))
