"""Counting by blocks and renamings gives what trying every way to deal the roles gives."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.compare.automorphisms import n_automorphisms
from convscope.compare.relabelling import relabellings
from convscope.simulate.teams import CIRCULANT, GENERIC


def tried(sizes, asked):
    """Return the same number, by listing every way."""
    roles = np.repeat(np.arange(len(sizes)), sizes)[None]
    rng = np.random.default_rng(0)
    found = relabellings(roles, roles >= 0, n_roles=len(sizes), n_draws=1, rng=rng)
    assert found.is_exhaustive
    labels = found.labels[:, 0]
    pairs = asked[labels[:, :, None], labels[:, None, :]]
    return int(((pairs == pairs[0]) | np.eye(labels.shape[1], dtype=bool)).all(axis=(1, 2)).sum())


@pytest.mark.parametrize(
    ("sizes", "asked", "wanted"),
    [
        ((2, 2, 2), CIRCULANT, 3),
        ((4, 4, 4), CIRCULANT, 3),
        ((1, 1, 1), CIRCULANT, 3),
        ((3, 3, 3), GENERIC, 1),
        # Any four of the eight may be the first role.
        ((4, 4), np.full((2, 2), 0.5), 70),
        # Two alike roles of two and two: six ways to deal them, and the third stays.
        ((2, 2, 2), [[0.25, 0.25, 0.5], [0.25, 0.25, 0.5], [0.4, 0.4, 0.2]], 6),
        ((3, 0, 3), np.eye(3), 2),
        ((5,), [[1.0]], 1),
        ((), np.empty((0, 0)), 1),
    ],
)
def test_known_priors(sizes, asked, wanted):
    assert n_automorphisms(sizes, np.array(asked)) == wanted


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_way_is_counted(data):
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4).filter(lambda found: 0 < sum(found) <= 6))
    cells = st.sampled_from([0.2, 0.4])
    asked = np.array([[data.draw(cells) for _ in sizes] for _ in sizes])
    assert n_automorphisms(sizes, asked) == tried(sizes, asked)


def test_many_symmetries_are_counted_without_listing_them():
    began = time.process_time()
    assert n_automorphisms([2] * 12, np.where(np.eye(12) > 0, 0.6, 0.1)) == 479_001_600
    assert time.process_time() - began < 2
