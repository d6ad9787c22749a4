"""Tables with fixed margins: plug-in values and their null."""

import numpy as np
import pytest

from convscope.routing.predictive.tables import plug_in_transfer_entropy, table_p_value, transfer_entropy_bias


def test_a_perfect_copy_of_two_symbols_is_a_bit():
    counts = np.array([[[50, 0], [0, 50]]])
    assert plug_in_transfer_entropy(counts) == pytest.approx(np.log(2))


def test_plug_in_value_by_hand():
    # One past, p(s, y) = [[.4, .1], [.1, .4]]: mutual information log 2 - h(.2).
    counts = np.array([[[40, 10], [10, 40]]])
    assert plug_in_transfer_entropy(counts) == pytest.approx(np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2))


def test_bias_counts_only_what_occurs():
    counts = np.array([[[40, 10, 0], [10, 40, 0]], [[0, 0, 0], [0, 0, 0]]])
    assert transfer_entropy_bias(counts) == pytest.approx(1 / 200)


def test_the_corrected_value_is_zero_on_average_without_influence():
    rng = np.random.default_rng(0)
    tables = [rng.multinomial(400, np.full(27, 1 / 27)).reshape(3, 3, 3) for _ in range(300)]
    corrected = [plug_in_transfer_entropy(table) - transfer_entropy_bias(table) for table in tables]
    assert np.mean(corrected) == pytest.approx(0, abs=0.001)


def test_p_is_uniform_without_influence():
    rng = np.random.default_rng(1)
    tables = [rng.multinomial(200, np.full(18, 1 / 18)).reshape(2, 3, 3) for _ in range(300)]
    p = np.array([table_p_value([table], n_draws=99, rng=rng) for table in tables])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p) == pytest.approx(0.5, abs=0.05)


def test_a_constant_agent_has_no_p():
    assert np.isnan(table_p_value([np.array([[[40, 10]]])], n_draws=9, rng=np.random.default_rng(2)))
