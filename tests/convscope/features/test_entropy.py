"""Entropy of what each unit did."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.features.entropy import entropy_by_unit


def test_two_equal_halves_are_log_two_and_the_correction():
    unit, symbol = np.array([0, 0, 0, 0, 2]), np.array([5, 5, 9, 9, 3])
    # Two kinds in four: log 2 + 1/8. One kind: 0. No symbol: undefined.
    assert entropy_by_unit(unit, symbol, 3) == pytest.approx([np.log(2) + 1 / 8, np.nan, 0], nan_ok=True)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.permutations(range(6)))
def test_renaming_symbols_changes_nothing(symbols, names):
    unit = np.zeros(len(symbols), dtype=np.int64)
    renamed = np.array([names[s] for s in symbols])
    assert entropy_by_unit(unit, renamed, 1) == pytest.approx(entropy_by_unit(unit, np.array(symbols), 1))


def test_even_draws_reach_the_log_of_their_number_even_when_few():
    rng = np.random.default_rng(0)
    symbols = rng.integers(4, size=400 * 30)
    found = entropy_by_unit(np.repeat(np.arange(400), 30), symbols, 400)
    assert found.mean() == pytest.approx(np.log(4), abs=0.01)
