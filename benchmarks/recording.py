"""What recording costs: the same random play of MPE's simple_spread, recorded and not, side by side in one run.

Usage: python benchmarks/recording.py [ROUNDS] [EPISODES] [SECONDS]

Each round plays EPISODES (160: 4,000 steps, about a second, so that each round has its commit) once recorded and once
not, in turns; SECONDS is the time between commits. Prints the time of a step and what recording adds, in per cent of a
step, over rounds: the median, and the quartiles.
"""

import gc
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from mpe2 import simple_spread_v3

import convscope


def seconds_per_step(env: Any, n_episodes: int, seed: int) -> float:  # noqa: ANN401  of any library
    """Play at random and return the processor time of a step."""
    for agent in env.possible_agents:
        env.action_space(agent).seed(seed)
    gc.collect()
    n_steps, start = 0, time.process_time()
    for episode in range(n_episodes):
        env.reset(seed=seed + episode)
        while env.agents:
            env.step({agent: env.action_space(agent).sample() for agent in env.agents})
            n_steps += 1
    return (time.process_time() - start) / n_steps


def main() -> None:
    """Print the time of a step, and what recording adds."""
    n_rounds, n_episodes, seconds = (float(a) for a in (*sys.argv[1:], *("15", "160", "1")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.h5"
        plain = simple_spread_v3.parallel_env(max_cycles=25)
        recorded = convscope.record(simple_spread_v3.parallel_env(max_cycles=25), path, commit_seconds=seconds)
        times: dict[bool, list[float]] = {False: [], True: []}
        for number in range(-1, int(n_rounds)):
            for is_recorded in (False, True) if number % 2 else (True, False):
                time_of_step = seconds_per_step(
                    recorded if is_recorded else plain, int(n_episodes), 1000 * number + 1000
                )
                if number >= 0:  # the first round warms up
                    times[is_recorded].append(time_of_step)
        recorded.close()
        n_bytes = path.stat().st_size
    without, with_it = np.array(times[False]), np.array(times[True])
    added = 100 * (with_it / without - 1)
    low, middle, high = np.percentile(added, [25, 50, 75])
    print(f"a step takes {1e6 * np.median(without):.1f} us, recorded {1e6 * np.median(with_it):.1f} us")
    print(f"recording adds {middle:.1f} % (quartiles {low:.1f} to {high:.1f} %, least {added.min():.1f} %)")
    print(f"the log has {n_bytes / (n_rounds + 1) / n_episodes / 25:.0f} bytes a step")


if __name__ == "__main__":
    main()
