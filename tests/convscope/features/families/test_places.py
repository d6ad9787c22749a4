"""Motion, relations and occupancy, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.features.decisions import decisions_of
from convscope.features.families.motion import MOTION
from convscope.features.families.relations import RELATIONS
from convscope.ingest.memory import log_from_arrays

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


def positions(*agents):
    return {"positions": np.array(agents, dtype=np.float64).transpose(1, 0, 2)}


def test_a_walk_around_a_square(features_of):
    columns = positions(SQUARE, [[5, 5]] * 4)
    assert features_of("speed", columns) == [1.0, 0.0]
    assert features_of("share of steps standing still", columns) == [0.0, 1.0]
    assert features_of("turning", columns) == [pytest.approx(np.pi / 2), None]
    assert features_of("straightness of path", columns) == [pytest.approx(1 / 3), None]
    # Each corner is sqrt(1/2) from the middle.
    assert features_of("dispersion of path", columns) == pytest.approx([np.sqrt(0.5), 0])


def test_speed_is_per_timestep_also_over_steps_that_others_take(features_of):
    status = np.array([[1], [2], [2], [1]], dtype=np.uint8)
    assert features_of("speed", positions([[0, 0], [9, 9], [9, 9], [6, 0]]), status=status) == [2.0]


def test_distances_to_ally_centre_and_thing(features_of):
    columns = positions([[0, 0]], [[3, 4]], [[3, 0]]) | {"entity_positions": np.array([[[0, 1], [9, 9]]])}
    assert features_of("distance to nearest ally", columns) == [3.0, 4.0, 3.0]
    assert features_of("distance to the other allies' centre", columns)[0] == pytest.approx(np.hypot(3, 2))
    assert features_of("distance to nearest other thing", columns)[0] == 1.0


def test_the_dead_are_no_allies(features_of):
    status = np.array([[1, 3, 1]], dtype=np.uint8)
    columns = positions([[0, 0]], [[1, 0]], [[7, 0]])
    assert features_of("distance to nearest ally", columns, status=status) == [7.0, None, 7.0]


def test_the_lead_is_measured_along_the_way_of_the_team(features_of):
    ahead, behind = [[2, 0], [3, 0], [4, 0]], [[0, 0], [1, 0], [2, 0]]
    assert features_of("lead over the team", positions(ahead, behind)) == pytest.approx([2, -2])


def test_agents_of_another_team_are_opponents():
    log = log_from_arrays(positions([[0, 0]], [[1, 0]], [[0, 5]]), [1], ["a", "b", "c"])
    agents = tuple(replace(a, team=t) for a, t in zip(log.header.agents, ["red", "red", "blue"], strict=True))
    header = replace(log.header, agents=agents)
    (block,) = log.blocks(frozenset({"positions"}))
    names = [feature.name for feature in RELATIONS.features(header)]
    found = dict(zip(names, RELATIONS.compute(header, decisions_of(block)).T, strict=True))
    np.testing.assert_allclose(found["distance to nearest ally"], [1, 1, np.nan])
    np.testing.assert_allclose(found["distance to nearest opponent"], [5, np.hypot(1, 5), 5])


def test_cells_and_exclusive_territory_on_a_grid(features_of):
    columns = positions([[0, 0], [0, 1], [0, 2], [0, 2]], [[0, 2], [0, 2], [0, 2], [4, 2]])
    assert features_of("cells visited per step", columns) == [3 / 4, 2 / 4]
    assert features_of("exclusive territory", columns) == [pytest.approx(2 / 3), 1 / 2]
    assert features_of("distance from start", columns) == [(0 + 1 + 2 + 2) / 4, 1.0]
    # Bounding boxes 0 x 2 and 4 x 0 of 4 x 2.
    assert features_of("area covered", columns) == [0.0, 0.0]


def test_territory_is_counted_within_each_episode(features_of):
    columns = positions([[0, 0], [1, 1]], [[1, 1], [0, 0]])
    assert features_of("exclusive territory", columns, [2]) == [0.0, 0.0]
    assert features_of("exclusive territory", columns, [1, 1]) == [1.0] * 4


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), angle=st.floats(0, 6.28), shift=st.floats(-50, 50))
def test_turning_and_shifting_the_map_changes_no_motion_and_no_distance(seed, angle, shift):
    walk = np.random.default_rng(seed).normal(size=(8, 3, 2)).cumsum(axis=0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for family in (MOTION, RELATIONS):
        found = []
        for places in (walk, walk @ turn + shift):
            log = log_from_arrays({"positions": places}, [8], ["a", "b", "c"])
            (block,) = log.blocks(frozenset({"positions"}))
            found.append(family.compute(log.header, decisions_of(block)))
        np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-6)


def test_a_random_walk_has_no_preferred_turn(features_of):
    walk = np.random.default_rng(0).normal(size=(20_000, 1, 2)).cumsum(axis=0)
    assert features_of("turning", {"positions": walk}) == pytest.approx([np.pi / 2], abs=0.02)
