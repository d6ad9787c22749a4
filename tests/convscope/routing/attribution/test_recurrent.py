"""Policies as frameworks export them: a GRU that takes time first, and PyMARL's observation with one-hots behind it."""

import numpy as np
from onnx import helper

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.policy import attach_policies
from convscope.routing.graph import find_routing
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from tests.convscope.ingest.policy.models import linear, save

CONFIG = AnalysisConfig(routing_source=RoutingSource.ATTRIBUTION)
AGENTS = ("a", "b", "c")
LENGTHS = [20, 9, 14, 5] * 10
N_HIDDEN, N_ACTIONS = 4, 3


def laid_out(log):
    """Own column 0, then one column of each other agent."""
    slots = tuple(Slot(kind=SlotKind.OTHER, rank=rank, columns=(rank,)) for rank in (1, 2))
    return lay_out(
        log, ObservationLayout(receivers=(ReceiverLayout(name="all", agents=AGENTS, own=(0,), slots=slots),))
    )


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def drawn(law, rng):
    taken = (law.cumsum(axis=-1) < rng.random((*law.shape[:-1], 1))).sum(axis=-1)
    return np.minimum(taken, law.shape[-1] - 1)


def weights_of_a_gru(rng):
    """Update, reset and candidate weights; the second other agent is never read."""
    inputs, recurrent = rng.normal(size=(3, N_HIDDEN, 3)), rng.normal(size=(3, N_HIDDEN, N_HIDDEN))
    inputs[:, :, 2] = 0.0
    return inputs, recurrent, 2 * rng.normal(size=(N_HIDDEN, N_ACTIONS))


def step(seen, state, inputs, recurrent):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    update, reset = (sigmoid(seen @ inputs[k].T + state @ recurrent[k].T) for k in (0, 1))
    candidate = np.tanh(seen @ inputs[2].T + (reset * state) @ recurrent[2].T)
    return (1 - update) * candidate + update * state


def gru(path, inputs, recurrent, out):
    nodes = [
        helper.make_node("GRU", ["obs", "W", "R", "", "", "h"], ["y", "h_out"], hidden_size=N_HIDDEN),
        helper.make_node("Squeeze", ["y", "one"], ["flat"]),
        helper.make_node("MatMul", ["flat", "V"], ["logits"]),
    ]
    held = {
        "W": inputs.reshape(1, -1, 3).astype(np.float32),
        "R": recurrent.reshape(1, -1, N_HIDDEN).astype(np.float32),
        "V": out.astype(np.float32),
        "one": np.array([1]),
    }
    taken = [("obs", ["time", "batch", 3]), ("h", [1, "batch", N_HIDDEN])]
    return save(path, nodes, taken, [("logits", [1, "batch", N_ACTIONS]), ("h_out", [1, "batch", N_HIDDEN])], held)


def test_a_gru_is_run_through_whole_episodes_and_asked_at_single_steps(tmp_path):
    rng = np.random.default_rng(0)
    inputs, recurrent, out = weights_of_a_gru(rng)
    seen = rng.normal(size=(sum(LENGTHS), 3, 3))
    laws, row = [], 0
    for length in LENGTHS:
        state = np.zeros((3, N_HIDDEN))
        for _ in range(length):
            state = step(seen[row], state, inputs, recurrent)
            laws.append(softmax(state @ out))
            row += 1
    laws = np.array(laws)
    columns = {"observations": seen, "actions": drawn(laws, rng)[..., None] * 1.0, "action_probabilities": laws}
    (tmp_path / "l.toml").write_text(
        'convscope-layout = 1\n[policy]\nobservation = "obs"\nlogits = "logits"\nstate = "h"\nnext_state = "h_out"\n'
        'axes = ["time", "batch", "column"]\n'
    )
    log = laid_out(log_from_arrays(columns, LENGTHS, AGENTS))
    log = attach_policies(log, [str(gru(tmp_path / "gru.onnx", inputs, recurrent, out))], tmp_path / "l.toml")
    routing = find_routing(log, CONFIG)
    assert sum("3 agents" in n.message and "at 100.0%" in n.message for n in routing.notices) == 1
    bits = {(r, s): b for r, s, b in routing.attribution.select("receiver", "sender", "bits").iter_rows()}
    assert bits["a", "c"] == bits["b", "c"] == bits["c", "b"] == 0.0
    assert min(bits["a", "b"], bits["b", "a"], bits["c", "a"]) > 0.05


def test_last_actions_numbers_and_masks_are_as_pymarl_has_them(tmp_path):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(3 + N_ACTIONS + 3, N_ACTIONS))
    weights[2] = 0.0
    seen, n_rows = rng.normal(size=(sum(LENGTHS), 3, 3)), sum(LENGTHS)
    masks = (rng.random((n_rows, 3, N_ACTIONS)) < 0.7) * 1.0
    masks[..., 0] = 1.0
    laws, actions = np.empty((n_rows, 3, N_ACTIONS)), np.empty((n_rows, 3), dtype=int)
    starts = set(np.cumsum([0, *LENGTHS]).tolist())
    for row in range(n_rows):
        last = np.zeros((3, N_ACTIONS)) if row in starts else np.eye(N_ACTIONS)[actions[row - 1]]
        logits = np.concatenate([seen[row], last, np.eye(3)], axis=1) @ weights
        laws[row] = softmax(np.where(masks[row] > 0, logits, -np.inf))
        actions[row] = drawn(laws[row], rng)
    columns = {
        "observations": seen,
        "actions": actions[..., None] * 1.0,
        "action_masks": masks,
        "action_probabilities": laws,
    }
    (tmp_path / "l.toml").write_text(
        'convscope-layout = 1\n[policy]\nobservation = "obs"\nlogits = "logits"\nappend = ["last-action", "agent"]\n'
    )
    log = laid_out(log_from_arrays(columns, LENGTHS, AGENTS))
    log = attach_policies(log, [str(linear(tmp_path / "p.onnx", weights))], tmp_path / "l.toml")
    routing = find_routing(log, CONFIG)
    assert sum("3 agents" in n.message and "at 100.0%" in n.message for n in routing.notices) == 1
    bits = {(r, s): b for r, s, b in routing.attribution.select("receiver", "sender", "bits").iter_rows()}
    assert bits["a", "c"] == 0.0
    assert bits["a", "b"] > 0.02
