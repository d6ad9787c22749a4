"""Routing from logged weights: who gets more than the even share."""

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.memory import log_from_arrays
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.situations import independent
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, ATTENTION, GATES, PAIR_MESSAGES
from convscope.values.routing import RoutingTallies
from convscope.values.status import Status

AGENTS = ["a", "b", "c", "d"]
CONFIG = AnalysisConfig(n_permutations=199)


def noisy(n_rows, rng, favour=0.0):
    """Weights that favour, for receiver a, sender b."""
    weights = rng.random((n_rows, 2, 4, 4))
    weights[:, :, 0, 1] += favour
    return weights


def attention_log(weights, lengths, **options):
    return log_from_arrays({ATTENTION: weights}, lengths, AGENTS, **options)


def edge(graph, sender, receiver):
    (row,) = [e for e in graph.edges.iter_rows(named=True) if (e["sender"], e["receiver"]) == (sender, receiver)]
    return row


def assert_equal_tallies(first: RoutingTallies, second: RoutingTallies):
    for name in ("run", "unit", "receiver", "valid", "mass", "n_steps", "roles"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_a_favoured_sender_is_found_with_its_share():
    rng = np.random.default_rng(0)
    weights = np.ones((40, 1, 4, 4))
    weights[:, 0, 0, 1] = 3.0
    weights *= 1 + 0.01 * rng.random((40, 1, 4, 4))
    graph = find_routing(attention_log(weights, [4] * 10), CONFIG)
    assert graph is not None
    assert (graph.source.value, graph.claim) == ("attention", "attends to")
    assert edge(graph, "b", "a")["weight"] == pytest.approx(0.6, abs=0.01)
    assert edge(graph, "b", "a")["significant"]
    assert not edge(graph, "c", "a")["significant"]


def test_under_six_episodes_there_is_no_p():
    graph = find_routing(attention_log(noisy(20, np.random.default_rng(0), favour=9), [4] * 5), CONFIG)
    assert graph is not None
    assert graph.edges["p_value"].null_count() == 12
    assert not graph.edges["significant"].any()


def test_p_is_uniform_for_role_blind_attention():
    rng = np.random.default_rng(1)
    p = np.concatenate(
        [find_routing(attention_log(noisy(60, rng), [3] * 20), CONFIG).edges["p_value"].to_numpy() for _ in range(60)]
    )
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize("junk", [np.nan, 1e300])
def test_padding_and_the_dead_change_not_one_bit(junk):
    rng = np.random.default_rng(2)
    status = np.where(rng.random((60, 4)) < 0.2, Status.DEAD, Status.ACTING).astype(np.uint8)
    is_acting = status == Status.ACTING
    is_valid = is_acting[:, None, :, None] & is_acting[:, None, None, :]
    weights = noisy(60, rng)
    clean = find_routing(attention_log(np.where(is_valid, weights, 0.0), [6] * 10, status=status), CONFIG)
    padded = find_routing(attention_log(np.where(is_valid, weights, junk), [6] * 10, status=status), CONFIG)
    assert clean is not None
    assert padded is not None
    assert padded.edges.equals(clean.edges)
    assert_equal_tallies(padded.tallies, clean.tallies)


@pytest.mark.parametrize("n_episodes", [20, 700])
def test_the_order_of_episodes_and_the_cut_into_blocks_change_not_one_bit(n_episodes):
    rng = np.random.default_rng(3)
    weights = noisy(3 * n_episodes, rng).reshape(n_episodes, 3, 2, 4, 4)
    order = rng.permutation(n_episodes)
    first = find_routing(attention_log(weights.reshape(-1, 2, 4, 4), [3] * n_episodes), CONFIG)
    config = AnalysisConfig(n_permutations=199, max_block_bytes=5000)
    second = find_routing(attention_log(weights[order].reshape(-1, 2, 4, 4), [3] * n_episodes), config)
    assert first is not None
    assert second is not None
    assert second.edges.equals(first.edges)
    assert_equal_tallies(second.tallies, first.tallies)


def test_runs_weigh_the_same_whatever_their_length():
    weights = np.ones((30, 1, 4, 4))
    weights[:24, 0, 0, 1], weights[24:, 0, 0, 1] = 2.0, 7.0
    log = attention_log(weights, [1] * 30, runs=["x"] * 24 + ["y"] * 6)
    graph = find_routing(log, CONFIG)
    assert graph is not None
    assert edge(graph, "b", "a")["weight"] == pytest.approx((2 / 4 + 7 / 9) / 2)
    assert sorted(set(graph.edges_by_run["run"])) == ["x", "y"]


def test_edges_describe_the_last_checkpoint_and_the_tables_all():
    weights = np.ones((20, 1, 4, 4))
    weights[10:, 0, 0, 1] = 7.0
    graph = find_routing(attention_log(weights, [1] * 20, checkpoints=["early"] * 10 + ["late"] * 10), CONFIG)
    assert graph is not None
    assert edge(graph, "b", "a")["weight"] == pytest.approx(7 / 9)
    assert graph.edges_by_run["checkpoint"].to_list() == ["early"] * 12 + ["late"] * 12


def test_where_roles_are_redrawn_the_role_edges_carry_the_claim():
    rng = np.random.default_rng(4)
    roles = [list(rng.permutation(["boss", "boss", "hand", "hand"])) for _ in range(30)]
    weights = rng.random((60, 1, 4, 4)) * 0.1 + 1
    for episode, row in enumerate(roles):
        looks = np.array([[a == "hand" and b == "boss" for b in row] for a in row])
        weights[2 * episode : 2 * episode + 2, 0] += 4 * looks
    graph = find_routing(attention_log(weights, [2] * 30, declared_roles=roles), CONFIG)
    assert graph is not None
    assert graph.role_edges is not None
    found = {(e["sender"], e["receiver"]): e for e in graph.role_edges.iter_rows(named=True)}
    assert found["boss", "hand"]["significant"]
    assert found["boss", "hand"]["weight"] == pytest.approx(10 / 11, abs=0.02)
    assert not found["hand", "boss"]["significant"]
    assert "identities-redrawn" in {notice.code for notice in graph.notices}


def test_where_roles_are_fixed_role_edges_carry_no_p_and_it_is_said():
    # Who attends to whom is drawn once, blind to roles: every episode repeats the same pairs.
    rng = np.random.default_rng(7)
    weights = np.repeat(rng.random((1, 1, 4, 4)), 60, axis=0) + 0.01 * rng.random((60, 1, 4, 4))
    roles = [["boss", "boss", "hand", "hand"]] * 30
    graph = find_routing(attention_log(weights, [2] * 30, declared_roles=roles), CONFIG)
    assert graph is not None
    assert graph.role_edges is not None
    assert graph.role_edges["p_value"].null_count() == 4
    assert graph.role_edges["weight"].null_count() == 0
    assert not graph.role_edges["significant"].any()
    assert "roles-fixed" in {notice.code for notice in graph.notices}


def test_halves_are_two_parts_of_the_whole():
    graph = find_routing(attention_log(noisy(40, np.random.default_rng(5)), [4] * 10), CONFIG)
    assert graph is not None
    for first, second in graph.halves:
        assert set(first.unit) | set(second.unit) == set(range(10))
        assert len(set(first.unit)) == 5
        assert first.mass.sum() + second.mass.sum() == pytest.approx(graph.tallies.mass.sum())


def test_gates_and_pair_messages_have_their_own_words():
    gates = log_from_arrays({GATES: np.ones((6, 4, 4))}, [1] * 6, AGENTS)
    messages = log_from_arrays({PAIR_MESSAGES: np.ones((6, 3, 4, 4))}, [1] * 6, AGENTS)
    claims = [graph.claim for graph in map(find_routing, (gates, messages)) if graph is not None]
    assert claims == ["listens to", "is sent messages by"]


def test_shut_gates_are_counted_and_said():
    gates = np.ones((8, 4, 4))
    gates[:2, 0] = 0.0
    graph = find_routing(log_from_arrays({GATES: gates}, [1] * 8, AGENTS))
    assert graph is not None
    (notice,) = [notice for notice in graph.notices if notice.code == "rows-all-zero"]
    assert notice.message == "2 of 32 rows of gate were left out because all weights are 0."


def test_scores_before_a_softmax_are_refused_or_left_out():
    rng = np.random.default_rng(8)
    scores = rng.normal(size=(200, 1, 4, 4))
    with pytest.raises(LogFormatError, match="scores before a softmax, not weights"):
        find_routing(attention_log(scores, [10] * 20), CONFIG)
    actions = rng.integers(3, size=(200, 4, 1)).astype(float)
    graph = find_routing(log_from_arrays({ACTIONS: actions, ATTENTION: scores}, [10] * 20, AGENTS), CONFIG)
    assert graph is not None
    assert graph.source.value == "transfer-entropy"
    assert "source-refused" in {notice.code for notice in graph.notices}


def test_the_second_source_is_compared():
    rng = np.random.default_rng(6)
    actions = independent(Size(n_agents=4, n_episodes=20, n_steps=10), rng).log
    held = next(iter(actions.blocks(frozenset({ACTIONS})))).columns[ACTIONS]
    log = log_from_arrays({ACTIONS: held, ATTENTION: noisy(200, rng)}, [10] * 20, AGENTS)
    graph = find_routing(log, CONFIG)
    assert graph is not None
    (compared,) = graph.comparison.others
    assert compared.source.value == "transfer-entropy"
    (agreement,) = graph.comparison.agreements
    assert agreement.p_value is not None
