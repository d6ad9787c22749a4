"""Where memory would run out, transfer entropy keeps to what is analysed, or is not compared, and says so."""

import numpy as np
import pytest

from convscope.behaviour.groups import episode_groups
from convscope.ingest.memory import log_from_arrays
from convscope.routing.graph import find_routing
from convscope.routing.predictive import budget
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, ATTENTION

CONFIG = AnalysisConfig(n_permutations=49)


def make_log(*, has_attention=False):
    rng = np.random.default_rng(0)
    columns = {ACTIONS: rng.integers(3, size=(80 * 20, 3, 1)).astype(float)}
    if has_attention:
        columns[ATTENTION] = rng.random((80 * 20, 1, 3, 3))
    labels = ["early"] * 40 + ["late"] * 40
    return log_from_arrays(columns, [20] * 80, ["a", "b", "c"], checkpoints=labels)


def places(graph):
    return {notice.where for notice in graph.notices if notice.code == "not-computed"}


def test_within_the_budget_every_checkpoint_has_edges():
    graph = find_routing(make_log(), CONFIG)
    assert set(graph.edges_by_run["checkpoint"]) == {"early", "late"}
    assert "routing.edges_by_run" not in places(graph)


# Before the first pass the least is known, after it what it really takes: 40 units instead of 32.
@pytest.mark.parametrize("n_units", [0, 64 + 8])
def test_beyond_the_budget_only_the_analysed_checkpoint_has_edges(monkeypatch, n_units):
    unit_bytes = budget.fewest_bytes(make_log().header, episode_groups(make_log(), CONFIG)) // 64
    monkeypatch.setattr(budget, "MOST_BYTES", n_units * unit_bytes)
    graph = find_routing(make_log(), CONFIG)
    assert set(graph.edges_by_run["checkpoint"]) == {"late"}
    assert "routing.edges_by_run" in places(graph)
    assert graph.edges.height == 6


def test_beyond_the_budget_it_is_no_comparison(monkeypatch):
    log = make_log(has_attention=True)
    assert len(find_routing(log, CONFIG).comparison.others) == 1
    monkeypatch.setattr(budget, "MOST_BYTES", 0)
    graph = find_routing(log, CONFIG)
    assert graph.comparison.others == ()
    assert "routing.sources_compared" in places(graph)
