import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.roles.segments.changes import beyond_valley, likeliest_changes, single_mode_p


def leads(lead):
    """Evidence of two roles, the first of which leads by so much in each window."""
    lead = np.asarray(lead, dtype=float)
    return np.stack([lead, np.zeros_like(lead)], axis=-1)


def test_a_change_is_weighed_by_hand():
    # The first three are whole, one of each role and one more; the last begins as the one and ends as the other.
    evidence = leads([[2.0] * 10, [-2.0] * 10, [2.0] * 10, [2.0] * 6 + [-2.0] * 4])
    found = likeliest_changes(evidence, np.full(4, 10), np.array([0, 1, 0, 0]))
    # A change costs a whole sequence at least one window of ten; the last gains 4 windows of 2.
    assert found.gain == pytest.approx([-0.2, -0.2, -0.2, 0.8])
    # Sequences of the first role lead by 2, 2 and .4 a window: 2 in the median; those of the second by 2.
    assert found.likeness == pytest.approx([-1, -1, -1, 1])


def test_a_piece_half_as_typical_is_half_as_alike():
    evidence = leads([[2.0] * 10, [-2.0] * 10, [2.0] * 5 + [-1.0] * 5])
    found = likeliest_changes(evidence, np.full(3, 10), np.array([0, 1, -1]))
    assert found.likeness[2] == pytest.approx(0.5)


@given(st.integers(0, 100), st.integers(3, 9))
def test_what_lies_beyond_the_end_and_the_order_of_roles_change_nothing(seed, length):
    rng = np.random.default_rng(seed)
    evidence = rng.normal(size=(6, length, 3))
    constant = np.array([0, 1, 2, 0, 1, 2])
    lengths = np.full(6, length)
    found = likeliest_changes(evidence, lengths, constant)
    longer = likeliest_changes(np.pad(evidence, ((0, 0), (0, 4), (0, 0))), lengths, constant)
    order = np.array([2, 0, 1])
    other = likeliest_changes(evidence[:, :, order], lengths, np.argsort(order)[constant])
    assert longer.gain == pytest.approx(found.gain)
    assert other.gain == pytest.approx(found.gain)
    assert other.likeness == pytest.approx(found.likeness)


def test_episodes_of_two_sorts_have_a_valley():
    rng = np.random.default_rng(0)
    gain = np.concatenate([rng.normal(0, 0.1, size=60), rng.normal(1, 0.1, size=40)])
    assert single_mode_p(gain) < 0.01
    assert np.flatnonzero(beyond_valley(gain, np.ones(100))).tolist() == list(range(60, 100))
    assert not beyond_valley(gain, np.full(100, 0.4)).any()


@pytest.mark.parametrize("draw", ["standard_cauchy", "standard_exponential", "random"])
def test_a_long_tail_is_no_second_sort(draw):
    rng = np.random.default_rng(0)
    p_value = [single_mode_p(getattr(rng, draw)(60)) for _ in range(200)]
    assert np.mean(np.array(p_value) <= 0.05) <= 0.08


def test_too_short_and_equal_episodes_have_no_sorts():
    assert single_mode_p(np.array([np.nan])) == 1.0
    assert not beyond_valley(np.array([np.nan, 1.0, 1.0]), np.ones(3)).any()
