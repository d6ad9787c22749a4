"""Information in tables of messages and actions, against closed forms, and the two nulls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.messages.information import information, redrawn_tables, shuffled_tables


@pytest.mark.parametrize(("error", "nats"), [(0.0, 1.3863), (0.2, 0.6662), (0.75, 0.0)])
def test_a_copy_channel_of_four_symbols_has_its_known_information(error, nats):
    table = np.full((4, 4), error / 3)
    np.fill_diagonal(table, 1 - error)
    assert information(table[:, None, :] / 4) * np.log(2) == pytest.approx(nats, abs=5e-5)


def test_independent_messages_have_none_and_not_the_logarithm_of_their_number():
    assert information(np.ones((4, 1, 3))) == pytest.approx(0.0, abs=1e-12)


def test_what_the_stratum_explains_is_no_influence():
    table = np.zeros((2, 2, 2))
    table[0, 0, 0] = table[1, 1, 1] = 5.0
    assert information(table) == pytest.approx(0.0, abs=1e-12)
    assert information(table.sum(axis=1, keepdims=True)) == pytest.approx(1.0)


def test_an_empty_table_has_none():
    assert information(np.zeros((2, 1, 2))) == 0


@given(st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_information_is_symmetric_and_at_most_the_entropy(counts):
    table = np.array(counts, dtype=np.float64).reshape(3, 4)
    forth, back = information(table[:, None, :]), information(table.T[:, None, :])
    assert forth == pytest.approx(back, abs=1e-9)
    assert -1e-12 <= forth <= np.log2(3) + 1e-9


def test_an_order_holds_the_messages_of_other_episodes_against_the_actions():
    messages = np.eye(2)[[[0, 0], [1, 1]]]
    outcomes = np.eye(2)[[[0, 0], [1, 1]]][:, :, None, :]
    own, other = shuffled_tables(messages, outcomes, np.array([[0, 1], [1, 0]]))[:, :, 0, :]
    assert own.tolist() == [[2, 0], [0, 2]]
    assert other.tolist() == [[0, 2], [2, 0]]


def test_a_message_by_decree_counts_by_one_over_its_probability():
    # A sender that sends 1 whenever it sees 1, nearly: by decree, both messages meet the same listener.
    law = np.array([[[0.8, 0.2]] * 10, [[0.2, 0.8]] * 10])
    sent = np.array([[0] * 8 + [1] * 2, [0] * 2 + [1] * 8])
    outcomes = np.zeros((2, 10, 1, 2))
    outcomes[0, :, 0, 0] = outcomes[1, :, 0, 1] = 1.0
    tables = redrawn_tables(np.eye(2)[sent], outcomes, law, n_draws=3, rng=np.random.default_rng(0))
    assert tables.shape == (4, 2, 1, 2)
    assert tables[0, :, 0].ravel() == pytest.approx([0.25] * 4)
    assert information(tables[0]) == pytest.approx(0.0, abs=1e-12)


def test_tables_are_the_same_however_many_columns_are_made_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    messages, outcomes = rng.random((5, 7, 3)), rng.random((5, 7, 2, 4))
    orders = np.array([rng.permutation(5) for _ in range(4)])
    whole = shuffled_tables(messages, outcomes, orders)
    assert whole[1, 2, 1, 3] == pytest.approx((messages[orders[1], :, 2] * outcomes[:, :, 1, 3]).sum())
    monkeypatch.setattr("convscope.routing.messages.information._MOST_CELLS", 5 * 5 * 3 * 3)
    assert shuffled_tables(messages, outcomes, orders) == pytest.approx(whole)
