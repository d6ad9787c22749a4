"""CPU time of the gap after the pass over the data: 10 runs of 200 episodes of 9 agents, 10,000 permutations.

Run ``python benchmarks/gap_speed.py``.
"""

import time

import numpy as np

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import GENERIC, Team, simulate_runs
from convscope.values.config import AnalysisConfig


def main() -> None:
    """Print the CPU seconds, with those of making the tallies."""
    team = Team(preference=GENERIC, members=(3, 3, 3), n_episodes=200, n_steps=15, dyad_noise=0.3, step_noise=0.3)
    runs = simulate_runs(team, 10, np.random.default_rng(0))
    for n_permutations in (999, 10_000):
        start = time.process_time()
        gap = routing_gap(
            runs, GENERIC, rng=np.random.default_rng(0), config=AnalysisConfig(n_permutations=n_permutations)
        )
        print(f"{n_permutations} permutations: {time.process_time() - start:.1f} CPU-s, {gap.verdict.value}")


if __name__ == "__main__":
    main()
