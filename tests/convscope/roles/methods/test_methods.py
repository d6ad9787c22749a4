"""Every method divides clear groups, and repeats itself."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.methods import METHODS
from convscope.values.config import RoleMethod


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_clear_groups_are_found_and_new_units_join_the_right_one(method):
    rng = generator(0, "methods")
    truth = np.arange(90) % 3
    values = 8 * np.eye(3)[truth] + rng.normal(size=(90, 3))
    partition = method.fit(values, 3, seed=1)
    found = partition.assign(values)
    assert len({(t, f) for t, f in zip(truth.tolist(), found.tolist(), strict=True)}) == 3
    assert partition.assign(8 * np.eye(3)).tolist() == [found[truth == t][0] for t in range(3)]
    np.testing.assert_array_equal(partition.centres, method.fit(values, 3, seed=1).centres)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_fewer_values_than_groups_is_no_error(method):
    assert len(method.fit(np.zeros((6, 2)), 3, seed=0).centres) == 3


def test_the_command_line_knows_every_method_and_no_other():
    assert [method.name for method in METHODS] == [name.value for name in RoleMethod]


def test_dense_regions_that_are_fewer_than_asked_for_leave_groups_empty():
    rng = generator(0, "two regions")
    values = np.repeat([[0.0, 0.0], [9.0, 9.0]], 4, axis=0) + 1e-3 * rng.normal(size=(8, 2))
    hdbscan = next(method for method in METHODS if method.name == "hdbscan")
    partition = hdbscan.fit(values, 4, seed=0)
    assert np.isinf(partition.centres).all(axis=1).sum() >= 2
    assert set(partition.assign(values).tolist()) <= {0, 1}
