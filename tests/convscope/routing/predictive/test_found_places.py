"""Positions are found in observations by their differences, and by nothing less."""

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.routing.graph import find_routing
from convscope.routing.predictive.found_places import FoundPlaces, found_places
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS


def chase(n_episodes=100, n_steps=30, seed=0):
    """The second agent steps towards the first, which steps towards the origin and now and then starts anew."""
    rng = np.random.default_rng(seed)
    steps = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) * 0.1
    place = rng.normal(size=(n_episodes, 2, 2))
    goal = np.zeros((n_episodes, 1, 2))
    places, actions = [], []
    for _ in range(n_steps):
        away = np.concatenate([goal, place[:, :1]], axis=1) - place
        best = (away @ steps[1:].T).argmax(axis=2) + 1
        action = np.where(rng.random(best.shape) < 0.3, rng.integers(5, size=best.shape), best)
        places.append(place)
        actions.append(action)
        place = place + steps[action]
        place[:, 0] = np.where(rng.random((n_episodes, 1)) < 0.1, rng.normal(size=(n_episodes, 2)), place[:, 0])
    rows = np.stack(places, axis=1).reshape(-1, 2, 2)
    thing = np.broadcast_to(rng.normal(size=(1, 1, 2)), rows.shape)
    others = rows[:, ::-1] - rows
    seen = np.concatenate([rng.normal(size=(*rows.shape[:2], 1)), rows, thing - rows, others], axis=2)
    return np.stack(actions, axis=1).reshape(-1, 2, 1).astype(float), seen, [n_steps] * n_episodes


def test_coordinates_and_things_are_found():
    actions, seen, lengths = chase()
    log = log_from_arrays({ACTIONS: actions, OBSERVATIONS: seen}, lengths, ["a", "b"])
    assert found_places(log) == FoundPlaces(own=(1, 2), things=(3,))


def test_nothing_is_found_in_noise_in_grids_or_where_positions_are_logged():
    rng = np.random.default_rng(1)
    actions, seen, lengths = chase()
    for observations in (rng.normal(size=seen.shape), rng.integers(3, size=seen.shape).astype(float)):
        log = log_from_arrays({ACTIONS: actions, OBSERVATIONS: observations}, lengths, ["a", "b"])
        assert found_places(log) == FoundPlaces()
    columns = {ACTIONS: actions, OBSERVATIONS: seen, POSITIONS: seen[:, :, 1:3]}
    assert found_places(log_from_arrays(columns, lengths, ["a", "b"])) == FoundPlaces()


def test_a_follower_leads_nobody_once_places_are_known():
    actions, seen, lengths = chase()
    config = AnalysisConfig(n_permutations=199)
    weights = {}
    for name, columns in {"blind": {}, "found": {OBSERVATIONS: seen}, "logged": {POSITIONS: seen[:, :, 1:3]}}.items():
        graph = find_routing(log_from_arrays({ACTIONS: actions, **columns}, lengths, ["a", "b"]), config)
        weights[name] = {(s, r): w for s, r, w in graph.edges.select("sender", "receiver", "weight").iter_rows()}
        codes = {notice.code for notice in graph.notices}
        assert ("positions-found" in codes) == (name == "found")
    assert weights["blind"]["b", "a"] > 0.01 > weights["found"]["b", "a"]
    assert weights["logged"]["a", "b"] > weights["logged"]["b", "a"]
