"""Rewired graphs: the strengths stay, the partners do not."""

import numpy as np

from convscope.routing.rewired import rewired


def test_receivers_keep_their_weights_and_senders_how_many_draw_on_them():
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((8, 8)) < 0.4, rng.random((8, 8)), 0.0)
    np.fill_diagonal(weights, 0.0)
    is_tested = ~np.eye(8, dtype=bool)
    is_tested[2, 5] = False
    weights[2, 5] = 0.0
    drawn = rewired(weights, is_tested, n_draws=50, rng=rng)
    assert np.array_equal(np.sort(drawn, axis=2), np.tile(np.sort(weights, axis=1), (50, 1, 1)))
    assert np.array_equal((drawn > 0).sum(axis=1), np.tile((weights > 0).sum(axis=0), (50, 1)))
    assert not drawn[:, ~is_tested].any()
    assert (drawn != weights).any(axis=(1, 2)).mean() > 0.9


def test_a_star_cannot_be_rewired_and_stays_what_it_is():
    weights = np.zeros((4, 4))
    weights[1:, 0] = [0.2, 0.3, 0.5]
    drawn = rewired(weights, ~np.eye(4, dtype=bool), n_draws=5, rng=np.random.default_rng(1))
    assert np.array_equal(drawn, np.tile(weights, (5, 1, 1)))
