"""An edge stands where a policy uses what it sees of another agent, and not where that only goes with what it uses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.layout_file import lay_out, read_layout
from convscope.ingest.layout_proposal import layout_text, propose_layout
from convscope.ingest.open import find_logs, open_logs
from convscope.routing.choose import choose_estimators
from convscope.routing.estimators.occlusion import ESTIMATOR
from convscope.routing.graph import find_routing
from convscope.routing.occlusion.pieces import Piece, pieces_of
from convscope.simulate.draws import Size
from convscope.simulate.observers import Scenery, observers
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.layout import ReceiverLayout, Slot, SlotKind

SAMPLES = Path(__file__).parents[3] / "sample_data"
CONFIG = AnalysisConfig(routing_source=RoutingSource.OCCLUSION)
SIZE = Size(n_agents=3, n_episodes=60, n_steps=30)


def matrix(graph, column):
    found = np.full((3, 3), np.nan)
    for sender, receiver, value in graph.edges.select("sender", "receiver", column).iter_rows():
        found[graph.agents.index(receiver), graph.agents.index(sender)] = np.nan if value is None else value
    return found


@pytest.mark.parametrize("is_continuous", [False, True])
def test_a_slot_that_is_used_is_an_edge_and_one_that_goes_with_it_is_none(is_continuous):
    rng = np.random.default_rng(3)
    scene = observers(SIZE, rng, scenery=Scenery.FORMATION, n_edges=1, share=0.7, is_continuous=is_continuous)
    graph = find_routing(scene.log, CONFIG)
    assert (matrix(graph, "significant").astype(bool) == scene.edges)[~np.eye(3, dtype=bool)].all()
    weights = matrix(graph, "weight")
    assert weights[scene.edges].min() > 0.05
    assert np.nanmax(weights[~scene.edges]) < 0.02
    assert graph.claim == "uses what it sees of"
    assert {"behaviour-model", "surrogate-sample"} <= {notice.code for notice in graph.notices}
    assert len(graph.halves) == 10
    assert find_routing(scene.log, CONFIG).edges.equals(graph.edges)


@pytest.mark.parametrize("scenery", [Scenery.COMMON, Scenery.NEAREST, Scenery.OPTIONS])
def test_what_goes_together_without_being_used_makes_no_edge(scenery):
    rng = np.random.default_rng(4)
    graph = find_routing(observers(SIZE, rng, scenery=scenery).log, CONFIG)
    assert not graph.edges["significant"].any()
    assert (graph.edges["p_value"] <= 0.05).sum() <= 1


def test_what_is_missing_is_said_plainly():
    log = observers(Size(n_agents=2, n_episodes=4, n_steps=5), np.random.default_rng(0), scenery=Scenery.APART).log
    bare = replace(log, header=replace(log.header, layout=None))
    assert ESTIMATOR.lacking(log.header) is None
    with pytest.raises(UsageError, match=r"no observation layout was given .*--write-layout proposes one"):
        choose_estimators(bare, CONFIG)
    empty = replace(log.header.layout, receivers=(ReceiverLayout(name="all", agents=("agent_0",)),))
    assert "says of no column" in ESTIMATOR.lacking(replace(log.header, layout=empty))


def test_decisions_with_numbers_beyond_measure_are_left_out_and_counted():
    scene = observers(SIZE, np.random.default_rng(3), scenery=Scenery.APART, n_edges=1, share=0.7)
    (source,) = scene.log.sources
    seen = source.columns["observations"].copy()
    seen[::50, 0, 0], seen[::70, 1, 1] = 1e300, np.nan
    broken = replace(scene.log, sources=(replace(source, columns={**source.columns, "observations": seen}),))
    graph = find_routing(broken, CONFIG)
    assert (matrix(graph, "significant").astype(bool) == scene.edges)[~np.eye(3, dtype=bool)].all()
    told = {notice.code: notice.message for notice in graph.notices}
    assert told["rows-unreadable"].startswith("62 sampled decisions")


def test_receivers_without_a_layout_are_named_and_few_decisions_are_not_modelled():
    log = observers(Size(n_agents=3, n_episodes=8, n_steps=5), np.random.default_rng(0), scenery=Scenery.APART).log
    (described,) = log.header.layout.receivers
    layout = replace(log.header.layout, receivers=(replace(described, agents=("agent_0", "agent_1")),))
    graph = find_routing(replace(log, header=replace(log.header, layout=layout)), CONFIG)
    assert graph.edges["p_value"].null_count() == 6
    told = {notice.code: notice.message for notice in graph.notices}
    assert "agent_2" in told["no-layout"]
    assert "Fewer than 200 decisions of agent_0, agent_1" in told["not-computed"]


def test_the_planted_shadow_of_the_sample_log_is_found_with_the_layout_that_inspect_proposes(tmp_path):
    """ally_4's policy reads ally_3; ally_3 follows the package's heuristic, which reads enemies only."""
    log = open_logs(find_logs([SAMPLES / "smax"]))
    path = tmp_path / "layout.toml"
    path.write_text(layout_text(propose_layout(log)), encoding="utf-8")
    config = replace(CONFIG, agents="ally_[34]")
    graph = find_routing(lay_out(log, read_layout(path, log)), config)
    edges = {(e["sender"], e["receiver"]): e for e in graph.edges.iter_rows(named=True)}
    assert edges["ally_3", "ally_4"]["significant"]
    assert edges["ally_3", "ally_4"]["weight"] > 0.1
    assert not edges["ally_4", "ally_3"]["significant"]
    assert "unknown-columns" in {notice.code for notice in graph.notices}


def test_all_columns_of_an_agent_are_one_piece_and_the_receivers_own_are_none():
    slots = (
        Slot(kind=SlotKind.AGENT, agent="a", columns=(0,)),
        Slot(kind=SlotKind.AGENT, agent="b", columns=(1, 2)),
        Slot(kind=SlotKind.OTHER, rank=1, columns=(5,)),
        Slot(kind=SlotKind.NEAREST, rank=1, columns=(7,)),
    )
    layout = ReceiverLayout(name="all", agents=("a", "b"), slots=slots)
    assert pieces_of(layout, 0, ("a", "b")) == (Piece(columns=(1, 2, 5), sender=1), Piece(columns=(7,), rank=1))
    assert pieces_of(layout, 1, ("a", "b")) == (Piece(columns=(0, 5), sender=0), Piece(columns=(7,), rank=1))
