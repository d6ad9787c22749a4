"""What a row contains does not depend on who stands where."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from convscope.behaviour.digests import unordered_content

SHARES = arrays(np.float64, (3, 4, 4), elements=st.floats(0, 1))


@given(SHARES, st.permutations(range(4)))
def test_agents_in_another_order_have_the_same_content(shares, order):
    counted = np.broadcast_to(~np.eye(4, dtype=bool), shares.shape)
    moved = shares[:, order][:, :, order]
    assert (unordered_content(shares, counted) == unordered_content(moved, counted)).all()


@given(SHARES, st.sampled_from([np.nan, 1e300, 0.5]))
def test_slots_that_do_not_count_add_nothing(shares, rubbish):
    counted = np.ones(shares.shape, dtype=bool)
    pad = [(0, 0), (0, 2), (0, 2)]
    wide = np.pad(shares, pad, constant_values=rubbish)
    assert (unordered_content(shares, counted) == unordered_content(wide, np.pad(counted, pad))).all()


def test_other_shares_and_a_valid_zero_have_another_content():
    counted = np.array([[[True, True]], [[True, True]], [[True, False]]])
    content = unordered_content(np.array([[[0.25, 0.0]], [[0.5, 0.0]], [[0.25, 0.0]]]), counted)
    assert len(set(content.tolist())) == 3
