"""Cells carry their number; the shade only repeats it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.report.matrix import Shade, amounts, differences, shares_of_rows


def cells(matrix):
    return [cell for _, row in matrix.rows for cell in row]


def test_amounts_share_a_scale():
    matrix = amounts(np.array([[0.3, np.nan], [0.6, 0.0]]), ("a", "b"), title="t", note="n", top=0.6)
    assert [cell.text for cell in cells(matrix)] == ["0.30", "blank", "0.60", "0.00"]
    assert [cell.strength for cell in cells(matrix)] == ["50", "0", "100", "0"]
    assert cells(matrix)[1].shade is Shade.BLANK


def test_differences_show_their_sign_in_words_and_shade():
    uncertain = np.array([[True, False], [False, False]])
    values = np.array([[0.2, -0.2], [0.0, np.nan]])
    matrix = differences(values, ("a", "b"), title="t", note="n", uncertain=uncertain)
    assert [cell.text for cell in cells(matrix)] == ["+0.20", "\u22120.20", "0.00", "blank"]
    assert [cell.shade for cell in cells(matrix)][:2] == [Shade.MORE, Shade.LESS]
    assert [cell.is_uncertain for cell in cells(matrix)] == [True, False, False, False]


def test_small_differences_look_small():
    matrix = differences(np.array([[0.01]]), ("a",), title="t", note="n", uncertain=np.zeros((1, 1), dtype=bool))
    assert int(cells(matrix)[0].strength) == 10


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4))
def test_any_value_has_a_strength_within_bounds(values):
    matrix = amounts(np.array(values).reshape(2, 2), ("a", "b"), title="t", note="n")
    assert all(0 <= int(cell.strength) <= 100 for cell in cells(matrix))


def test_shares_are_percentages():
    matrix = shares_of_rows(np.array([[0.25, 0.75]]), ("a",), ("x", "y"), title="t", note="n")
    assert [cell.text for cell in cells(matrix)] == ["25 %", "75 %"]


def test_an_empty_matrix_is_no_error():
    assert amounts(np.zeros((0, 0)), (), title="t", note="n").rows == ()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_nothing_above_zero_has_no_shade(value):
    assert cells(amounts(np.array([[value]]), ("a",), title="t", note="n"))[0].strength == "0"
