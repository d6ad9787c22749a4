"""Shapes of teams: no names, no place, no direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.dependence.geometry import team_shapes


def test_a_triangle_by_hand():
    # Sides 3, 4 and 5: quartiles by linear interpolation.
    positions = np.array([[[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]])
    assert team_shapes(positions, np.ones((1, 3), dtype=np.bool_)) == pytest.approx(np.array([[3, 3.5, 4, 4.5, 5]]))


@given(seed=st.integers(0, 2**31), angle=st.floats(0, 6.3), shift=st.floats(-50, 50))
def test_renaming_moving_turning_and_mirroring_change_nothing(seed, angle, shift):
    rng = np.random.default_rng(seed)
    positions, order = rng.normal(size=(4, 5, 2)), rng.permutation(5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1.0, -1.0])
    present = rng.random((4, 5)) < 0.8
    plain = team_shapes(positions, present)
    moved = team_shapes((positions @ turn + shift)[:, order], present[:, order])
    assert moved == pytest.approx(plain, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("padding", [np.nan, 1e300, 0.0])
def test_whoever_is_not_there_changes_not_one_bit(padding):
    positions = np.random.default_rng(0).normal(size=(3, 4, 2))
    present = np.array([[True, True, True, False]] * 3)
    plain = team_shapes(positions[:, :3], present[:, :3])
    positions[:, 3] = padding
    assert np.array_equal(team_shapes(positions, present), plain)


def test_one_member_alone_has_no_shape():
    assert np.isnan(team_shapes(np.zeros((1, 2, 2)), np.array([[True, False]]))).all()
