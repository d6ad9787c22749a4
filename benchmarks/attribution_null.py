"""What attribution says of policies that are even, ignore slots, or were never trained; and how near it is to truth.

python benchmarks/attribution_null.py [draws]
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from onnx import TensorProto, helper, numpy_helper

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.policy import attach_policies
from convscope.randomness import generator
from convscope.routing.attribution.laws import Choices, divergence
from convscope.routing.estimate import RoutingEstimate
from convscope.routing.estimators.attribution import ESTIMATOR
from convscope.simulate.draws import N_ACTIONS, Size
from convscope.simulate.seeing import N_OWN, SeeingTeam, seeing_team
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.log import TrajectoryLog

CONFIG = AnalysisConfig(routing_source=RoutingSource.ATTRIBUTION)
SIZES = (Size(n_agents=6, n_episodes=200, n_steps=50), Size(n_agents=6, n_episodes=20, n_steps=50))
STRENGTHS = {
    "even": (0.5, 0.5, 0.5, 0.5, 0.5),
    "one of five ignored": (0.5, 0.5, 0.5, 0.5, 0.0),
    "one used a tenth more": (0.55, 0.5, 0.5, 0.5, 0.5),
}
LIKENESS = (0.0, 0.6, 0.9)
SITUATIONS = ((0.0, 0.6), (0.6, 0.6), (0.6, 0.999))
"""Likeness of agents, and memory of what is seen of them; with .999 an episode is all alike."""
N_HIDDEN = 32


def save(path: Path, layers: list[np.ndarray]) -> str:
    """Write a policy of one layer, or of two with tanh between them, and return its path."""
    nodes = [helper.make_node("MatMul", ["obs", "W0"], ["y0"])]
    if len(layers) == 2:
        nodes += [helper.make_node("Tanh", ["y0"], ["z"]), helper.make_node("MatMul", ["z", "W1"], ["y1"])]
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", len(layers[0])])],
        [helper.make_tensor_value_info(f"y{len(layers) - 1}", TensorProto.FLOAT, ["batch", N_ACTIONS])],
        [numpy_helper.from_array(each.astype(np.float32), f"W{number}") for number, each in enumerate(layers)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
    return str(path)


def attributed(log: TrajectoryLog) -> RoutingEstimate:
    """Return what attribution alone finds."""
    agents = tuple(agent.name for agent in log.header.agents)
    with open_executor(1) as executor:
        run = partial(run_folds, log, executor=executor, max_bytes=CONFIG.max_block_bytes)
        (sample,) = run([ESTIMATOR.fold(log, CONFIG)])
        return ESTIMATOR.estimate(log, sample, config=CONFIG, agents=agents, run=run)


def matrix(edges: pl.DataFrame, column: str, n_agents: int) -> np.ndarray:
    """Return a column of edges, shape (receiver, its other agents in log order)."""
    ordered = edges.sort("receiver", "sender", maintain_order=True)
    return ordered[column].to_numpy().reshape(n_agents, n_agents - 1)


def even_table(folder: Path, n_draws: int) -> None:
    """Print how often p is at most .05, of the receiver's first other agent, its last and those between."""
    print("| episodes x steps | likeness | memory | policy | p <= .05: first | between | last | significant |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        for likeness, memory in SITUATIONS:
            for name, strengths in STRENGTHS.items():
                small, significant = [], []
                for draw in range(n_draws):
                    rng = generator(0, "attribution-null", str(size), str((likeness, memory)), name, str(draw))
                    made = seeing_team(size, rng, strengths=strengths, likeness=likeness, memory=memory)
                    log = attach_policies(made.situation.log, [save(folder / "p.onnx", [made.weights])])
                    edges = attributed(log).edges
                    small.append(matrix(edges, "p_value", size.n_agents) <= 0.05)
                    significant.append(edges["significant"].mean())
                shares = np.mean(small, axis=(0, 1))
                cells = f"{shares[0]:.3f} | {shares[1:-1].mean():.3f} | {shares[-1]:.3f} | {np.mean(significant):.3f}"
                print(f"| {size.n_episodes} x {size.n_steps} | {likeness} | {memory} | {name} | {cells} |", flush=True)


def untrained_table(folder: Path, n_draws: int) -> None:
    """Print how many edges a network with random weights has."""
    size, found = SIZES[0], []
    for draw in range(n_draws):
        rng = generator(0, "attribution-null", "untrained", str(draw))
        made = seeing_team(size, rng, strengths=(0.5,) * (size.n_agents - 1), has_laws=False)
        width = len(made.weights)
        layers = [
            rng.normal(size=(width, N_HIDDEN)) / np.sqrt(width),
            rng.normal(size=(N_HIDDEN, N_ACTIONS)) / np.sqrt(N_HIDDEN),
        ]
        log = acting_by(made, layers, rng)
        edges = attributed(attach_policies(log, [save(folder / "p.onnx", layers)])).edges
        found.append((edges["significant"].mean(), edges["weight"].max(), edges["weight"].min()))
    shares = np.mean(found, axis=0)
    print(f"never trained: {shares[0]:.2f} of pairs significant; bits from {shares[2]:.3f} to {shares[1]:.3f}")


def acting_by(made: SeeingTeam, layers: list[np.ndarray], rng: np.random.Generator) -> TrajectoryLog:
    """Return the log with actions drawn from a network of two layers."""
    (source,) = made.situation.log.sources
    laws = np.exp(np.tanh(source.columns["observations"] @ layers[0]) @ layers[1])
    laws /= laws.sum(axis=-1, keepdims=True)
    drawn = (laws.cumsum(axis=-1) < rng.random((*laws.shape[:2], 1))).sum(axis=-1)
    source.columns["actions"].setflags(write=True)
    source.columns["actions"][..., 0] = np.minimum(drawn, N_ACTIONS - 1)
    return made.situation.log


def truth_table(folder: Path) -> None:
    """Print bits beside the true conditional information, and beside what marginal replacement would say."""
    print("| agents | likeness | closeness | bits | upper | truth | marginal | CPU-s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for n_agents in (3, 6, 12):
        size = Size(n_agents=n_agents, n_episodes=200, n_steps=50)
        for likeness in LIKENESS:
            rng = generator(0, "attribution-truth", str(n_agents), str(likeness))
            strengths = (1.0,) + (0.5,) * (n_agents - 2)
            made = seeing_team(size, rng, strengths=strengths, likeness=likeness)
            log = attach_policies(made.situation.log, [save(folder / "p.onnx", [made.weights])])
            start = time.process_time()
            table = attributed(log).attribution
            spent = time.process_time() - start
            first = table.filter((pl.col("receiver") == "agent_0") & (pl.col("sender") == "agent_1"))
            true, marginal = (information(made, n_agents, likeness, rng, is_true) for is_true in (1, 0))
            figures = [*first.select("closeness", "bits", "upper").row(0), true, marginal]
            cells = " | ".join(f"{figure:.3f}" for figure in figures)
            print(f"| {n_agents} | {likeness} | {cells} | {spent:.1f} |", flush=True)


def information(made: SeeingTeam, n_agents: int, likeness: float, rng: np.random.Generator, is_true: int) -> float:
    """Return what agent_0's choice says of what it sees of agent_1 given all else, by draws from the true law."""
    n_rows, n_draws = 3000, 200
    (source,) = made.situation.log.sources
    seen = source.columns["observations"]
    own = seen[rng.choice(len(seen), n_rows, replace=False), 0]
    slots = own.reshape(n_rows, n_agents, N_OWN)
    others = slots.sum(axis=1) - slots[:, 1]
    share = likeness / (1 + (n_agents - 2) * likeness)
    spread = np.sqrt(1 - is_true * (n_agents - 1) * likeness * share)
    drawn = is_true * share * others[:, None] + spread * rng.normal(size=(n_rows, n_draws, N_OWN))
    replaced = np.repeat(own[:, None], n_draws, axis=1)
    replaced[..., N_OWN : 2 * N_OWN] = drawn
    factual, counterfactual = (Choices(log_p=logarithms(rows @ made.weights)) for rows in (own, replaced))
    lower, upper, _ = divergence(factual, counterfactual)
    return float((lower.mean() + upper.mean()) / 2)


def logarithms(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities."""
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def main(n_draws: int) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        truth_table(Path(name))
        untrained_table(Path(name), n_draws)
        even_table(Path(name), n_draws)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
