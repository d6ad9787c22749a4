"""False positives and power of the occlusion surrogate, where slots go together with what policies use.

python benchmarks/occlusion_null.py [draws]
"""

import sys
import time

import numpy as np

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.observers import Scenery, observers
from convscope.values.config import AnalysisConfig, RoutingSource

SIZES = (Size(n_agents=4, n_episodes=100, n_steps=50), Size(n_agents=8, n_episodes=200, n_steps=100))
SHARES = (0.5, 0.25)
CONFIG = AnalysisConfig(routing_source=RoutingSource.OCCLUSION)


def main(n_draws: int) -> None:
    """Print a line for each size, scenery and kind of action; half of the agents follow another one."""
    print(f"{n_draws} draws, level .05")
    print(
        "| agents, episodes x steps | what goes together | follows | false positives | power | bits of edges |", end=""
    )
    print(" CPU-s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        for scenery in Scenery:
            for share in SHARES:
                _line(size, scenery, share, n_draws=n_draws)


def _line(size: Size, scenery: Scenery, share: float, *, n_draws: int) -> None:
    p_of: dict[bool, list[float]] = {False: [], True: []}
    bits: list[float] = []
    started = time.process_time()
    for draw in range(n_draws):
        rng = generator(0, "occlusion-null", str(size), scenery.value, str(share), str(draw))
        scene = observers(size, rng, scenery=scenery, n_edges=size.n_agents // 2, share=share)
        graph = find_routing(scene.log, CONFIG)
        for sender, receiver, weight, p in graph.edges.select("sender", "receiver", "weight", "p_value").iter_rows():
            is_edge = bool(scene.edges[graph.agents.index(receiver), graph.agents.index(sender)])
            p_of[is_edge].append(p)
            bits += [weight] if is_edge else []
    false, true = (float(np.mean(np.array(p_of[is_edge]) <= 0.05)) for is_edge in (False, True))
    cost = (time.process_time() - started) / n_draws
    told = f"{size.n_agents}, {size.n_episodes} x {size.n_steps} | {scenery.value} | {share}"
    print(f"| {told} | {false:.3f} | {true:.2f} | {np.mean(bits):.3f} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
