"""Classes of members that cannot be told apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope.roles.linkage import complete_linkage


def symmetric(upper, n):
    matrix = np.ones((n, n))
    matrix[np.triu_indices(n, 1)] = upper
    return np.minimum(matrix, matrix.T)


def test_being_told_apart_is_not_transitive_so_the_nearer_pair_joins():
    # 0-1 and 1-2 cannot be told apart, 0-2 can: 1 joins 0, which has the larger p.
    p = symmetric([0.8, 0.01, 0.3], 3)
    assert complete_linkage(p, 1 - p, alpha=0.05) == (0, 0, 1)


def test_distance_decides_between_equal_p():
    p = symmetric([0.5, 0.01, 0.5], 3)
    distance = symmetric([0.2, 0.9, 0.1], 3)
    assert complete_linkage(p, distance, alpha=0.05) == (0, 1, 1)


def test_one_member_is_one_class():
    assert complete_linkage(np.ones((1, 1)), np.zeros((1, 1)), alpha=0.05) == (0,)


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10, unique=True), st.permutations(range(5)))
def test_no_class_holds_a_pair_that_is_told_apart_and_order_does_not_matter(upper, order):
    p = symmetric(np.array(upper), 5)
    classes = complete_linkage(p, -p, alpha=0.05)
    together = {(i, j) for i in range(5) for j in range(i) if classes[i] == classes[j]}
    assert all(p[i, j] > 0.05 for i, j in together)
    shuffled = complete_linkage(p[np.ix_(order, order)], -p[np.ix_(order, order)], alpha=0.05)
    again = {(i, j) for i in range(5) for j in range(i) if shuffled[order.index(i)] == shuffled[order.index(j)]}
    assert together == again
