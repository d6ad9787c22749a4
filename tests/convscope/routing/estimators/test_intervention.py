"""What receivers do when a sender is meddled with: found where it is influence, and nowhere else."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.intervention.redraw import Chances, redrawn_p
from convscope.simulate.draws import Size
from convscope.simulate.interventions import Experiment, Way, experiment
from convscope.simulate.redrawn import in_redrawn_slots, role_edges
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS, ATTENTION, INTERVENTIONS, PAIR_INTERVENTIONS
from convscope.values.routing import edge_matrix
from convscope.values.status import Status

CONFIG = AnalysisConfig(routing_source=RoutingSource.INTERVENTION, n_permutations=199)
SIZE = Size(n_agents=4, n_episodes=80, n_steps=30)


def edges_of(graph):
    return {(e["sender"], e["receiver"]): e for e in graph.edges.iter_rows(named=True)}


def codes(graph):
    return {notice.code for notice in graph.notices}


def rates(how, seeds, size=SIZE):
    """Share of pairs without and with an edge whose p is at most .05, and how often no edge was claimed."""
    false, true, refused = [], [], []
    for seed in seeds:
        situation = experiment(size, np.random.default_rng(seed), how=how)
        graph = find_routing(situation.log, CONFIG)
        refused.append("interventions-not-random" in codes(graph))
        for (sender, receiver), edge in edges_of(graph).items():
            is_edge = situation.edges[graph.agents.index(receiver), graph.agents.index(sender)]
            if edge["p_value"] is not None:
                (true if is_edge else false).append(edge["p_value"] <= 0.05)
    return np.mean(false), np.mean(true), np.mean(refused)


def arms(n_episodes=8, n_steps=5, **declared):
    """The receiver takes action 1 in every step of the episodes in which the sender is frozen, else 0."""
    is_frozen = np.repeat(np.arange(n_episodes) % 2, n_steps)
    actions = np.stack([np.zeros(len(is_frozen)), is_frozen], axis=1)[..., None]
    actions[::n_steps, 1] = 0  # an episode's first step comes before any trace of it
    columns = {ACTIONS: actions, INTERVENTIONS: np.stack([is_frozen, np.zeros(len(is_frozen))], axis=1)}
    return log_from_arrays(columns, [n_steps] * n_episodes, ["sender", "receiver"], **declared)


@pytest.mark.parametrize("is_declared", [False, True])
def test_influence_hangs_on_a_draw_that_the_log_must_declare(is_declared):
    graph = find_routing(arms(interventions_randomized=is_declared), CONFIG)
    assert ("if interventions were drawn at random" in graph.claim) == (not is_declared)
    assert ("interventions-declared-random" in codes(graph)) == is_declared


def test_a_receiver_that_always_does_something_else_has_weight_one():
    graph = find_routing(arms(interventions_randomized=True), CONFIG)
    edge = edges_of(graph)["sender", "receiver"]
    assert (graph.source.value, graph.claim, graph.unit) == ("intervention", "influences", "share of actions changed")
    assert edge["weight"] == pytest.approx(1.0)
    # Two of the 70 ways to deal four labels to eight episodes are as extreme.
    assert edge["p_value"] == pytest.approx(2 / 70, abs=0.03)
    assert edges_of(graph)["receiver", "sender"]["p_value"] is None
    assert "senders-untested" in codes(graph)


@pytest.mark.parametrize("way", [Way.COIN, Way.LATE, Way.BLOCK, Way.EPISODE])
@pytest.mark.parametrize("cuts_channels", [False, True])
def test_hidden_drivers_memory_and_schedules_make_no_edges(way, cuts_channels):
    false, _, refused = rates(Experiment(way=way, n_edges=1, cuts_channels=cuts_channels), range(8))
    assert false <= 0.14  # 88 pairs: the upper 99.5 % point of .05
    assert refused == 0


@pytest.mark.parametrize(
    ("way", "cuts_channels", "least"),
    [(Way.COIN, False, 1.0), (Way.LATE, False, 1.0), (Way.EPISODE, False, 0.9), (Way.COIN, True, 0.8)],
)
def test_edges_are_found(way, cuts_channels, least):
    assert rates(Experiment(way=way, n_edges=2, cuts_channels=cuts_channels), range(5))[1] >= least


def test_the_weight_is_the_share_of_actions_that_change():
    # A follower copies a quarter of the time; its leader frozen at action 0 moves it from an even law towards 0:
    # the squared changes (.25 of .8, four times .25 of .2) add up to .05, half of it has the root .158.
    size = Size(n_agents=2, n_episodes=400, n_steps=40)
    situation = experiment(size, np.random.default_rng(3), how=Experiment(n_edges=1))
    graph = find_routing(situation.log, CONFIG)
    (weight,) = edge_matrix(graph.edges, graph.agents)[situation.edges]
    assert weight == pytest.approx(0.158, abs=0.03)


def test_interventions_that_follow_the_state_are_no_experiment_and_nothing_is_claimed():
    size = Size(n_agents=4, n_episodes=300, n_steps=30)
    situation = experiment(size, np.random.default_rng(1), how=Experiment(way=Way.STATE, n_edges=1))
    graph = find_routing(situation.log, CONFIG)
    assert "interventions-not-random" in codes(graph)
    assert not graph.edges["significant"].any()
    assert graph.edges["p_value"].null_count() == 0


def test_an_intervention_on_another_agent_is_not_taken_for_one_on_this():
    # One agent at a time is frozen; c follows a and never b. Steps without b frozen often have a frozen.
    rng = np.random.default_rng(0)
    n_episodes, n_steps = 120, 20
    target = rng.integers(-1, 2, size=(n_episodes, n_steps))
    a = np.where(target == 0, 0, rng.integers(2, size=target.shape))
    b = np.where(target == 1, 0, rng.integers(2, size=target.shape))
    c = np.concatenate([rng.integers(2, size=(n_episodes, 1)), a[:, :-1]], axis=1)
    flags = np.stack([target == 0, target == 1, np.zeros_like(target)], axis=-1).reshape(-1, 3).astype(float)
    actions = np.stack([a, b, c], axis=-1).reshape(-1, 3, 1).astype(float)
    log = log_from_arrays({ACTIONS: actions, INTERVENTIONS: flags}, [n_steps] * n_episodes, ["a", "b", "c"])
    edges = edges_of(find_routing(log, CONFIG))
    assert edges["a", "c"]["significant"]
    assert edges["b", "c"]["p_value"] > 0.05
    assert edges["b", "c"]["weight"] < 0.05


def test_a_cut_channel_shows_in_what_is_no_longer_answered():
    # The receiver repeats the sender; while the channel is cut it draws. How often it takes each action is the same.
    rng = np.random.default_rng(2)
    shape = (40, 20)
    sent, cut = rng.integers(2, size=shape), rng.random(shape) < 0.3
    answer = np.where(cut, rng.integers(2, size=shape), np.roll(sent, 1, axis=1))
    actions = np.stack([sent, answer], axis=-1).reshape(-1, 2, 1).astype(float)
    flags = np.zeros((800, 2, 2))
    flags[:, 1, 0] = cut.ravel()
    columns = {ACTIONS: actions, PAIR_INTERVENTIONS: flags}
    edge = edges_of(find_routing(log_from_arrays(columns, [20] * 40, ["a", "b"]), CONFIG))["a", "b"]
    assert edge["significant"]
    # Given what was sent, the law moves from certain to even: (.5, .5), half the sum of squares is .25.
    assert edge["weight"] == pytest.approx(0.5, abs=0.08)


def test_continuous_actions_are_compared_in_standard_deviations():
    rng = np.random.default_rng(4)
    flags = np.zeros((1200, 2))
    flags[:, 0] = rng.random(1200) < 0.3
    actions = rng.normal(size=(1200, 2, 1))
    actions[1:, 1, 0] += 2.0 * flags[:-1, 0]
    log = log_from_arrays({ACTIONS: actions, INTERVENTIONS: flags}, [20] * 60, ["a", "b"])
    graph = find_routing(log, CONFIG)
    assert graph.unit == "standard deviations"
    # 2 over the root of 1 + 4 * .3 * .7
    assert edges_of(graph)["a", "b"]["weight"] == pytest.approx(2 / 1.84**0.5, abs=0.1)


def blurred(log, order):
    (block,) = log.blocks(frozenset({ACTIONS, INTERVENTIONS}), max_bytes=1 << 40)
    n_episodes = len(log.episodes.length)
    columns = {
        name: column.reshape(n_episodes, -1, *column.shape[1:])[order].reshape(column.shape)
        for name, column in block.columns.items()
    }
    return log_from_arrays(columns, log.episodes.length, [agent.name for agent in log.header.agents])


@pytest.mark.parametrize("way", [Way.COIN, Way.EPISODE])
def test_the_order_of_episodes_and_the_cut_into_blocks_change_not_one_bit(way):
    log = experiment(SIZE, np.random.default_rng(5), how=Experiment(way=way, n_edges=1)).log
    first = find_routing(log, CONFIG)
    order = np.random.default_rng(6).permutation(SIZE.n_episodes)
    config = AnalysisConfig(routing_source=RoutingSource.INTERVENTION, n_permutations=199, max_block_bytes=20_000)
    second = find_routing(blurred(log, order), config)
    assert second.edges.equals(first.edges)


@pytest.mark.parametrize("junk", [np.nan, 1e300, -1.0])
def test_padding_and_the_dead_change_not_one_bit(junk):
    log = experiment(SIZE, np.random.default_rng(7), how=Experiment(n_edges=1)).log
    (block,) = log.blocks(frozenset({ACTIONS, INTERVENTIONS}), max_bytes=1 << 40)
    rng = np.random.default_rng(8)
    life = rng.integers(10, 60, size=(SIZE.n_episodes, 1, SIZE.n_agents))
    is_dead = (np.arange(SIZE.n_steps)[None, :, None] >= life).reshape(-1, SIZE.n_agents)
    status = np.where(is_dead, Status.DEAD, Status.ACTING).astype(np.uint8)
    names = [agent.name for agent in log.header.agents]
    graphs = []
    for value in (0.0, junk):
        flags = np.where(is_dead, value, block.columns[INTERVENTIONS])
        # The number of actions is seen, and 1e300 would be one: only what no action can be stands among them.
        actions = np.where(is_dead[..., None], np.nan if value else 0.0, block.columns[ACTIONS])
        columns = {ACTIONS: actions, INTERVENTIONS: flags}
        graphs.append(find_routing(log_from_arrays(columns, log.episodes.length, names, status=status), CONFIG))
    assert graphs[0].edges.equals(graphs[1].edges)


def test_runs_with_opposite_effects_strengthen_each_other():
    rng = np.random.default_rng(9)
    flags = np.zeros((1600, 2))
    flags[:, 0] = rng.random(1600) < 0.3
    towards = np.where(np.arange(1600) < 800, 1.0, 0.0)
    copied = np.append(False, (flags[:-1, 0] > 0) & (rng.random(1599) < 0.4))
    actions = rng.integers(2, size=(1600, 2, 1)).astype(float)
    actions[:, 1, 0] = np.where(copied, towards, actions[:, 1, 0])
    columns = {ACTIONS: actions, INTERVENTIONS: flags}
    log = log_from_arrays(columns, [20] * 80, ["a", "b"], runs=["x"] * 40 + ["y"] * 40)
    graph = find_routing(log, CONFIG)
    assert edges_of(graph)["a", "b"]["significant"]
    assert graph.edges_by_run.height == 4


def test_logged_weights_come_first_and_interventions_before_all_else():
    situation = experiment(SIZE, np.random.default_rng(10), how=Experiment())
    assert find_routing(situation.log).source is RoutingSource.INTERVENTION
    (block,) = situation.log.blocks(frozenset({ACTIONS, INTERVENTIONS}), max_bytes=1 << 40)
    columns = {**block.columns, ATTENTION: np.ones((block.n_rows, 1, 4, 4))}
    log = log_from_arrays(columns, situation.log.episodes.length, ["a", "b", "c", "d"])
    graph = find_routing(log)
    assert graph.source is RoutingSource.ATTENTION
    assert RoutingSource.INTERVENTION in {other.source for other in graph.comparison.others}


def test_rare_actions_do_not_make_a_random_experiment_look_like_none():
    """Of 40 such experiments the chi-square tail alone refused 18."""
    size = Size(n_agents=8, n_episodes=100, n_steps=30)
    refused = []
    for draw in range(8):
        rng = generator(0, "rare", str(draw))
        situation = experiment(size, rng, how=Experiment(way=Way.BLOCK, rare=0.01))
        refused.append("interventions-not-random" in codes(find_routing(situation.log, CONFIG)))
    assert sum(refused) <= 1


def test_dealing_interventions_again_gives_the_hypergeometric_tail_by_hand():
    """Ten wait, one of them had acted; the intervention comes to that one: 1 in 10. At two such times: 1 in 100."""
    once = np.array([1.0])
    for n_times, expected in ((1, 0.1), (2, 0.01)):
        part = Chances(
            n_waiting=np.repeat(once * 10, n_times),
            onsets=np.repeat(once, n_times),
            before=np.ones((n_times, 1)),
            together=np.ones((n_times, 1)),
            scatter=np.ones((n_times, 1, 1)),
        )
        p_value = redrawn_p([part], n_looked=100, rng=np.random.default_rng(0))
        assert p_value == pytest.approx(expected, rel=0.7)


def in_slots(n_edges, seed, way=Way.COIN):
    how = Experiment(way=way, n_edges=n_edges, copies=0.5)
    situation = experiment(Size(n_agents=6, n_episodes=60, n_steps=30), np.random.default_rng(seed), how=how)
    graph = find_routing(in_redrawn_slots(situation, "aabbcc", np.random.default_rng(0)), CONFIG)
    return situation, graph


def test_roles_in_slots_that_are_filled_anew_answer_to_interventions_on_roles():
    situation, graph = in_slots(2, 1)
    claimed = set(graph.role_edges.filter(graph.role_edges["significant"]).select("sender", "receiver").rows())
    assert claimed == role_edges(situation, "aabbcc")
    assert not graph.edges["significant"].any()
    _, idle = in_slots(0, 2)
    assert not idle.role_edges["significant"].any()


def test_interventions_on_whole_episodes_say_nothing_of_roles_and_that_is_said():
    _, graph = in_slots(2, 1, Way.EPISODE)
    assert graph.role_edges is None
    (notice,) = [notice for notice in graph.notices if notice.where == "routing.role_edges"]
    assert notice.code == "not-computed"
