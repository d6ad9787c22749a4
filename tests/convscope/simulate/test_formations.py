"""Simulated formations hold what they say."""

import numpy as np
import pytest

from convscope.dependence.geometry import team_shapes
from convscope.randomness import generator
from convscope.simulate.formations import FormationSpec, Geometry, simulate_conditions, simulate_formations
from convscope.values.fields import ATTENTION, POSITIONS
from convscope.values.status import Status


def columns(log):
    return log.sources[0].columns


@pytest.mark.parametrize("geometry", list(Geometry))
def test_rows_of_attention_add_up_and_shapes_follow_the_formation(geometry):
    study = simulate_formations(FormationSpec(geometry=geometry, n_episodes=20, n_steps=8), generator(0, geometry))
    held = columns(study.log)
    assert held[ATTENTION].sum(axis=-1) == pytest.approx(1)
    assert (np.diagonal(held[ATTENTION], axis1=2, axis2=3) == 0).all()
    medians = team_shapes(held[POSITIONS], np.ones((160, 6), dtype=np.bool_))[:, 2]
    wide = study.is_wide.ravel() == 1
    assert wide.any() == (geometry in (Geometry.EPISODES, Geometry.SWITCHES))
    if wide.any():
        assert medians[wide].min() > medians[~wide].max()


def test_the_change_is_that_of_the_preference():
    # Even rows are 1/3: the largest cell of the preference is .6, or .3 * (.6 - 1/3) less at .3.
    assert simulate_formations(FormationSpec(effect=0.3), generator(0)).change == pytest.approx(0.3 * (0.6 - 1 / 3))


def test_conditions_leave_out_the_agents_that_they_say():
    log = simulate_conditions(FormationSpec(n_steps=3), ["a", "b", "a"], generator(0), n_absent=[0, 2])
    status = log.sources[0].status.reshape(3, 3, 6)
    assert (status[[0, 2]] == Status.ACTING).all()
    assert (status[1, :, 4:] == Status.ABSENT).all()
    assert log.episodes.condition.tolist() == [0, 1, 0]
