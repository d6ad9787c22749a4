"""How often two seeds claim the same edges, and how often pairs without an edge are called one.

python benchmarks/seed_agreement.py [draws]
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Simulator, Situation, Size
from convscope.simulate.interventions import Experiment, Way, experiment
from convscope.simulate.policies import hidden_driver
from convscope.simulate.situations import hidden_memory
from convscope.values.config import AnalysisConfig, RoutingSource

SEEDS = range(3)
NEAR = (0.02, 0.1)
"""Pairs whose p lies between these for some seed stand near the level."""


def rare(size: Size, rng: np.random.Generator) -> Situation:
    """Chance is rare: actions are drawn again."""
    return hidden_driver(size, rng, n_edges=2, greed=0.95)


def pair(size: Size, rng: np.random.Generator) -> Situation:
    """Two agents without an edge: p of each is its own level."""
    return hidden_driver(Size(n_agents=2, n_episodes=size.n_episodes, n_steps=size.n_steps), rng, greed=0.95)


CASES: tuple[tuple[str, Simulator, RoutingSource], ...] = (
    ("rare chance, two edges", rare, RoutingSource.POLICY_RESIDUAL),
    ("rare chance, a pair", pair, RoutingSource.POLICY_RESIDUAL),
    ("interventions by a coin", partial(experiment, how=Experiment()), RoutingSource.INTERVENTION),
    ("on whole episodes", partial(experiment, how=Experiment(way=Way.EPISODE)), RoutingSource.INTERVENTION),
    ("hidden memory", hidden_memory, RoutingSource.TRANSFER_ENTROPY),
)
SIZE = Size(n_agents=5, n_episodes=40, n_steps=30)


def found(make: Callable[[], Situation], source: RoutingSource) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return p, claims and truth of all pairs for each seed."""
    situation = make()
    for seed in SEEDS:
        graph = find_routing(situation.log, AnalysisConfig(routing_source=source, seed=seed))
        rows = graph.edges.select("sender", "receiver", "p_value", "significant").rows()
        place = {name: number for number, name in enumerate(graph.agents)}
        truth = np.array([situation.edges[place[receiver], place[sender]] for sender, receiver, _, _ in rows])
        yield np.array([np.nan if p is None else p for *_, p, _ in rows]), np.array([c for *_, c in rows]), truth


def main(n_draws: int) -> None:
    """Print a line for each case."""
    print(f"{n_draws} draws, {len(SEEDS)} seeds each, {SIZE}")
    print("| log | source | pairs | false positives | seeds agree | near the level | of these |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, simulate, source in CASES:
        false: list[float] = []
        same: list[bool] = []
        is_near: list[bool] = []
        for draw in range(n_draws):
            rng = generator(0, "seed agreement", name, str(draw))
            every = list(found(lambda simulate=simulate, rng=rng: simulate(SIZE, rng), source))
            false += [float(p <= 0.05) for p, _, truth in every for p in p[~truth] if np.isfinite(p)]
            for first, second in combinations(every, 2):
                same += (first[1] == second[1]).tolist()
                p = np.array([first[0], second[0]])
                is_near += ((p >= NEAR[0]) & (p <= NEAR[1])).any(axis=0).tolist()
        agree, near = np.array(same), np.array(is_near)
        of_near = f"{agree[near].mean():.3f}" if near.any() else ""
        cells = (name, source.value, len(agree), f"{np.mean(false):.3f}", f"{agree.mean():.4f}", near.sum(), of_near)
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
