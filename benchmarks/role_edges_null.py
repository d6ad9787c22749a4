"""False edges between roles, and power, where slots are filled anew: policy residuals and interventions.

python benchmarks/role_edges_null.py [draws]
"""

import sys
from functools import partial

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Simulator, Size
from convscope.simulate.interventions import Experiment, experiment
from convscope.simulate.policies import hidden_driver
from convscope.simulate.redrawn import in_redrawn_slots, role_edges
from convscope.values.config import AnalysisConfig, RoutingSource

ROLES = tuple("aabbcc")
SIZE = Size(n_agents=6, n_episodes=60, n_steps=30)
CASES: tuple[tuple[str, Simulator, Simulator, RoutingSource], ...] = (
    (
        "residual",
        hidden_driver,
        partial(hidden_driver, n_edges=3),
        RoutingSource.POLICY_RESIDUAL,
    ),
    (
        "residual, greedy in .95",
        partial(hidden_driver, greed=0.95),
        partial(hidden_driver, n_edges=3, greed=0.95),
        RoutingSource.POLICY_RESIDUAL,
    ),
    (
        "intervention",
        partial(experiment, how=Experiment()),
        partial(experiment, how=Experiment(n_edges=3)),
        RoutingSource.INTERVENTION,
    ),
)


def p_values(simulate: Simulator, source: RoutingSource, rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """Return p of pairs of roles without and with an edge."""
    situation = simulate(SIZE, rng)
    graph = find_routing(in_redrawn_slots(situation, ROLES, rng), AnalysisConfig(routing_source=source))
    true = role_edges(situation, ROLES)
    rows = [] if graph.role_edges is None else graph.role_edges.select("sender", "receiver", "p_value").rows()
    known = [(sender, receiver, p) for sender, receiver, p in rows if p is not None]
    return [p for *pair, p in known if tuple(pair) not in true], [p for *pair, p in known if tuple(pair) in true]


def main(n_draws: int) -> None:
    """Print a line for each source."""
    print(f"{n_draws} draws, level .05, {SIZE}")
    print("| source | pairs of roles | false positives without edges | beside edges | power |")
    print("| --- | --- | --- | --- | --- |")
    for name, without, some, source in CASES:
        none: list[float] = []
        false: list[float] = []
        true: list[float] = []
        for draw in range(n_draws):
            none += p_values(without, source, generator(0, "role edges", name, "none", str(draw)))[0]
            beside, own = p_values(some, source, generator(0, "role edges", name, "some", str(draw)))
            false, true = false + beside, true + own
        rates = " | ".join(f"{np.mean(np.array(each) <= 0.05):.3f}" for each in (none, false, true))
        print(f"| {name} | {len(none)} + {len(false)} + {len(true)} | {rates} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
