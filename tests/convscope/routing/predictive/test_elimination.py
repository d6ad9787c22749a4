"""Block elimination equals regressions with and without the sender."""

import numpy as np
import pytest

from convscope.routing.predictive.elimination import regress, sender_blocks, whitening


def columns(rng, n_rows=300):
    """Five regressors, two outcomes; the second outcome follows the fourth regressor."""
    x = rng.normal(size=(n_rows, 5)) @ rng.normal(size=(5, 5))
    y = rng.normal(size=(n_rows, 2))
    y[:, 1] += 0.3 * x[:, 3] + 0.2 * x[:, 0]
    return np.concatenate([x, y], axis=1)


def residual(data, regressors):
    slope = np.linalg.lstsq(data[:, regressors], data[:, 5:], rcond=None)[0]
    left = data[:, 5:] - data[:, regressors] @ slope
    return left.T @ left


def test_leaving_out_a_block_adds_its_effect_to_the_residuals():
    data = columns(np.random.default_rng(0))
    regression = regress(data.T @ data, np.arange(5), np.array([5, 6]))
    block = sender_blocks(regression, [np.array([3, 4])])[0]
    assert regression.residual == pytest.approx(residual(data, [0, 1, 2, 3, 4]), rel=1e-5)
    assert regression.residual + block.effect.T @ block.effect == pytest.approx(residual(data, [0, 1, 2]), rel=1e-5)


def test_directions_are_orthonormal_and_clear_of_everything_else():
    data = columns(np.random.default_rng(1))
    regression = regress(data.T @ data, np.arange(5), np.array([5, 6]))
    directions = data[:, :5] @ sender_blocks(regression, [np.array([3, 4])])[0].weights
    assert directions.T @ directions == pytest.approx(np.eye(2), abs=1e-5)
    assert directions.T @ data[:, :3] == pytest.approx(np.zeros((2, 3)), abs=1e-3)


def test_a_copy_of_somebody_else_has_nothing_of_its_own():
    data = columns(np.random.default_rng(2))
    data[:, 4] = 2 * data[:, 0]
    regression = regress(data.T @ data, np.arange(5), np.array([5, 6]))
    assert sender_blocks(regression, [np.array([4])])[0].weights.shape == (5, 0)
    assert sender_blocks(regression, [np.array([3])])[0].weights.shape == (5, 1)


def test_constants_are_left_out():
    data = columns(np.random.default_rng(3))
    data[:, 2] = 0.0
    regression = regress(data.T @ data, np.arange(5), np.array([5, 6]))
    assert regression.regressors.tolist() == [0, 1, 3, 4]
    assert sender_blocks(regression, [np.array([2])])[0].weights.shape == (4, 0)


def test_whitened_residuals_are_orthonormal():
    products = np.array([[4.0, 1.0], [1.0, 3.0]])
    white = whitening(products)
    assert white.T @ products @ white == pytest.approx(np.eye(2))
    flat = np.array([[4.0, 4.0], [4.0, 4.0]])
    assert np.linalg.eigvalsh(whitening(flat).T @ flat @ whitening(flat)) == pytest.approx([0, 1])
