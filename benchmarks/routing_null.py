"""False positives and power of every source of routing that a log affords, situation by situation.

Run ``python benchmarks/routing_null.py [SEEDS]``; each seed is one log of 8 agents, so 56 ordered pairs. The table of
docs/transfer-entropy.md is what it prints.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Simulator, Situation, Size
from convscope.simulate.motions import CONTINUOUS, MIXED
from convscope.simulate.policies import hidden_driver
from convscope.simulate.situations import EDGE_FREE, WITH_EDGES
from convscope.values.config import AnalysisConfig, RoutingSource

ALPHA = 0.05
SIZES = (Size(), Size(n_episodes=40, n_steps=50))
PROBABILITIES: dict[str, Simulator] = {
    "hidden driver, probabilities logged": hidden_driver,
    "the same with four edges": partial(hidden_driver, n_edges=4),
}
KINDS: Mapping[str, tuple[Mapping[str, Simulator], tuple[RoutingSource, ...]]] = {
    "discrete": ({**EDGE_FREE, **WITH_EDGES}, (RoutingSource.TRANSFER_ENTROPY,)),
    "continuous": (CONTINUOUS, (RoutingSource.TRANSFER_ENTROPY,)),
    "mixed": (MIXED, (RoutingSource.TRANSFER_ENTROPY,)),
    "with probabilities": (PROBABILITIES, (RoutingSource.TRANSFER_ENTROPY, RoutingSource.POLICY_RESIDUAL)),
}
_HEADER = (
    "actions",
    "situation",
    "episodes x steps",
    "method",
    "false positives",
    "pairs",
    "power",
    "false edges",
    "s",
)


@dataclass
class Tally:
    """What became of the pairs of some logs."""

    false: list[bool] = field(default_factory=list)
    """Whether p is at most .05, of each pair without an edge."""
    true: list[bool] = field(default_factory=list)
    """The same of each pair with an edge."""
    n_false_edges: int = 0
    """Pairs without an edge that are called significant at q = .05."""
    n_warned: int = 0
    """Logs with a note of an unlogged common cause."""
    seconds: float = 0.0
    """Of processor time."""

    def add(self, situation: Situation, source: RoutingSource, seed: int) -> None:
        """Add the pairs of a log."""
        start = time.process_time()
        graph = find_routing(situation.log, AnalysisConfig(seed=seed, routing_source=source))
        self.seconds += time.process_time() - start
        if graph is None:
            return
        self.n_warned += any(notice.code == "unlogged-common-cause" for notice in graph.notices)
        for edge in graph.edges.iter_rows(named=True):
            is_edge = bool(situation.edges[graph.agents.index(edge["receiver"]), graph.agents.index(edge["sender"])])
            is_found = edge["p_value"] is not None and edge["p_value"] <= ALPHA
            (self.true if is_edge else self.false).append(is_found)
            self.n_false_edges += bool(edge["significant"]) and not is_edge

    def cells(self, n_seeds: int) -> tuple[str, ...]:
        """Return the cells of the table."""
        warned = f", warned in {self.n_warned} of {n_seeds}" if self.n_warned else ""
        return (
            f"{np.mean(self.false):.3f}{warned}",
            str(len(self.false)),
            f"{np.mean(self.true):.2f}" if self.true else "",
            str(self.n_false_edges),
            f"{self.seconds / n_seeds:.2f}",
        )


def main(n_seeds: int) -> None:
    """Print the table."""
    print(" | ".join(("", *_HEADER, "")).strip())
    print("| --- " * len(_HEADER) + "|")
    for kind, (simulators, sources) in KINDS.items():
        for name, simulator in simulators.items():
            for size in SIZES:
                tallies = {source: Tally() for source in sources}
                for seed in range(n_seeds):
                    situation = simulator(size, generator(seed, "routing-null", kind, name))
                    for source, tally in tallies.items():
                        tally.add(situation, source, seed)
                shape = f"{size.n_episodes} x {size.n_steps}"
                for source, tally in tallies.items():
                    row = (kind, name, shape, source.value, *tally.cells(n_seeds))
                    print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
