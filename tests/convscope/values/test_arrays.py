"""Rows that share a place leave the first of them there."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope.values.arrays import first_of_each


def test_the_first_row_of_each_place_stays_and_the_rest_is_missing():
    found = first_of_each(np.array([2, 0, 2, 0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), 4)
    np.testing.assert_array_equal(found, [[3, 4], [np.nan, np.nan], [1, 2], [np.nan, np.nan]])
    assert first_of_each(np.zeros(0, np.int64), np.zeros((0, 2)), 1).shape == (1, 2)


@given(st.lists(st.integers(0, 4), max_size=12))
def test_it_is_what_a_dictionary_would_keep(places):
    kept = {}
    for row, place in enumerate(places):
        kept.setdefault(place, float(row))
    found = first_of_each(np.array(places, np.int64), np.arange(len(places), dtype=float), 5)
    np.testing.assert_array_equal(found, [kept.get(place, np.nan) for place in range(5)])
