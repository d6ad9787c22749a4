"""CPU seconds that each family of features takes on a made log, and all of them together.

Usage: python benchmarks/features_pass.py [EPISODES] [STEPS] [AGENTS]
"""

import sys
from dataclasses import replace
from time import process_time

from convscope.features.families import FAMILIES
from convscope.features.family import Family
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.values.config import AnalysisConfig
from convscope.values.log import Block, TrajectoryLog

FIELDS = frozenset(
    {"actions", "positions", "entity_positions", "rewards", "observations", "messages", "hidden_states"}
) | {"info/held", "info/health"}


def made_log(n_episodes: int, n_steps: int, n_agents: int) -> TrajectoryLog:
    """Random walkers with all the fields that families know."""
    rng = generator(0, "features")
    n_rows = n_episodes * n_steps
    columns = {
        "actions": rng.integers(5, size=(n_rows, n_agents, 1)).astype(float),
        "positions": rng.normal(size=(n_rows, n_agents, 2)).cumsum(axis=0),
        "entity_positions": rng.normal(size=(n_rows, 3, 2)),
        "rewards": rng.normal(size=(n_rows, n_agents)) * (rng.uniform(size=(n_rows, n_agents)) < 0.1),
        "observations": rng.normal(size=(n_rows, n_agents, 16)),
        "messages": rng.integers(3, size=(n_rows, n_agents, 2)).astype(float),
        "hidden_states": rng.normal(size=(n_rows, n_agents, 16)),
        "info/held": rng.integers(4, size=(n_rows, n_agents)).astype(float),
        "info/health": rng.normal(size=(n_rows, n_agents)),
    }
    log = log_from_arrays(columns, [n_steps] * n_episodes, [f"agent_{i}" for i in range(n_agents)])
    held = ("none", "onion", "dish", "soup")
    fields = tuple(replace(s, values=held) if s.name == "info/held" else s for s in log.header.fields)
    return replace(log, header=replace(log.header, fields=fields))


def seconds(log: TrajectoryLog, blocks: list[Block], families: tuple[Family, ...]) -> float:
    """CPU seconds to compute some families, the least of three."""
    times: list[float] = []
    for _ in range(3):
        fold = FeatureFold(log, AnalysisConfig(), families)
        start = process_time()
        state = fold.start()
        for block in blocks:
            state = fold.add(state, block)
        fold.finish(state)
        times.append(process_time() - start)
    return min(times)


def main() -> None:
    """Print what each family costs."""
    n_episodes, n_steps, n_agents = (int(a) for a in (*sys.argv[1:], *("200", "100", "8")[len(sys.argv) - 1 :]))
    log = made_log(n_episodes, n_steps, n_agents)
    blocks = list(log.blocks(FIELDS))
    nothing = seconds(log, blocks, ())
    for family in FAMILIES:
        print(f"{family.name}: {seconds(log, blocks, (family,)) - nothing:.3f} s", flush=True)
    whole = seconds(log, blocks, FAMILIES)
    rate = n_episodes * n_steps * n_agents / whole
    print(f"all families: {whole:.3f} s for {n_episodes * n_steps * n_agents:,} agent-steps, {rate:,.0f} a second")


if __name__ == "__main__":
    main()
