"""False positives and power of the default test of influence, situation by situation.

Run ``python benchmarks/routing_null.py [SEEDS]``; each seed is one log of 8 agents, so 56 ordered pairs.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Simulator, Situation, Size
from convscope.simulate.situations import EDGE_FREE, WITH_EDGES
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What became of the pairs of some logs."""

    false_positives: float
    """Share of pairs without an edge whose p is at most .05."""
    power: float | None
    """Share of pairs with an edge whose p is at most .05."""
    false_discoveries: int
    """Pairs without an edge that are called significant at q = .05."""
    n_without: int
    seconds: float
    """Of processor time, per log."""


def p_values(situation: Situation, seed: int) -> tuple[FloatArray, int]:
    """Return the p of each ordered pair, shape (receiver, sender), and how many false edges are significant."""
    graph = find_routing(situation.log, AnalysisConfig(seed=seed))
    names = [agent.name for agent in situation.log.header.agents]
    p_value = np.full((len(names), len(names)), np.nan)
    n_false = 0
    if graph is not None:
        for edge in graph.edges.iter_rows(named=True):
            cell = names.index(edge["receiver"]), names.index(edge["sender"])
            p_value[cell] = edge["p_value"]
            n_false += bool(edge["significant"]) and not situation.edges[cell]
    return p_value, n_false


def rates(name: str, simulator: Simulator, *, size: Size, n_seeds: int) -> Rates:
    """Return the rates over some logs."""
    found: list[FloatArray] = []
    missed: list[FloatArray] = []
    n_false = 0
    start = time.process_time()
    for seed in range(n_seeds):
        situation = simulator(size, generator(seed, "routing-null", name))
        p_value, n_significant = p_values(situation, seed)
        others = ~np.eye(len(p_value), dtype=np.bool_)
        missed.append(p_value[others & ~situation.edges])
        found.append(p_value[situation.edges])
        n_false += n_significant
    without, with_edge = np.concatenate(missed), np.concatenate(found)
    return Rates(
        false_positives=float((without <= ALPHA).mean()),
        power=float((with_edge <= ALPHA).mean()) if len(with_edge) > 0 else None,
        false_discoveries=n_false,
        n_without=len(without),
        seconds=(time.process_time() - start) / n_seeds,
    )


def main(n_seeds: int) -> None:
    """Print the table."""
    print("situation                size      false positives  power  false edges at q .05  s/log")
    for size in (Size(), Size(n_episodes=40, n_steps=50)):
        for name, simulator in {**EDGE_FREE, **WITH_EDGES}.items():
            row = rates(name, simulator, size=size, n_seeds=n_seeds)
            power = "" if row.power is None else f"{row.power:.2f}"
            shape = f"{size.n_episodes}x{size.n_steps}"
            counts = f"{row.false_discoveries} of {row.n_without}"
            print(
                f"{name:24} {shape:9} {row.false_positives:<16.3f} {power:6} {counts:21} {row.seconds:.2f}", flush=True
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
