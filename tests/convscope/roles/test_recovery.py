"""Recovery of declared roles: the ground truths of collapsed roles."""

import polars as pl
import pytest

from convscope.roles.recovery import recovery, recovery_scores


@pytest.mark.parametrize(("n", "ari", "ami"), [(2, 0.4444, 0.6154), (3, 0.5000, 0.6739), (10, 0.5538, 0.7219)])
def test_two_of_three_roles_collapsed(n, ari, ami):
    declared = ["a"] * n + ["b"] * n + ["c"] * n
    scores = recovery_scores(declared, [0] * (2 * n) + [1] * n)
    assert scores.homogeneity == pytest.approx(0.5794, abs=5e-5)
    assert scores.completeness == pytest.approx(1)
    harmonic = 2 * scores.homogeneity * scores.completeness / (scores.homogeneity + scores.completeness)
    assert harmonic == pytest.approx(0.7337, abs=5e-5)
    assert scores.ari == pytest.approx(ari, abs=5e-5)
    assert scores.ami == pytest.approx(ami, abs=5e-5)


def test_one_role_only_recovers_nothing():
    scores = recovery_scores(["a", "b", "c"] * 5, [0] * 15)
    assert 1 - max(0.0, scores.ami) == 1
    assert scores.homogeneity == 0


def test_units_without_a_role_are_left_out_and_the_rest_is_counted():
    table = pl.DataFrame({"declared_role": ["a", "a", "b", None, "b"], "role": [0, 0, 1, 1, None]})
    scores, confusion = recovery(table)
    assert scores.ami == pytest.approx(1)
    assert confusion.rows() == [("a", 0, 2), ("b", 1, 1)]


def test_without_declared_roles_there_is_nothing_to_recover():
    table = pl.DataFrame({"declared_role": pl.Series([None, None], dtype=pl.String), "role": [0, 1]})
    assert recovery(table) == (None, None)


def test_a_single_declared_role_cannot_be_recovered():
    assert recovery_scores(["a"] * 4, [0, 0, 0, 0]) is None
    table = pl.DataFrame({"declared_role": ["a", "a"], "role": [0, 1]})
    assert recovery(table) == (None, None)
