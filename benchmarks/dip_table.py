"""Simulate the quantiles of Hartigan's dip under the uniform distribution: prints convscope/roles/dip_table.py.

Usage: python benchmarks/dip_table.py [DRAWS]
"""

import sys

import numpy as np

from convscope.randomness import generator
from convscope.roles.dip import dip_statistic

SIZES = (4, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
LEVELS = (0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


def quantiles(n: int, n_draws: int) -> list[float]:
    """Return the quantiles of sqrt(n) times the dip of n uniform values; level 0 is its exact minimum."""
    rng = generator(0, "dip", str(n))
    drawn = [np.sqrt(n) * dip_statistic(rng.uniform(size=n)) for _ in range(n_draws)]
    return [0.5 / np.sqrt(n), *np.quantile(drawn, LEVELS[1:])]


def main() -> None:
    """Print the module."""
    n_draws = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print('"""Quantiles of sqrt(n) times the dip of n uniform values, simulated by ``benchmarks/dip_table.py``."""\n')
    print("import numpy as np\n\nfrom convscope.values.arrays import FloatArray, IntArray\n")
    print("# fmt: off")
    print(f"SIZES: IntArray = np.array({list(SIZES)})")
    print(f'"""Values drawn, {n_draws} times each."""')
    print(f"LEVELS: FloatArray = np.array({list(LEVELS)})")
    print("QUANTILES: FloatArray = np.array([")
    for n in SIZES:
        print("    [" + ", ".join(f"{q:.4f}" for q in quantiles(n, n_draws)) + "],")
    print('])\n"""One row for each size, one column for each level."""')


if __name__ == "__main__":
    main()
