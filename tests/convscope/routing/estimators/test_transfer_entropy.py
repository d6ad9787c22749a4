"""Transfer entropy finds who predicts whom, and nothing where there is nothing."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.predictive import plan
from convscope.simulate.draws import Size
from convscope.simulate.situations import (
    EDGE_FREE,
    WITH_HIDDEN_CAUSE,
    chain,
    copy_channel,
    independent,
    leader_follower,
    logged_driver,
    shared_schedule,
    unlogged_driver,
)
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTION_MASKS, ACTIONS, ATTENTION, POSITIONS
from convscope.values.status import Status

CONFIG = AnalysisConfig(n_permutations=199)
"""Situations with a common cause that the log does not show."""


def figures(graph, column):
    """Return a column of the edges as a matrix, receiver by sender."""
    place = {name: number for number, name in enumerate(graph.agents)}
    matrix = np.full((len(place), len(place)), np.nan)
    for edge in graph.edges.iter_rows(named=True):
        matrix[place[edge["receiver"]], place[edge["sender"]]] = np.nan if edge[column] is None else edge[column]
    return matrix


def routing(log, config=CONFIG):
    graph = find_routing(log, config)
    assert graph is not None
    return graph


def codes(graph):
    return {notice.code for notice in graph.notices}


def held(log, field=ACTIONS):
    return np.concatenate([block.columns[field] for block in log.blocks(frozenset({field}))])


@pytest.mark.parametrize("name", EDGE_FREE)
def test_nothing_is_found_where_there_is_nothing(name):
    size = Size(n_agents=5, n_episodes=60, n_steps=40)
    graphs = [routing(EDGE_FREE[name](size, generator(seed, name)).log) for seed in range(4)]
    p = np.concatenate([graph.edges["p_value"].to_numpy() for graph in graphs])
    # 80 pairs at level .05: more than 10 happen once in a thousand times.
    assert (p <= 0.05).sum() <= 10
    if name not in WITH_HIDDEN_CAUSE:
        weights = np.concatenate([graph.edges["weight"].to_numpy() for graph in graphs])
        assert weights.mean() == pytest.approx(0, abs=0.002)
    assert all(("unlogged-common-cause" in codes(graph)) >= (name in WITH_HIDDEN_CAUSE) for graph in graphs)


def test_a_logged_driver_is_seen_through_where_memory_allows_one_step_back_only(monkeypatch):
    # Half of the agents follow the driver two steps later.
    monkeypatch.setattr(plan, "_MOST_BYTES", 64 << 10)
    log = logged_driver(Size(n_agents=5, n_episodes=60, n_steps=40), generator(0, "driver")).log
    assert (routing(log).edges["p_value"] <= 0.05).sum() <= 4


def test_p_is_uniform_on_independent_agents():
    size = Size(n_agents=4, n_episodes=40, n_steps=20)
    logs = [independent(size, generator(seed, "uniform")).log for seed in range(25)]
    p = np.concatenate([routing(log).edges["p_value"].to_numpy() for log in logs])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("simulator", [leader_follower, chain])
def test_edges_are_found_and_the_indirect_ones_are_not(simulator):
    situation = simulator(Size(n_agents=4), generator(0, "edges"))
    graph = routing(situation.log)
    assert (figures(graph, "p_value")[situation.edges] <= 0.05).all()
    weight = figures(graph, "weight")
    assert weight[situation.edges].min() > np.nanmax(np.where(situation.edges, np.nan, weight))
    assert (graph.claim, graph.unit) == ("precedes and predicts", "bits per step")


@pytest.mark.parametrize(("error", "nats"), [(0.0, 1.3863), (0.2, 0.6662), (0.75, 0.0)])
def test_the_copy_channel_has_its_entropy(error, nats):
    log = copy_channel(Size(n_agents=2, n_episodes=200, n_steps=100), generator(0, "copy"), error=error).log
    weight = figures(routing(log), "weight")
    assert weight[1, 0] * np.log(2) == pytest.approx(nats, abs=0.01)
    assert weight[0, 1] == pytest.approx(0, abs=0.002)


def test_a_gaussian_process_has_its_closed_form():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(100, 101, 2))
    sent = noise[:, :, 0]
    received = 0.5 * np.concatenate([np.zeros((100, 1)), sent[:, :-1]], axis=1) + noise[:, :, 1]
    actions = np.stack([sent, received], axis=2)[:, 1:].reshape(-1, 2, 1)
    weight = figures(routing(log_from_arrays({ACTIONS: actions}, [100] * 100, ["a", "b"])), "weight")
    # Half the log of the ratio of variances: 1.25 without the sender's past, 1 with it.
    assert weight[1, 0] == pytest.approx(0.5 * np.log2(1.25), abs=0.01)
    assert weight[0, 1] == pytest.approx(0, abs=0.002)


@pytest.mark.parametrize("n_episodes", [60, 600])
def test_the_order_of_episodes_and_the_cut_into_blocks_change_not_one_bit(n_episodes):
    rng = np.random.default_rng(1)
    log = leader_follower(Size(n_agents=3, n_episodes=n_episodes, n_steps=12), rng).log
    actions, order = held(log).reshape(n_episodes, 12, 3, 1), rng.permutation(n_episodes)
    places = rng.normal(size=(n_episodes, 12, 3, 2))
    logs = [
        log_from_arrays(
            {ACTIONS: actions[o].reshape(-1, 3, 1), POSITIONS: places[o].reshape(-1, 3, 2)},
            [12] * n_episodes,
            list("abc"),
        )
        for o in (np.arange(n_episodes), order)
    ]
    first = routing(logs[0])
    second = routing(logs[1], AnalysisConfig(n_permutations=199, max_block_bytes=3000))
    assert second.edges.equals(first.edges)
    assert second.tallies.mass.tobytes() == first.tallies.mass.tobytes()


def test_renaming_agents_renames_the_edges():
    log = leader_follower(Size(n_agents=4, n_episodes=80, n_steps=40), np.random.default_rng(2)).log
    order = [2, 0, 3, 1]
    renamed = log_from_arrays({ACTIONS: held(log)[:, order]}, [40] * 80, ["agent_2", "agent_0", "agent_3", "agent_1"])
    before, after = (figures(routing(each), "weight") for each in (log, renamed))
    assert after == pytest.approx(before[np.ix_(order, order)], abs=1e-6, nan_ok=True)


def test_what_happens_after_death_and_in_padding_changes_not_one_bit():
    rng = np.random.default_rng(3)
    actions = held(independent(Size(n_agents=3, n_episodes=40, n_steps=20), rng).log)
    status = np.full((800, 3), Status.ACTING, dtype=np.uint8)
    status.reshape(40, 20, 3)[:20, 12:, 1] = Status.DEAD
    is_dead = status == Status.DEAD
    logs = [
        log_from_arrays({ACTIONS: np.where(is_dead[:, :, None], junk, actions)}, [20] * 40, list("abc"), status=status)
        for junk in (np.nan, 0.0, 4.0)
    ]
    first, *others = (routing(log).edges for log in logs)
    assert all(other.equals(first) for other in others)


def test_the_seam_between_episodes_is_never_crossed():
    # Every episode begins with what another agent did last in the one before.
    rng = np.random.default_rng(4)
    actions = rng.integers(5, size=(300, 6, 3))
    actions[1:, 0] = np.roll(actions[:-1, -1], 1, axis=1)
    log = log_from_arrays({ACTIONS: actions.reshape(-1, 3, 1).astype(float)}, [6] * 300, list("abc"))
    assert not routing(log).edges["significant"].any()


def test_agents_without_a_choice_are_not_samples():
    rng = np.random.default_rng(5)
    actions = held(independent(Size(n_agents=3, n_episodes=40, n_steps=20), rng).log)
    masks = np.ones((800, 3, 5))
    # Where only one action is legal the receiver takes what the sender took before; that is the mask's doing.
    forced = np.flatnonzero((np.arange(800) % 20 > 0) & (rng.random(800) < 0.3))
    actions[forced, 1] = actions[forced - 1, 0]
    masks[forced, 1] = np.arange(5) == actions[forced, 1]
    log = log_from_arrays({ACTIONS: actions, ACTION_MASKS: masks}, [20] * 40, list("abc"))
    assert not routing(log).edges["significant"].any()


def test_few_episodes_are_tested_by_tables_and_it_is_said():
    situation = leader_follower(Size(n_agents=2, n_episodes=10, n_steps=200), np.random.default_rng(6), share=0.3)
    graph = routing(situation.log)
    assert figures(graph, "p_value")[1, 0] < 0.01
    assert figures(graph, "weight")[1, 0] > 0.02 > figures(graph, "weight")[0, 1]
    assert "table-null" in codes(graph)


def test_tables_claim_no_edge_and_say_that_a_schedule_can_fake_them():
    log = shared_schedule(Size(n_agents=4, n_episodes=10, n_steps=200), np.random.default_rng(6)).log
    roles = [["x", "x", "y", "y"]] * 10
    graph = routing(log_from_arrays({ACTIONS: held(log)}, [200] * 10, list("abcd"), declared_roles=roles))
    assert (graph.edges["p_value"] < 0.01).any()
    assert graph.role_edges is not None
    for edges in (graph.edges, graph.edges_by_run, graph.role_edges):
        assert not edges["significant"].any()
    said = {notice.code: notice.message for notice in graph.notices}
    assert "no edge is claimed" in said["table-null"]
    assert "schedules, layouts and other agents are not accounted for" in said["transfer-entropy-design"]


def test_slower_influence_than_was_looked_for_is_said():
    graph = routing(independent(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(15)).log)
    (design,) = [notice.message for notice in graph.notices if notice.code == "transfer-entropy-design"]
    assert design.endswith("Senders are looked at 1 step back; slower influence was not tested.")


def test_few_episodes_of_continuous_actions_are_not_tested():
    actions = np.random.default_rng(7).normal(size=(200, 2, 1))
    graph = routing(log_from_arrays({ACTIONS: actions}, [20] * 10, ["a", "b"]))
    assert graph.edges["p_value"].null_count() == 2
    assert "not-computed" in codes(graph)


def test_a_constant_agent_has_no_data_rather_than_no_influence():
    actions = held(independent(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(8)).log)
    actions[:, 1] = 2.0
    graph = routing(log_from_arrays({ACTIONS: actions}, [20] * 40, list("abc")))
    weight = figures(graph, "weight")
    assert np.isnan(weight[0, 1])
    assert np.isnan(weight[1, 0])
    assert np.isfinite(weight[0, 2])
    assert "no-data" in codes(graph)


@pytest.mark.parametrize("n_episodes", [10, 40])
def test_where_nobody_varies_there_is_no_data_rather_than_a_failure(n_episodes):
    actions = np.full((20 * n_episodes, 3, 1), 2.0)
    graph = routing(log_from_arrays({ACTIONS: actions}, [20] * n_episodes, list("abc")))
    assert graph.edges["weight"].null_count() == 6
    assert "no-data" in codes(graph)


def test_constant_actions_do_not_stand_in_the_way_of_another_source():
    columns = {ACTIONS: np.full((800, 3, 1), 2.0), ATTENTION: np.random.default_rng(8).random((800, 1, 3, 3))}
    graph = routing(log_from_arrays(columns, [20] * 40, list("abc")))
    assert [agreement.correlation for agreement in graph.comparison.agreements] == [None]


@pytest.mark.parametrize("n_episodes", [10, 60])
def test_where_agents_take_turns_the_weight_is_withheld_and_it_is_said(n_episodes):
    rng = np.random.default_rng(18)
    actions = rng.integers(4, size=(n_episodes, 40, 2)).astype(float)
    is_copying = rng.random((n_episodes, 20)) < 0.6
    actions[:, 1::2, 1] = np.where(is_copying, actions[:, ::2, 0], actions[:, 1::2, 1])
    status = np.full(actions.shape, Status.WAITING, dtype=np.uint8)
    status[:, ::2, 0] = status[:, 1::2, 1] = Status.ACTING
    held_by_turn = np.where(status == Status.ACTING, actions, np.nan).reshape(-1, 2, 1)
    log = log_from_arrays({ACTIONS: held_by_turn}, [40] * n_episodes, ["a", "b"], status=status.reshape(-1, 2))
    graph = routing(log)
    assert graph.edges["weight"].null_count() == 2
    assert "agents-take-turns" in codes(graph)
    assert "no-data" not in codes(graph)


def test_agents_in_lockstep_have_no_data():
    actions = held(independent(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(9)).log)
    actions[:, 1] = actions[:, 0]
    weight = figures(routing(log_from_arrays({ACTIONS: actions}, [20] * 40, list("abc"))), "weight")
    assert np.isnan(weight[2, :2]).all()


def test_agents_in_lockstep_are_named_as_a_set():
    actions = held(independent(Size(n_agents=4, n_episodes=40, n_steps=20), np.random.default_rng(9)).log)
    actions[:, 1] = (actions[:, 0] + 1) % 5
    (notice,) = [
        notice
        for notice in routing(log_from_arrays({ACTIONS: actions}, [20] * 40, list("abcd"))).notices
        if notice.code == "lockstep"
    ]
    assert notice.message.startswith("In lockstep: a and b.")


def test_a_sender_without_dice_is_refused():
    rng = np.random.default_rng(19)
    actions = held(independent(Size(n_agents=3, n_episodes=60, n_steps=40), rng).log).reshape(60, 40, 3)
    # The second agent does what the first did a step before, but for one step in four hundred.
    errs = rng.random((60, 39)) < 0.0025
    actions[:, 1:, 1] = np.where(errs, actions[:, 1:, 1], actions[:, :-1, 0])
    graph = routing(log_from_arrays({ACTIONS: actions.reshape(-1, 3, 1)}, [40] * 60, list("abc")))
    p = figures(graph, "p_value")
    assert np.isnan(p[[0, 2], 1]).all()
    assert p[1, 0] < 0.01
    assert "near-deterministic" in codes(graph)


def test_shares_and_intervals_stand_beside_the_weight():
    situation = leader_follower(Size(n_agents=4, n_episodes=100, n_steps=50), np.random.default_rng(20), share=0.2)
    edges = routing(situation.log).edges
    assert (edges["low"] <= edges["weight"]).all()
    assert (edges["weight"] <= edges["high"]).all()
    place = {f"agent_{number}": number for number in range(4)}
    pairs = edges.select("receiver", "sender").iter_rows()
    found = edges.filter([bool(situation.edges[place[receiver], place[sender]]) for receiver, sender in pairs])
    assert found["significant"].all()
    assert (found["weight"] > found["smallest_detectable"]).all()
    # A follower draws anew every other step: its next action is open by less than the log of five actions.
    entropy = (edges["weight"] / edges["share"]).to_numpy()
    assert ((entropy > 1.5) & (entropy < np.log2(5))).all()


def test_an_unlogged_driver_lights_the_warning_and_independent_agents_do_not():
    size = Size(n_agents=3, n_episodes=60, n_steps=40)
    assert "unlogged-common-cause" in codes(routing(unlogged_driver(size, np.random.default_rng(10)).log))
    assert "unlogged-common-cause" not in codes(routing(independent(size, np.random.default_rng(11)).log))


def test_runs_with_opposite_conventions_do_not_cancel():
    rng = np.random.default_rng(12)
    sent = rng.integers(2, size=(80, 20))
    before = np.concatenate([rng.integers(2, size=(80, 1)), sent[:, :-1]], axis=1)
    is_copying = rng.random((80, 20)) < 0.2
    copied = np.where(np.arange(80)[:, None] < 40, before, 1 - before)
    received = np.where(is_copying, copied, rng.integers(2, size=(80, 20)))
    actions = np.stack([sent, received], axis=2).reshape(-1, 2, 1).astype(float)
    graph = routing(log_from_arrays({ACTIONS: actions}, [20] * 80, ["a", "b"], runs=["x"] * 40 + ["y"] * 40))
    assert figures(graph, "p_value")[1, 0] < 0.01
    assert graph.edges_by_run.height == 4


def test_a_schedule_shared_by_few_episodes_of_several_runs_is_no_influence():
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        schedule = rng.integers(5, size=(1, 50, 1))
        actions = np.where(rng.random((50, 50, 4)) < 0.85, schedule, rng.integers(5, size=(50, 50, 4)))
        runs = [f"run_{number // 10}" for number in range(50)]
        log = log_from_arrays({ACTIONS: actions.reshape(-1, 4, 1).astype(float)}, [50] * 50, list("abcd"), runs=runs)
        found.append(routing(log).edges["p_value"].to_numpy())
    # 36 pairs at level .05: more than 5 happen once in a hundred times.
    assert (np.concatenate(found) <= 0.05).sum() <= 5


def test_role_edges_follow_roles_that_are_redrawn():
    rng = np.random.default_rng(13)
    actions = rng.integers(4, size=(120, 20, 3))
    roles = [list(rng.permutation(["boss", "hand", "idle"])) for _ in range(120)]
    for episode, row in enumerate(roles):
        boss, hand = row.index("boss"), row.index("hand")
        copies = np.flatnonzero(rng.random(19) < 0.4) + 1
        actions[episode, copies, hand] = actions[episode, copies - 1, boss]
    log = log_from_arrays(
        {ACTIONS: actions.reshape(-1, 3, 1).astype(float)}, [20] * 120, list("abc"), declared_roles=roles
    )
    edges = routing(log).role_edges
    assert edges is not None
    significant = edges.filter(edges["significant"]).select("sender", "receiver").rows()
    assert significant == [("boss", "hand")]
    assert not routing(log).edges["significant"].any()


def test_what_pairs_of_agents_show_too_weakly_their_roles_show_together():
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        actions = rng.integers(5, size=(60, 40, 6))
        # Each of the last three copies, now and then, any of the first three.
        led = np.take_along_axis(actions[:, :-1, :3], rng.integers(3, size=(60, 39, 3)), axis=2)
        actions[:, 1:, 3:] = np.where(rng.random((60, 39, 3)) < 0.1, led, actions[:, 1:, 3:])
        roles = [list("xxxyyy")] * 60
        log = log_from_arrays(
            {ACTIONS: actions.reshape(-1, 6, 1).astype(float)}, [40] * 60, list("abcdef"), declared_roles=roles
        )
        graph = routing(log)
        assert graph.role_edges is not None
        significant = graph.role_edges.filter(graph.role_edges["significant"])
        found.append(("x", "y") in significant.select("sender", "receiver").rows())
    assert sum(found) >= 4


def test_role_preference_from_trajectories_is_on_the_scale_of_shares():
    rng = np.random.default_rng(17)
    declared = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]])
    role = np.repeat([0, 1, 2], 2)
    share = np.where(np.eye(6, dtype=bool), 0.0, declared[role[:, None], role])
    share /= share.sum(axis=1, keepdims=True)
    actions = rng.integers(4, size=(120, 50, 6))
    for step in range(1, 50):
        for agent in range(6):
            mate = rng.choice(6, size=120, p=share[agent])
            copied = actions[np.arange(120), step - 1, mate]
            actions[:, step, agent] = np.where(rng.random(120) < 0.6, copied, actions[:, step, agent])
    log = log_from_arrays(
        {ACTIONS: actions.reshape(-1, 6, 1).astype(float)},
        [50] * 120,
        list("abcdef"),
        declared_roles=[list("xxyyzz")] * 120,
    )
    preference = routing(log).preference
    assert preference is not None
    assert preference.matrix == pytest.approx(declared, abs=0.1)


def test_tallies_and_halves_divide_each_receivers_weight():
    log = chain(Size(n_agents=3, n_episodes=40, n_steps=30), np.random.default_rng(14)).log
    graph = routing(log)
    assert graph.tallies.mass.sum(axis=1) == pytest.approx(1)
    assert len(graph.halves) == 10
    assert all(half.mass.sum(axis=1) == pytest.approx(1) for halves in graph.halves for half in halves)


def test_a_single_run_is_its_own_combination():
    graph = routing(independent(Size(n_agents=3, n_episodes=40, n_steps=20), np.random.default_rng(15)).log)
    assert graph.edges.drop("run", "checkpoint").equals(graph.edges_by_run.drop("run", "checkpoint"))


def test_only_analysed_agents_have_edges_and_the_others_are_conditions():
    # The first agent moves both others, the third a step later than the second.
    rng = np.random.default_rng(16)
    actions = rng.integers(3, size=(100, 30, 3))
    actions[:, 1:, 1] = np.where(rng.random((100, 29)) < 0.5, actions[:, :-1, 0], actions[:, 1:, 1])
    actions[:, 2:, 2] = np.where(rng.random((100, 28)) < 0.5, actions[:, :-2, 0], actions[:, 2:, 2])
    places = np.cumsum(actions, axis=1).reshape(-1, 3, 1)
    columns = {ACTIONS: actions.reshape(-1, 3, 1).astype(float), POSITIONS: places.astype(float)}
    graph = find_routing(log_from_arrays(columns, [30] * 100, list("abc")), AnalysisConfig(agents="[bc]"))
    assert graph is not None
    assert graph.agents == ("b", "c")
    assert graph.edges.height == 2
