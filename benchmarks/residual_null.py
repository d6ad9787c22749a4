"""False positives and power of policy residuals under a hidden driver, beside those of trajectories alone.

python benchmarks/residual_null.py [draws]
"""

import sys
from dataclasses import dataclass, field

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.policies import hidden_driver
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.routing import RoutingGraph

SIZES = (Size(n_agents=8, n_episodes=200, n_steps=100), Size(n_agents=8, n_episodes=40, n_steps=50))
GREEDS = (0.0, 0.8, 0.95, 0.995)
SOURCES = (RoutingSource.POLICY_RESIDUAL, RoutingSource.TRANSFER_ENTROPY)


@dataclass
class Tally:
    """Whether p was at most .05, of pairs without and with an edge."""

    false: list[bool] = field(default_factory=list)
    true: list[bool] = field(default_factory=list)

    def add(self, graph: RoutingGraph, edges: np.ndarray) -> None:
        """Add the pairs of a log."""
        for sender, receiver, p in graph.edges.select("sender", "receiver", "p_value").iter_rows():
            is_edge = edges[graph.agents.index(receiver), graph.agents.index(sender)]
            if p is not None:
                (self.true if is_edge else self.false).append(p <= 0.05)


def main(n_draws: int) -> None:
    """Print a line for each size and share of greedy actions."""
    print(f"{n_draws} draws, level .05: false positives (power) of")
    print("| episodes x steps | greedy share | policy residual | transfer entropy |\n| --- | --- | --- | --- |")
    for size in SIZES:
        for greed in GREEDS:
            tallies = {source: Tally() for source in SOURCES}
            for draw in range(n_draws):
                rng = generator(0, "residual-null", str(size), str(greed), str(draw))
                situation = hidden_driver(size, rng, n_edges=4, greed=greed)
                for source, tally in tallies.items():
                    config = AnalysisConfig(routing_source=source)
                    tally.add(find_routing(situation.log, config), situation.edges)
            cells = " | ".join(f"{np.mean(tally.false):.3f} ({np.mean(tally.true):.2f})" for tally in tallies.values())
            print(f"| {size.n_episodes} x {size.n_steps} | {greed} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
