"""False positives and power of formation sensitivity told by policy residuals.

python benchmarks/influence_formation_null.py [draws]
"""

import sys
from functools import partial

import numpy as np

from convscope.dependence.influence import influence_by_formation
from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.simulate.draws import Size
from convscope.simulate.sharpening import sharpening
from convscope.values.config import AnalysisConfig
from convscope.values.labels import EpisodeLabels

CASES = (((0.0, 0.0), 20), ((0.3, 0.3), 20), ((0.3, 0.3), 6), ((0.2, 0.4), 20))
"""Influence in the two formations, and episodes of the second; of the first there are 20."""
SIZE = Size(n_agents=3, n_episodes=20, n_steps=20)
CONFIG = AnalysisConfig(n_permutations=99)


def p_values(influence: tuple[float, float], n_second: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return p of both forms in one draw."""
    both = sharpening(SIZE, rng, influence=influence, exploration=(0.6, 0.6))
    n_episodes = SIZE.n_episodes + n_second
    (block,) = both.blocks(frozenset({"actions", "action_probabilities"}), max_bytes=1 << 40)
    columns = {name: values[: n_episodes * SIZE.n_steps] for name, values in block.columns.items()}
    log = log_from_arrays(columns, [SIZE.n_steps] * n_episodes, [agent.name for agent in both.header.agents])
    spans = np.array([[e, 0, SIZE.n_steps, int(e >= SIZE.n_episodes)] for e in range(n_episodes)])
    labels = EpisodeLabels(
        sha256="", formations=("close", "wide"), spans=spans, paddings=(), padding=np.full(n_episodes, -1)
    )
    with open_executor(1) as executor:
        run = partial(run_folds, log, executor=executor, max_bytes=CONFIG.max_block_bytes, progress=None)
        agents = [agent.name for agent in log.header.agents]
        found = influence_by_formation(log, labels, config=CONFIG, agents=agents, run=run).found
    return (found.cell.p_value, found.key.p_value) if found else (1.0, 1.0)


def main(n_draws: int) -> None:
    """Print a line for each case."""
    print(f"{n_draws} draws, level .05, 20 episodes of 20 steps in the first formation, {SIZE.n_agents} agents")
    print("| influence | episodes of the second | cell | key |\n| --- | --- | --- | --- |")
    for influence, n_second in CASES:
        names = (str(influence), str(n_second))
        found = np.array(
            [p_values(influence, n_second, generator(0, "influence", *names, str(n))) for n in range(n_draws)]
        )
        cell, key = (found <= 0.05).mean(axis=0)
        print(f"| {influence[0]:g} and {influence[1]:g} | {n_second} | {cell:.3f} | {key:.3f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
