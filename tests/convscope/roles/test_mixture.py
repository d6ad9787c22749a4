"""Evidence pools over the units of an agent."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.mixture import fit_components, posterior

VALUES = np.array([[-2.0], [-2.2], [-1.8], [2.0], [2.2], [1.8], [0.0], [0.0]])


def test_a_unit_between_two_roles_goes_with_its_agent():
    label = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    group = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    components = fit_components(VALUES, label, group)
    probability = posterior(VALUES, components, group)
    assert probability[6, 0] > 0.7
    assert probability[7, 1] > 0.7
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_without_agents_the_same_unit_is_undecided():
    label = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    components = fit_components(VALUES, label, np.zeros(8, dtype=np.int64))
    assert posterior(VALUES, components, np.zeros(8, dtype=np.int64))[6, 0] == pytest.approx(0.5, abs=1e-6)


def test_an_agent_may_still_change_its_role():
    rng = generator(0, "change")
    role = np.repeat([0, 1, 0, 1], 20)
    values = 6.0 * role[:, np.newaxis] + rng.normal(size=(80, 2))
    group = np.repeat([0, 0, 1, 1], 20)
    probability = posterior(values, fit_components(values, role, group), group)
    assert (probability.argmax(axis=1) == role).all()


def test_pooling_mends_what_single_units_cannot_tell():
    rng = generator(0, "overlap")
    role = np.repeat([0, 1], 150)
    values = 2.0 * role[:, np.newaxis] + rng.normal(size=(300, 1))
    start = (values[:, 0] > 1).astype(np.int64)
    one_group = np.zeros(300, dtype=np.int64)
    alone = posterior(values, fit_components(values, start, one_group), one_group)
    pooled = posterior(values, fit_components(values, start, role), role)
    assert np.mean(alone.argmax(axis=1) == role) < 0.9
    assert np.mean(pooled.argmax(axis=1) == role) > 0.97


def test_new_units_do_not_move_the_roles():
    group = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    components = fit_components(VALUES, np.array([0, 0, 0, 1, 1, 1, 0, 1]), group)
    before = components.means.copy()
    far = posterior(np.array([[50.0]]), components, np.array([0]))
    assert far.argmax() == components.means[:, 0].argmax()
    np.testing.assert_array_equal(components.means, before)
