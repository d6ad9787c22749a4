"""What replaces a slot might have stood there: the rest of the observation lets one expect about the same."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.behaviour.columns import basis_of
from convscope.behaviour.model import N_FOLDS
from convscope.routing.occlusion.replacement import expected, replaced

N = 600
FOLD = np.arange(N) % N_FOLDS


def test_what_the_rest_tells_of_a_slot_is_expected_and_no_more():
    rng = np.random.default_rng(0)
    rest, noise = rng.normal(size=(N, 3)), rng.normal(size=(N, 1))
    target = 2 * rest[:, :1] - np.abs(rest[:, 1:2]) + 0.5 * rest[:, 2:] ** 2
    found = expected(basis_of(rest), np.concatenate([target + 0.1 * noise, noise], axis=1), FOLD)
    assert np.corrcoef(found[:, 0], target[:, 0])[0, 1] > 0.99
    assert abs(np.corrcoef(found[:, 1], noise[:, 0])[0, 1]) < 0.15


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_slot_of_few_values_is_permuted_within_each_fold(seed):
    rng = np.random.default_rng(seed)
    slot = rng.integers(0, 3, (N, 2)).astype(float)
    other = replaced(slot, rng.normal(size=(N, 2)), FOLD, rng=rng)
    for part in range(N_FOLDS):
        rows = part == FOLD
        # Whole rows move: two columns of one agent stay together.
        assert sorted(map(tuple, other[rows])) == sorted(map(tuple, slot[rows]))


def test_a_slot_that_the_rest_tells_wholly_is_left_as_it_is():
    rng = np.random.default_rng(1)
    slot = rng.normal(size=(N, 2))
    assert np.allclose(replaced(slot, slot, FOLD, rng=rng), slot)


def test_what_is_not_in_sight_stays_zeros():
    rng = np.random.default_rng(2)
    slot = np.where(rng.random((N, 1)) < 0.5, 0.0, rng.normal(size=(N, 2)))
    other = replaced(slot, rng.normal(size=(N, 2)), FOLD, rng=rng)
    assert (other == 0).all(axis=1).sum() == (slot == 0).all(axis=1).sum()


def test_a_replacement_keeps_what_the_rest_tells_and_nothing_else():
    rng = np.random.default_rng(3)
    rest, own = rng.normal(size=(N, 1)), rng.normal(size=(N, 1))
    other = replaced(rest + own, rest, FOLD, rng=rng)
    assert np.corrcoef(other[:, 0], rest[:, 0])[0, 1] > 0.6
    assert abs(np.corrcoef(other[:, 0] - rest[:, 0], own[:, 0])[0, 1]) < 0.15
