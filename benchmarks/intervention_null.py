"""False positives and power of logged interventions, by how they were assigned.

python benchmarks/intervention_null.py [draws]
"""

import sys
from dataclasses import dataclass, field

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.interventions import Experiment, Way, experiment
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.routing import RoutingGraph

SIZES = (Size(n_agents=8, n_episodes=200, n_steps=100), Size(n_agents=8, n_episodes=60, n_steps=40))
CONFIG = AnalysisConfig(routing_source=RoutingSource.INTERVENTION)


@dataclass
class Tally:
    """What was said of pairs without and with an edge, and of how interventions were assigned."""

    false: list[bool] = field(default_factory=list)
    true: list[bool] = field(default_factory=list)
    claimed: list[bool] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)

    def add(self, graph: RoutingGraph, edges: np.ndarray) -> None:
        """Add a log."""
        self.refused.append("interventions-not-random" in {notice.code for notice in graph.notices})
        rows = graph.edges.select("sender", "receiver", "p_value", "significant").iter_rows()
        for sender, receiver, p, is_claimed in rows:
            is_edge = edges[graph.agents.index(receiver), graph.agents.index(sender)]
            if p is not None:
                (self.true if is_edge else self.false).append(p <= 0.05)
                self.claimed += [] if is_edge else [is_claimed]

    @property
    def cells(self) -> str:
        """The figures of a line."""
        power = f"{np.mean(self.true):.2f}" if self.true else "-"
        n_pairs = len(self.false)
        figures = (f"{np.mean(self.false):.3f}", n_pairs, power, f"{np.mean(self.claimed):.3f}")
        return " | ".join(map(str, (*figures, f"{np.mean(self.refused):.2f}")))


def main(n_draws: int) -> None:
    """Print a line for each size and way."""
    print(f"{n_draws} draws, level .05")
    print("| episodes x steps | done | assigned | false positives | of pairs | power | claimed wrongly | refused |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        for cuts_channels in (False, True):
            for way in Way:
                how = Experiment(way=way, n_edges=4, cuts_channels=cuts_channels)
                tally = Tally()
                for draw in range(n_draws):
                    rng = generator(0, "intervention-null", str(size), way, str(cuts_channels), str(draw))
                    situation = experiment(size, rng, how=how)
                    tally.add(find_routing(situation.log, CONFIG), situation.edges)
                done = "a channel is cut" if cuts_channels else "an agent is frozen"
                print(f"| {size.n_episodes} x {size.n_steps} | {done} | {way.value} | {tally.cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
