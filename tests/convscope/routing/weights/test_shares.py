"""Shares are over the senders that could be attended to, and nothing else counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.weights.shares import message_strengths, pair_strengths, routing_shares
from convscope.values.fields import RowSum

ALL = np.ones((1, 3), dtype=np.bool_)


def test_rows_are_divided_over_valid_senders_without_the_receiver_itself():
    weights = np.array([[[0.5, 0.4, 0.1], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]]])
    shares = routing_shares(weights, ALL)
    assert shares.share[0] == pytest.approx(np.array([[0, 0.8, 0.2], [0.5, 0, 0.5], [0, 0, 0]]))
    assert shares.is_kept.tolist() == [[True, True, False]]
    assert (shares.n_without_choice, shares.n_unreadable, shares.n_zero) == (0, 0, 1)


def test_a_receiver_with_one_sender_left_has_no_choice():
    shares = routing_shares(np.ones((1, 3, 3)), np.array([[True, True, False]]))
    assert not shares.is_kept.any()
    assert shares.n_without_choice == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_a_valid_weight_that_is_no_weight_drops_the_row_and_is_counted(bad):
    weights = np.ones((1, 3, 3))
    weights[0, 0, 1] = bad
    shares = routing_shares(weights, ALL)
    assert shares.is_kept.tolist() == [[False, True, True]]
    assert (shares.n_unreadable, shares.n_negative) == ((0, 1) if bad < 0 else (1, 0))


@given(st.integers(0, 2**31), st.sampled_from([np.nan, np.inf, 1e300, -1.0]))
def test_what_stands_in_invalid_cells_changes_not_one_bit(seed, junk):
    rng = np.random.default_rng(seed)
    is_acting = rng.random((6, 4)) < 0.8
    values = rng.random((6, 2, 4, 4))
    both = is_acting[:, None, :, None] & is_acting[:, None, None, :] & ~np.eye(4, dtype=np.bool_)
    padded = np.where(both, values, junk)
    for strength in (pair_strengths, message_strengths):
        clean = routing_shares(strength(np.where(both, values, 0.0), is_acting), is_acting)
        found = routing_shares(strength(padded, is_acting), is_acting)
        assert found.share.tobytes() == clean.share.tobytes()
        assert found.is_kept.tobytes() == clean.is_kept.tobytes()


def test_rows_that_keep_their_sums_count_by_them():
    gates = np.array([[[9.0, 0.6, 0.2], [0.1, 0.0, 0.1], [0.0, 0.0, 9.0]]])
    shares = routing_shares(gates, ALL, row_sum=RowSum.KEEP)
    assert shares.share[0] == pytest.approx(np.array([[0, 0.6, 0.2], [0.1, 0, 0.1], [0, 0, 0]]))
    assert shares.row_sum[0] == pytest.approx([0.8, 0.2, 0.0])


def test_what_a_receiver_gives_itself_is_told_where_it_was_logged():
    weights = np.array([[[0.5, 0.4, 0.1], [0.3, np.nan, 0.3], [0.0, 0.0, 1.0]]])
    own = routing_shares(weights, ALL).own[0]
    assert own[0] == pytest.approx(0.5)
    assert np.isnan(own[1:]).all()  # not logged; a row of nothing but itself


def test_heads_weigh_the_same_and_messages_count_by_their_length():
    values = np.zeros((1, 2, 3, 3))
    values[0, :, 0, 1] = [3, 4]
    assert pair_strengths(values, ALL)[0, 0, 1] == pytest.approx(3.5)
    assert message_strengths(values, ALL)[0, 0, 1] == pytest.approx(5)
