"""Routing that only follows closeness does not count as following the declared routing."""

import numpy as np
import pytest

from convscope.compare.declared_agreement import agreement_notices, declared_agreement
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, ATTENTION, POSITIONS
from convscope.values.prior import RolePrior

AGENTS = tuple(f"agent_{number}" for number in range(9))
ROLE_OF = {name: ("near", "far", "away")[number // 3] for number, name in enumerate(AGENTS)}
PRIOR = RolePrior(roles=("near", "far", "away"), role_of=ROLE_OF, preference=np.full((3, 3), 0.1) + 0.7 * np.eye(3))
CONFIG = AnalysisConfig(n_permutations=199)


def agreement(scores, places, prior=PRIOR):
    """Of a log in which attention is a softmax of scores and agents stay where they are."""
    n_rows = 80
    off = np.where(np.eye(9, dtype=bool), -np.inf, scores)
    weights = np.exp(off) / np.exp(off).sum(axis=1, keepdims=True)
    columns = {
        ATTENTION: np.broadcast_to(weights, (n_rows, 1, 9, 9)),
        POSITIONS: np.broadcast_to(places[:, None], (n_rows, 9, 1)),
        ACTIONS: np.zeros((n_rows, 9, 1)),
    }
    graph = find_routing(log_from_arrays(columns, [8] * 10, AGENTS), CONFIG)
    return declared_agreement(prior, graph, CONFIG)


def lined_up(draw):
    rng = generator(0, "test", "lined up", str(draw))
    places = np.arange(9.0) + rng.normal(0, 0.5, 9)
    return rng, places, -np.abs(places[:, None] - places)


def test_routing_as_declared_correlates_fully():
    same = np.equal.outer(np.arange(9) // 3, np.arange(9) // 3)
    _, places, _ = lined_up(0)
    found = agreement(np.log(np.where(same, 0.8, 0.2)), np.random.default_rng(0).permutation(places))
    assert found.correlation == pytest.approx(1.0)
    assert found.partial_correlation == pytest.approx(1.0)
    assert found.p_value <= 0.05


def test_closeness_alone_passes_the_raw_test_and_seldom_the_partial_one():
    raw, partial = [], []
    for draw in range(24):
        rng, places, near = lined_up(draw)
        found = agreement(near + rng.normal(0, 0.5, (9, 9)), places)
        raw.append(found.p_value)
        partial.append(found.partial_p_value)
    assert np.mean(np.array(raw) <= 0.05) >= 0.8
    assert np.mean(np.array(partial) <= 0.05) <= 0.17


def test_what_closeness_explains_is_said():
    rng, places, near = lined_up(3)
    found = agreement(near + rng.normal(0, 0.2, (9, 9)), places)
    codes = [notice.code for notice in agreement_notices(found, 0.05, n_runs=3)]
    assert codes == (["prior-confounded"] if found.p_value <= 0.05 < found.partial_p_value else [])


def test_without_a_matrix_nothing_is_compared():
    _, places, near = lined_up(0)
    assert agreement(near, places, RolePrior(roles=("near", "far", "away"), role_of=ROLE_OF)) is None


def test_agents_without_a_declared_role_count_as_undeclared():
    _, places, near = lined_up(0)
    some = RolePrior(
        roles=("near", "far", "away"), role_of=dict(list(ROLE_OF.items())[:4]), preference=PRIOR.preference
    )
    found = agreement(near, places, some)
    assert -1 <= found.correlation <= 1
