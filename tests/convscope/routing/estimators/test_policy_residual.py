"""Agents' own dice tell influence where a hidden driver fools every test of trajectories; no experiment, no claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.memory import log_from_arrays
from convscope.routing.estimators.policy_residual import ESTIMATOR
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.policies import greedier_than_logged, hidden_driver
from convscope.simulate.redrawn import in_redrawn_slots, role_edges
from convscope.simulate.sharpening import RECEIVER, SENDER, sharpening
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.routing import edge_matrix

CONFIG = AnalysisConfig(routing_source=RoutingSource.POLICY_RESIDUAL)
SIZE = Size(n_agents=5, n_episodes=60, n_steps=40)


def p_values(graph):
    n_agents = len(graph.agents)
    matrix = np.full((n_agents, n_agents), np.nan)
    for sender, receiver, p in graph.edges.select("sender", "receiver", "p_value").iter_rows():
        matrix[graph.agents.index(receiver), graph.agents.index(sender)] = p
    return matrix


@pytest.mark.parametrize(("greed", "least"), [(0.0, 1.0), (0.9, 0.9)])
def test_a_hidden_driver_makes_no_edges_and_true_ones_are_found(greed, least):
    false, true = [], []
    for seed in range(6):
        situation = hidden_driver(SIZE, np.random.default_rng(seed), n_edges=2, greed=greed)
        p = p_values(find_routing(situation.log, CONFIG))
        others = ~np.eye(5, dtype=bool)
        false += (p[others & ~situation.edges] <= 0.05).tolist()
        true += (p[situation.edges] <= 0.05).tolist()
    assert np.mean(false) <= 0.1  # 108 pairs: the upper 99 % point of .05
    assert np.mean(true) >= least


def test_trajectories_alone_hold_back_where_a_hidden_driver_is_as_strong_as_edges():
    situation = hidden_driver(SIZE, np.random.default_rng(0), n_edges=2)
    graph = find_routing(situation.log, AnalysisConfig(routing_source=RoutingSource.TRANSFER_ENTROPY))
    others = ~np.eye(5, dtype=bool) & ~situation.edges
    assert (p_values(graph)[others] > 0.05).all()
    assert "unlogged-common-cause" in {notice.code for notice in graph.notices}


def test_it_is_what_a_log_of_probabilities_gives_unasked():
    situation = hidden_driver(Size(n_agents=3, n_episodes=40, n_steps=10), np.random.default_rng(1))
    graph = find_routing(situation.log)
    assert graph.source is RoutingSource.POLICY_RESIDUAL
    assert graph.claim == "influences"
    assert [other.source for other in graph.comparison.others] == [RoutingSource.TRANSFER_ENTROPY]
    assert "exploration-mass" in {notice.code for notice in graph.notices}


def test_the_weight_is_the_share_of_the_receivers_choice_that_another_toss_changes():
    # The receiver's next probabilities are a half and a half, moved by .2 to the side of the sender's coin: from .3 and
    # .7 after one side to .7 and .3 after the other.
    rng = np.random.default_rng(0)
    coins = rng.integers(2, size=(400, 12))
    follower = np.full((400, 12, 2), 0.5)
    follower[:, 1:, 1] += np.where(coins[:, :-1] == 1, 0.2, -0.2)
    follower[..., 0] = 1 - follower[..., 1]
    drawn = (rng.random((400, 12)) < follower[..., 1]).astype(int)
    actions = np.stack([coins, drawn], axis=-1).reshape(-1, 2, 1).astype(float)
    probabilities = np.stack([np.full((400, 12, 2), 0.5), follower], axis=2).reshape(-1, 2, 2)
    log = log_from_arrays({"actions": actions, "action_probabilities": probabilities}, [12] * 400, ["coin", "copy"])
    graph = find_routing(log, CONFIG)
    weight = edge_matrix(graph.edges, graph.agents)
    assert weight[1, 0] == pytest.approx(0.4, abs=0.01)
    # The coin's probabilities never move: nothing is left that could answer to anybody.
    assert weight[0, 1] == 0
    assert p_values(graph)[0, 1] == 1


def weights_of(log):
    """Return the weight of the pair by checkpoint, and those of all others."""
    edges = find_routing(log, CONFIG).edges_by_run
    is_pair = (edges["sender"] == SENDER) & (edges["receiver"] == RECEIVER)
    return edges.filter(is_pair)["weight"].to_numpy(), edges.filter(~is_pair)["weight"].to_numpy()


def test_weights_rise_with_influence_while_policies_sharpen():
    size, influence = Size(n_agents=3, n_episodes=80, n_steps=25), [0.0, 0.1, 0.2, 0.4, 0.8]
    log = sharpening(size, np.random.default_rng(0), influence=influence, exploration=[1.0, 0.8, 0.5, 0.2, 0.05])
    pair, others = weights_of(log)
    np.testing.assert_allclose(pair, influence, atol=0.06)
    assert np.median(others) < 0.01


@settings(max_examples=8, deadline=None)
@given(
    influence=st.lists(st.integers(0, 9), min_size=3, max_size=3, unique=True).map(sorted),
    exploration=st.lists(st.floats(0.2, 1.0), min_size=3, max_size=3),
    seed=st.integers(0, 1000),
)
def test_weights_follow_planted_influence_whatever_agents_explore(influence, exploration, seed):
    planted = [share / 10 for share in influence]
    size = Size(n_agents=2, n_episodes=60, n_steps=20)
    pair, others = weights_of(sharpening(size, np.random.default_rng(seed), influence=planted, exploration=exploration))
    assert (np.diff(pair) > 0).all()
    np.testing.assert_allclose(pair, planted, atol=0.1)
    assert others.max() < 0.1


def test_answers_that_cancel_over_situations_still_weigh_something():
    log = sharpening(
        Size(n_agents=2, n_episodes=150, n_steps=25),
        np.random.default_rng(1),
        influence=[0.0, 0.3],
        exploration=[0.5, 0.5],
        is_contextual=True,
    )
    pair, _ = weights_of(log)
    assert pair[0] < 0.02
    assert 0.15 < pair[1] < 0.35


def test_logits_are_as_good_as_probabilities():
    situation = hidden_driver(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(2), n_edges=1)
    (block,) = situation.log.blocks(frozenset({"actions", "action_probabilities"}))
    logits = np.log(block.columns["action_probabilities"]) + 3.0
    again = log_from_arrays({"actions": block.columns["actions"], "action_logits": logits}, [20] * 40, ["a", "b", "c"])
    ours, theirs = (p_values(find_routing(log, CONFIG)) for log in (situation.log, again))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_actions_that_are_no_draws_are_refused():
    situation = hidden_driver(SIZE, np.random.default_rng(3))
    with pytest.raises(LogFormatError, match=r"greedier than its logged probabilities.*no experiment"):
        find_routing(greedier_than_logged(situation, 0.3, np.random.default_rng(0)).log, CONFIG)
    (block,) = situation.log.blocks(frozenset({"actions", "action_probabilities"}))
    impossible = block.columns["action_probabilities"].copy()
    impossible[0, 0] = np.eye(5)[(int(block.columns["actions"][0, 0, 0]) + 1) % 5]
    columns = {"actions": block.columns["actions"], "action_probabilities": impossible}
    log = log_from_arrays(columns, situation.log.episodes.length, [agent.name for agent in situation.log.header.agents])
    with pytest.raises(LogFormatError, match="rule out"):
        find_routing(log, CONFIG)
    unasked = find_routing(log)
    assert unasked.source is RoutingSource.TRANSFER_ENTROPY
    assert "source-refused" in {notice.code for notice in unasked.notices}


def test_dice_that_fall_together_bear_no_claim():
    situation = hidden_driver(SIZE, np.random.default_rng(4), has_common_dice=True)
    graph = find_routing(situation.log, CONFIG)
    assert "joint-draws" in {notice.code for notice in graph.notices}
    assert not graph.edges["significant"].any()


def test_agents_without_chance_influence_nobody_this_way():
    situation = hidden_driver(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(5), greed=1.0)
    graph = find_routing(situation.log, CONFIG)
    assert "no-exploration" in {notice.code for notice in graph.notices}
    assert graph.edges["p_value"].null_count() == len(graph.edges)


def test_shuffled_episodes_say_the_same_within_rounding():
    situation = hidden_driver(Size(n_agents=3, n_episodes=60, n_steps=80), np.random.default_rng(6), n_edges=1)
    (block,) = situation.log.blocks(frozenset({"actions", "action_probabilities"}))
    order = np.random.default_rng(0).permutation(60)
    rows = np.concatenate([np.arange(80 * e, 80 * e + 80) for e in order])
    columns = {name: block.columns[name][rows] for name in ("actions", "action_probabilities")}
    again = log_from_arrays(columns, [80] * 60, [agent.name for agent in situation.log.header.agents])
    ours, theirs = (find_routing(log, CONFIG) for log in (situation.log, again))
    np.testing.assert_allclose(p_values(ours), p_values(theirs), rtol=1e-6, atol=1e-9)


def test_what_it_needs_is_said():
    log = log_from_arrays({"actions": np.zeros((4, 2, 1))}, [4], ["a", "b"])
    assert ESTIMATOR.lacking(log.header) == "the log holds no action probabilities or logits"


def test_actions_that_somebody_else_chose_are_no_draws_and_do_not_refuse_the_others():
    situation = hidden_driver(SIZE, np.random.default_rng(3), n_edges=1)
    (block,) = situation.log.blocks(frozenset({"actions", "action_probabilities"}), max_bytes=1 << 40)
    is_frozen = np.random.default_rng(4).random(block.status.shape) < 0.2
    columns = dict(block.columns) | {"actions": np.where(is_frozen[..., None], 0.0, block.columns["actions"])}
    names = [agent.name for agent in situation.log.header.agents]
    with pytest.raises(LogFormatError, match="acts"):
        find_routing(log_from_arrays(columns, situation.log.episodes.length, names), CONFIG)
    columns["interventions"] = is_frozen.astype(float)
    graph = find_routing(log_from_arrays(columns, situation.log.episodes.length, names), CONFIG)
    assert graph.source is RoutingSource.POLICY_RESIDUAL
    assert (p_values(graph)[situation.edges] <= 0.05).all()


def test_roles_in_slots_that_are_filled_anew_answer_to_roles():
    situation = hidden_driver(Size(n_agents=6, n_episodes=40, n_steps=30), np.random.default_rng(1), n_edges=3)
    graph = find_routing(in_redrawn_slots(situation, "aabbcc", np.random.default_rng(0)), CONFIG)
    claimed = set(graph.role_edges.filter(graph.role_edges["significant"]).select("sender", "receiver").rows())
    assert claimed == role_edges(situation, "aabbcc")
    assert not graph.edges["significant"].any()


def test_a_role_of_one_agent_answers_as_the_agent_does():
    log = sharpening(
        Size(n_agents=2, n_episodes=80, n_steps=25), np.random.default_rng(0), influence=[0.4], exploration=[0.5]
    )
    (block,) = log.blocks(frozenset({"actions", "action_probabilities"}), max_bytes=1 << 40)
    roles = {SENDER: "speaker", RECEIVER: "listener"}
    named = log_from_arrays(block.columns, log.episodes.length, list(roles), declared_roles=roles)
    graph = find_routing(named, CONFIG)
    weights = {tuple(pair): weight for *pair, weight in graph.role_edges.select("sender", "receiver", "weight").rows()}
    # No role has another agent of its own.
    assert set(weights) == {("speaker", "listener"), ("listener", "speaker")}
    assert weights["speaker", "listener"] == pytest.approx(0.4, abs=0.05)
