"""What finding roles costs among many units: processor time and memory.

Usage: python benchmarks/roles_scale.py [UNITS ...]

Prints a row for each number of units (100,000 and 1,000,000), eight agents, 32 features, three planted roles.
"""

import resource
import sys
import time

import numpy as np

from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.simulate.role_kinds import TeamSize, tabled_units
from convscope.values.config import AnalysisConfig

N_AGENTS = 8
N_FEATURES = 32


def measure(n_units: int) -> str:
    """Return a row of the table."""
    rng = generator(0, "roles scale")
    size = TeamSize(n_agents=N_AGENTS, n_episodes=n_units // N_AGENTS)
    role = rng.choice(3, size=n_units)
    values = 3.0 * rng.normal(size=(3, N_FEATURES))[role] + rng.normal(size=(n_units, N_FEATURES))
    table, log = tabled_units(values, (size.n_episodes, size.n_agents))
    agents = tuple(agent.name for agent in log.header.agents)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = discover_roles(table, log, agents=agents, config=AnalysisConfig())
    seconds = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    right = np.mean([len(set(found.table["role"].to_numpy()[role == number].tolist())) for number in range(3)])
    if "umap" in sys.modules:
        raise SystemExit("umap was imported")
    return f"| {n_units:,} | {found.k} | {right:.1f} | {seconds:.1f} | {before / 1024:,.0f} | {after / 1024:,.0f} |"


def main(sizes: list[int]) -> None:
    """Print the table."""
    print("| units | roles found | found roles per planted one | CPU-s | MB before | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n_units in sizes or [100_000, 1_000_000]:
        print(measure(n_units), flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
