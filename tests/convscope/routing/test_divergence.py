import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from convscope.routing.divergence import conditioned, even, mean_divergence, row_divergence

MATRICES = arrays(np.float64, (3, 3), elements=st.floats(0.01, 1))


def test_divergence_of_a_known_row():
    # Row (.2, .2, .6) against even: H(m) - (H(p) + H(u)) / 2 in bits.
    row = np.array([[0.2, 0.2, 0.6]])
    assert row_divergence(row, even(np.ones((1, 3), dtype=bool))) == pytest.approx([0.05217], abs=5e-6)


def test_rows_without_anything_in_common_differ_by_one_bit():
    assert row_divergence(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).tolist() == [1]


def test_drift_of_a_known_row():
    assert row_divergence(np.array([[0.2, 0.2, 0.6]]), np.array([[0.4, 0.4, 0.2]])) == pytest.approx([0.1245], abs=5e-5)


def test_only_cells_that_both_know_are_compared():
    first = np.array([[0.2, 0.2, 0.6]])
    second = np.array([[0.5, 0.5, np.nan]])
    assert row_divergence(first, second) == pytest.approx([0])


def test_a_row_with_one_shared_cell_cannot_be_compared():
    found = row_divergence(np.array([[np.nan, 0.5, 0.5]]), np.array([[0.5, 0.5, np.nan]]))
    assert np.isnan(found).all()
    assert np.isnan(mean_divergence(np.array([[np.nan, 1.0]]), np.array([[0.5, 0.5]])))


def test_a_row_without_weight_on_the_kept_cells_is_unknown():
    cells = np.array([[False, True, True]])
    assert np.isnan(conditioned(np.array([[1.0, 0.0, 0.0]]), cells)).all()


@given(first=MATRICES, second=MATRICES)
def test_divergence_is_symmetric_bounded_and_zero_for_equals(first, second):
    there, back = row_divergence(first, second), row_divergence(second, first)
    assert there == pytest.approx(back, abs=1e-12)
    assert ((there >= 0) & (there <= 1)).all()
    assert row_divergence(first, first) == pytest.approx(np.zeros(3), abs=1e-12)


@given(first=MATRICES, second=MATRICES, order=st.permutations(range(3)))
def test_renaming_roles_in_both_keeps_the_mean(first, second, order):
    moved = np.ix_(order, order)
    assert mean_divergence(first[moved], second[moved]) == pytest.approx(mean_divergence(first, second), abs=1e-12)


def test_samples_of_even_rows_are_as_far_from_even_as_chance_makes_them():
    # The mean of the divergence over samples of n draws is about (K - 1) / (8 n ln 2) bits.
    rng = np.random.default_rng(0)
    shares = rng.multinomial(400, [1 / 3] * 3, size=(2_000, 1)) / 400
    mean = float(row_divergence(shares, even(np.ones((1, 3), dtype=bool))).mean())
    assert mean == pytest.approx(2 / (8 * 400 * np.log(2)), rel=0.1)
