"""What a policy uses: exactly nothing where it ignores a slot, the right size where it does not."""

from dataclasses import replace
from math import comb, log2

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.policy import attach_policies
from convscope.routing.estimators.attribution import ESTIMATOR
from convscope.routing.graph import find_routing
from convscope.routing.refusal import UnreadableSourceError
from convscope.simulate.draws import Size
from convscope.simulate.seeing import seeing_team
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.status import Status
from tests.convscope.ingest.policy.models import linear, remembering, talking, two_inputs

CONFIG = AnalysisConfig(routing_source=RoutingSource.ATTRIBUTION)
SIZE = Size(n_agents=3, n_episodes=40, n_steps=25)


def layout_of(log, *columns, kind=SlotKind.OTHER):
    """Give all agents the same slots: the k-th columns are about the k-th other agent."""
    slots = tuple(Slot(kind=kind, rank=rank, columns=tuple(each)) for rank, each in enumerate(columns, start=1))
    agents = tuple(agent.name for agent in log.header.agents)
    return lay_out(log, ObservationLayout(receivers=(ReceiverLayout(name="all", agents=agents, slots=slots),)))


def pairs(routing, column="bits"):
    rows = routing.attribution.select("receiver", "sender", column).iter_rows()
    return {(receiver, sender): value for receiver, sender, value in rows}


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A team that looks at the first other agent only, and its policy file."""
    made = seeing_team(SIZE, np.random.default_rng(0), strengths=(1.5, 0.0))
    return made, linear(tmp_path_factory.mktemp("policy") / "p.onnx", made.weights)


def test_a_slot_that_the_policy_ignores_has_exactly_no_bits(team):
    made, path = team
    routing = find_routing(attach_policies(made.situation.log, [str(path)]), CONFIG)
    names, edges = routing.agents, made.situation.edges
    for (receiver, sender), bits in pairs(routing).items():
        is_edge = edges[names.index(receiver), names.index(sender)]
        assert (bits > 0.1) if is_edge else (bits == 0.0)
    assert pairs(routing, "used") == {pair: bits > 0 for pair, bits in pairs(routing).items()}
    found = {(r, s) for s, r in routing.edges.filter("significant").select("sender", "receiver").iter_rows()}
    assert found == {(names[r], names[s]) for r, s in np.argwhere(edges)}
    assert [n.code for n in routing.notices if n.code.startswith("policy-")] == ["policy-checked"]


def test_a_sure_policy_that_copies_a_fair_coin_uses_one_bit(tmp_path):
    rng = np.random.default_rng(1)
    coins = rng.integers(0, 2, (1200, 3, 2)) * 2.0 - 1.0
    log = log_from_arrays({"observations": coins, "actions": (coins[..., :1] > 0) * 1.0}, [30] * 40, ["a", "b", "c"])
    path = linear(tmp_path / "p.onnx", [[-20.0, 20.0], [0.0, 0.0]])
    routing = find_routing(attach_policies(layout_of(log, [0], [1]), [str(path)]), CONFIG)
    expected = [binomial_bits(), 0.0]
    assert pairs(routing)["a", "b"] == pytest.approx(expected[0], abs=0.03)
    assert pairs(routing)["a", "c"] == expected[1]
    low, high = pairs(routing, "low")["a", "b"], pairs(routing, "high")["a", "b"]
    assert low < pairs(routing)["a", "b"] < high < low + 0.1


def binomial_bits():
    """What the lower bound gives of one bit with 16 draws: E log2(17 / (1 + same)), same ~ Binomial(16, 1/2)."""
    return sum(comb(16, k) / 2**16 * log2(17 / (1 + k)) for k in range(17))


def acting_by(laws, rng):
    """Draw actions from laws, shape (T, N, A)."""
    drawn = (laws.cumsum(axis=-1) < rng.random((*laws.shape[:2], 1))).sum(axis=-1)
    return np.minimum(drawn, laws.shape[-1] - 1)[..., None].astype(float)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_bounds_hold_the_true_information_between_them(tmp_path):
    # One column, standard normal, independent of all else: I(action; column) by integration.
    rng = np.random.default_rng(2)
    seen = rng.normal(size=(2400, 3, 2))
    weights = np.array([[1.5, -1.5], [0.0, 0.0]])
    log = log_from_arrays({"observations": seen, "actions": acting_by(softmax(seen @ weights), rng)}, [20] * 120, "abc")
    attached = attach_policies(layout_of(log, [0], [1]), [str(linear(tmp_path / "p.onnx", weights))])
    grid = np.linspace(-8, 8, 4001)
    density = np.exp(-(grid**2) / 2)
    density /= density.sum()
    p = 1 / (1 + np.exp(-3 * grid))
    truth = 1 + (density * (p * np.log2(p) + (1 - p) * np.log2(1 - p))).sum()
    found = find_routing(attached, CONFIG).attribution.filter(pl.col("bits") > 0)
    assert found["bits"].mean() < truth < found["upper"].mean()
    assert found["bits"].mean() == pytest.approx(truth, rel=0.08)


def test_what_a_slot_says_that_all_else_says_too_is_not_used_for_it(tmp_path):
    # The slot is nearly a copy of an own column: replaced as the rest of the observation has it, little changes.
    rng = np.random.default_rng(3)
    own = rng.normal(size=(1200, 3, 1))
    seen = np.concatenate([own, own + 0.1 * rng.normal(size=own.shape), rng.normal(size=own.shape)], axis=-1)
    weights = np.array([[0.0, 0.0], [2.0, -2.0], [2.0, -2.0]])
    log = log_from_arrays({"observations": seen, "actions": acting_by(softmax(seen @ weights), rng)}, [30] * 40, "abc")
    attached = attach_policies(layout_of(log, [1], [2]), [str(linear(tmp_path / "p.onnx", weights))])
    bits = pairs(find_routing(attached, CONFIG))
    assert bits["a", "b"] < 0.1 * bits["a", "c"]
    assert pairs(find_routing(attached, CONFIG), "used")["a", "b"]


def test_the_order_of_episodes_and_the_size_of_blocks_change_nothing(team):
    made, path = team
    log = attach_policies(made.situation.log, [str(path)])
    whole = find_routing(log, CONFIG)
    order = np.random.default_rng(4).permutation(log.episodes.n_episodes)
    source = made.situation.log.sources[0]
    lengths = log.episodes.length.tolist()
    starts = np.cumsum([0, *lengths])
    rows = np.concatenate([np.arange(starts[e], starts[e] + lengths[e]) for e in order])
    columns = {name: column[rows] for name, column in source.columns.items()}
    again = lay_out(
        log_from_arrays(columns, [lengths[e] for e in order], [a.name for a in log.header.agents]), log.header.layout
    )
    other = find_routing(attach_policies(again, [str(path)]), CONFIG)
    assert_frame_equal(whole.edges, other.edges, check_exact=True)
    assert_frame_equal(whole.attribution, other.attribution, check_exact=True)
    small = find_routing(log, replace(CONFIG, max_block_bytes=20_000))
    assert_frame_equal(whole.attribution, small.attribution, check_exact=True)


def remembering_team(rng, lengths, status=None):
    """Everybody acts by what it saw one step before."""
    seen = rng.normal(size=(sum(lengths), 3, 2))
    weights = np.array([[2.0, 0.0, -2.0], [0.5, -0.5, 0.0]])
    before = np.roll(seen, 1, axis=0)
    before[np.cumsum([0, *lengths[:-1]])] = 0.0
    laws = softmax(before @ weights)
    columns = {"observations": seen, "actions": acting_by(laws, rng), "action_probabilities": laws}
    return layout_of(log_from_arrays(columns, lengths, ["a", "b", "c"], status=status), [0], [1]), weights


STATES = 'convscope-layout = 1\n[policy]\nobservation = "obs"\nlogits = "logits"\nstate = "h"\nnext_state = "next"\n'


@pytest.mark.parametrize("shape", [("batch", None), (1, "batch", None)])
def test_a_hidden_state_is_carried_through_each_episode_and_no_further(tmp_path, shape):
    log, weights = remembering_team(np.random.default_rng(5), [30, 12, 25, 40] * 10)
    path = remembering(tmp_path / "p.onnx", weights, shape)
    table = tmp_path / "l.toml"
    table.write_text(STATES)
    for bytes_of_a_block in (32 << 20, 10_000):
        config = replace(CONFIG, max_block_bytes=bytes_of_a_block)
        routing = find_routing(attach_policies(log, [str(path)], table), config)
        checked = [n.message for n in routing.notices if n.code == "policy-checked"]
        assert len(checked) == 1
        assert "3 agents" in checked[0]
        assert "equal the logged ones at 100.0%" in checked[0]
        # What is seen now plays no part before the next step, and the memory stays what it was.
        assert set(pairs(routing).values()) == {0.0}


def test_the_dead_neither_act_nor_forget_nor_lend(tmp_path):
    rng = np.random.default_rng(6)
    status = np.full((1200, 3), Status.ACTING, dtype=np.uint8)
    for episode in range(0, 40, 2):
        status[episode * 30 + 15 : episode * 30 + 30, 2] = Status.DEAD
    log, weights = remembering_team(rng, [30] * 40, status)
    path = remembering(tmp_path / "p.onnx", weights)
    (tmp_path / "l.toml").write_text(STATES)
    routing = find_routing(attach_policies(log, [str(path)], tmp_path / "l.toml"), CONFIG)
    assert sum("3 agents" in n.message and "at 100.0%" in n.message for n in routing.notices) == 1


def test_the_agents_number_is_part_of_what_the_policy_is_told(tmp_path):
    rng = np.random.default_rng(7)
    seen, weights = rng.normal(size=(1200, 3, 2)), np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    of_agent = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    laws = softmax(seen @ weights + of_agent)
    columns = {"observations": seen, "actions": acting_by(laws, rng), "action_probabilities": laws}
    log = layout_of(log_from_arrays(columns, [30] * 40, ["a", "b", "c"]), [0], [1])
    path = two_inputs(tmp_path / "p.onnx", weights, of_agent)
    (tmp_path / "l.toml").write_text(
        'convscope-layout = 1\n[policy]\nobservation = "obs"\nlogits = "logits"\nagent = "other"\n'
    )
    routing = find_routing(attach_policies(log, [str(path)], tmp_path / "l.toml"), CONFIG)
    assert sum("3 agents" in n.message and "at 100.0%" in n.message for n in routing.notices) == 1


@pytest.mark.parametrize("has_laws", [True, False])
def test_another_policy_or_normalised_observations_are_refused(tmp_path, has_laws):
    made = seeing_team(SIZE, np.random.default_rng(8), strengths=(1.5, 0.5), has_laws=has_laws)
    other = np.random.default_rng(9).normal(size=made.weights.shape)
    for weights in (other, -made.weights):
        path = linear(tmp_path / "p.onnx", weights)
        with pytest.raises(UnreadableSourceError, match=r"p\.onnx is not the policy that made this log .*normaliser"):
            find_routing(attach_policies(made.situation.log, [str(path)]), CONFIG)


def test_a_policy_of_another_temperature_is_doubted_aloud(tmp_path):
    made = seeing_team(SIZE, np.random.default_rng(10), strengths=(1.5, 0.5), has_laws=False)
    path = linear(tmp_path / "p.onnx", 1.6 * made.weights)
    routing = find_routing(attach_policies(made.situation.log, [str(path)]), CONFIG)
    assert "policy-doubtful" in {notice.code for notice in routing.notices}


def test_a_policy_is_that_of_the_run_that_it_made_and_of_its_checkpoint(tmp_path):
    first, second = (
        seeing_team(SIZE, np.random.default_rng(seed), strengths=(1.5, 0.5)).situation.log for seed in (11, 12)
    )
    names = [agent.name for agent in first.header.agents]
    columns = {
        name: np.concatenate([first.sources[0].columns[name], second.sources[0].columns[name]])
        for name in first.sources[0].columns
    }
    log = log_from_arrays(columns, [25] * 80, names, runs=["one"] * 40 + ["two"] * 40)
    path = linear(tmp_path / "p.onnx", seeing_team(SIZE, np.random.default_rng(12), strengths=(1.5, 0.5)).weights)
    routing = find_routing(attach_policies(lay_out(log, first.header.layout), [str(path)]), CONFIG)
    assert set(routing.attribution["run"]) == {"two"}
    (notice,) = [notice for notice in routing.notices if notice.code == "not-attributed"]
    assert "1 other runs or checkpoints have no edges, 1 of them because" in notice.message


def test_an_even_policy_has_no_edges_and_use_of_everybody(tmp_path):
    made = seeing_team(Size(n_agents=4, n_episodes=60, n_steps=20), np.random.default_rng(13), strengths=(1, 1, 1))
    path = linear(tmp_path / "p.onnx", made.weights)
    routing = find_routing(attach_policies(made.situation.log, [str(path)]), CONFIG)
    assert routing.edges["significant"].sum() == 0
    assert min(pairs(routing).values()) > 0.05


def test_the_nearest_slot_is_that_of_whoever_is_nearest(tmp_path):
    rng = np.random.default_rng(14)
    seen = rng.normal(size=(1200, 3, 2))
    weights = np.array([[2.0, -2.0], [0.0, 0.0]])
    columns = {
        "observations": seen,
        "actions": acting_by(softmax(seen @ weights), rng),
        "positions": np.tile(np.array([[[0.0], [1.0], [3.0]]]), (1200, 1, 1)),
    }
    log = layout_of(log_from_arrays(columns, [30] * 40, ["a", "b", "c"]), [0], [1], kind=SlotKind.NEAREST)
    path = linear(tmp_path / "p.onnx", weights)
    bits = pairs(find_routing(attach_policies(log, [str(path)]), CONFIG))
    # a is nearest to b, b to a and to c; whoever is second is ignored.
    assert {pair for pair, value in bits.items() if value > 0} == {("a", "b"), ("b", "a"), ("c", "b")}


def test_a_mean_that_moves_has_the_bits_of_its_noise(tmp_path):
    rng = np.random.default_rng(15)
    coins = rng.integers(0, 2, (1200, 3, 2)) * 2.0 - 1.0
    actions = coins[..., :1] * 0.5 + rng.normal(size=(1200, 3, 1))
    log = layout_of(log_from_arrays({"observations": coins, "actions": actions}, [30] * 40, ["a", "b", "c"]), [0], [1])
    path = linear(tmp_path / "p.onnx", [[0.5], [0.0]], name="mean")
    routing = find_routing(attach_policies(log, [str(path)]), CONFIG)
    bits = pairs(routing)
    # A fair coin, read through the noise of the action.
    grid = np.linspace(-9, 9, 20001)
    one, other = np.exp(-((grid - 0.5) ** 2) / 2), np.exp(-((grid + 0.5) ** 2) / 2)
    truth = (one / one.sum() * np.log2(2 * one / (one + other))).sum()
    upper = pairs(routing, "upper")["a", "b"]
    assert truth - 0.03 < bits["a", "b"] < truth < upper < truth + 0.03
    assert bits["a", "c"] == 0.0
    assert {"policy-spread"} <= {notice.code for notice in routing.notices}


def test_action_values_are_read_with_the_exploration_that_the_log_shows(tmp_path):
    rng = np.random.default_rng(16)
    seen = rng.normal(size=(1200, 3, 2))
    weights = np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    best = (seen @ weights).argmax(axis=-1)
    actions = np.where(rng.random(best.shape) < 0.2, rng.integers(0, 3, best.shape), best)
    log = layout_of(
        log_from_arrays({"observations": seen, "actions": actions[..., None] * 1.0}, [30] * 40, "abc"), [0], [1]
    )
    path = linear(tmp_path / "p.onnx", weights, name="q")
    (tmp_path / "l.toml").write_text('convscope-layout = 1\n[policy]\nobservation = "obs"\nvalues = "q"\n')
    routing = find_routing(attach_policies(log, [str(path)], tmp_path / "l.toml"), CONFIG)
    assert pairs(routing)["a", "b"] > 0.4
    assert pairs(routing)["a", "c"] == 0.0
    explored = [notice.message for notice in routing.notices if notice.code == "policy-exploration"]
    assert any("drew 2" in message or "drew 1" in message for message in explored)


def test_roles_that_are_redrawn_carry_edges_between_roles(tmp_path):
    made = seeing_team(SIZE, np.random.default_rng(17), strengths=(1.5, 0.0))
    rng, source = np.random.default_rng(18), made.situation.log.sources[0]
    roles = [["lead", "rest", "rest"] if rng.random() < 0.5 else ["rest", "lead", "rest"] for _ in range(40)]
    names = [agent.name for agent in made.situation.log.header.agents]
    log = log_from_arrays(source.columns, [25] * 40, names, declared_roles=roles)
    path = linear(tmp_path / "p.onnx", made.weights)
    routing = find_routing(attach_policies(lay_out(log, made.situation.log.header.layout), [str(path)]), CONFIG)
    weights = {(r, s): w for s, r, w in routing.role_edges.select("sender", "receiver", "weight").iter_rows()}
    # agent_2 always is a follower and looks at agent_0 only, who leads half of the time.
    assert weights["rest", "lead"] > 0.1
    assert routing.preference is not None
    assert ESTIMATOR.source is RoutingSource.ATTRIBUTION


@pytest.mark.parametrize("axes", [("batch", "agent", "column"), ("agent", "column")])
def test_what_agents_tell_each_other_inside_of_a_network_counts_as_seen(tmp_path, axes):
    rng = np.random.default_rng(19)
    seen = rng.normal(size=(250, 3, 2))
    weights, told = np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0]])
    # Everybody hears the second column of everybody, itself included; nobody sees anybody.
    laws = softmax(seen @ weights + (seen @ told).sum(axis=1, keepdims=True))
    columns = {"observations": seen, "actions": acting_by(laws, rng), "action_probabilities": laws}
    log = layout_of(log_from_arrays(columns, [10] * 25, ["a", "b", "c"]))
    path = talking(tmp_path / "p.onnx", weights, told, axis=len(axes) - 2)
    names = ", ".join(f'"{axis}"' for axis in axes)
    (tmp_path / "l.toml").write_text(
        f'convscope-layout = 1\n[policy]\nobservation = "obs"\nlogits = "logits"\naxes = [{names}]\n'
    )
    routing = find_routing(attach_policies(log, [str(path)], tmp_path / "l.toml"), CONFIG)
    assert sum("3 agents" in n.message and "at 100.0%" in n.message for n in routing.notices) == 1
    assert len(pairs(routing)) == 6
    assert min(pairs(routing).values()) > 0.1
    silent = talking(tmp_path / "p.onnx", weights, np.zeros((2, 3)), axis=len(axes) - 2)
    laws = softmax(seen @ weights)
    columns = {"observations": seen, "actions": acting_by(laws, rng), "action_probabilities": laws}
    log = layout_of(log_from_arrays(columns, [10] * 25, ["a", "b", "c"]))
    routing = find_routing(attach_policies(log, [str(silent)], tmp_path / "l.toml"), CONFIG)
    assert set(pairs(routing).values()) == {0.0}


def test_only_the_analysed_checkpoint_is_attributed(tmp_path):
    early, late = (seeing_team(SIZE, np.random.default_rng(seed), strengths=(1.5, 0.5)) for seed in (20, 21))
    first, second = early.situation.log, late.situation.log
    names = [agent.name for agent in first.header.agents]
    columns = {
        name: np.concatenate([column, second.sources[0].columns[name]])
        for name, column in first.sources[0].columns.items()
    }
    log = lay_out(
        log_from_arrays(columns, [25] * 80, names, checkpoints=["10"] * 40 + ["20"] * 40), first.header.layout
    )
    attached = attach_policies(log, [str(linear(tmp_path / "p.onnx", late.weights))])
    routing = find_routing(attached, CONFIG)
    assert set(routing.attribution["checkpoint"]) == {"20"}
    assert set(routing.edges_by_run["checkpoint"]) == {"20"}
    with pytest.raises(UnreadableSourceError, match="is not the policy that made this log"):
        find_routing(attached, replace(CONFIG, checkpoint="10"))


def test_even_policies_have_small_p_as_seldom_as_the_level_says(tmp_path):
    # The study with more draws is benchmarks/attribution_null.py.
    small = []
    for draw in range(10):
        made = seeing_team(
            Size(n_agents=4, n_episodes=40, n_steps=10),
            np.random.default_rng(100 + draw),
            strengths=(0.5, 0.5, 0.5),
            likeness=0.5,
            memory=0.99,
        )
        log = attach_policies(made.situation.log, [str(linear(tmp_path / "p.onnx", made.weights))])
        small.extend((find_routing(log, CONFIG).edges["p_value"] <= 0.05).to_list())
    assert len(small) == 120
    assert np.mean(small) < 0.1


def test_a_slot_that_names_the_receiver_itself_is_about_nobody_else(tmp_path):
    rng = np.random.default_rng(22)
    seen, weights = rng.normal(size=(600, 3, 3)), np.array([[2.0, -2.0], [1.0, -1.0], [0.0, 0.0]])
    log = log_from_arrays({"observations": seen, "actions": acting_by(softmax(seen @ weights), rng)}, [15] * 40, "abc")
    slots = tuple(Slot(kind=SlotKind.AGENT, agent=name, columns=(place,)) for place, name in enumerate("abc"))
    log = lay_out(log, ObservationLayout(receivers=(ReceiverLayout(name="all", agents=tuple("abc"), slots=slots),)))
    bits = pairs(find_routing(attach_policies(log, [str(linear(tmp_path / "p.onnx", weights))]), CONFIG))
    # Everybody looks at a and b, by name: a at b alone, b at a alone, c at both.
    assert set(bits) == {(r, s) for r in "abc" for s in "abc" if r != s}
    assert {pair for pair, value in bits.items() if value > 0} == {("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")}
