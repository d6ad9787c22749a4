"""How often the 95 % interval of g holds the mean g of all runs that such training gives: a table of ``docs/gap.md``.

Run ``python benchmarks/gap_coverage.py --draws 1000``. Runs are drawn from a pool that is measured as a study is; the
mean g of the pool is the truth that an interval over a few of its runs should hold.
"""

import argparse

import numpy as np
from operating_characteristics import TEAMS, Cell, runs_of

from convscope.compare.name_order import in_name_order
from convscope.compare.scores import score
from convscope.randomness import generator
from convscope.routing.intervals import bootstrap_t, student_t
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT
from convscope.values.arrays import FloatArray
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")
POOL = 2_000
"""Runs of a pool; its mean g has a standard error of about a fiftieth of an interval over three runs."""


def pool(team: str, seeds: str, truth: str) -> FloatArray:
    """Return g of each run of a pool, shape (POOL,)."""
    cell = Cell(team=team, prior="circulant", seeds=seeds, truth=truth, n_runs=POOL)
    rng = generator(0, "coverage", team, seeds, truth)
    graph = graph_of(runs_of(cell, rng), ROLES, rng=rng)
    if graph.preference is None:
        raise ValueError("simulated runs always show a preference")
    graph, preference = in_name_order(graph, graph.preference)
    prior = RolePrior(roles=ROLES, role_of={}, preference=np.array(CIRCULANT))
    return score(prior, preference, graph.halves).gap


def coverage(gaps: FloatArray, n_runs: int, n_draws: int) -> tuple[float, float, float]:
    """Return how often the interval holds the pool's mean, the same for Student-t alone, and its mean width."""
    rng = generator(1, "coverage", str(n_runs))
    held, plain, width = 0, 0, 0.0
    for _ in range(n_draws):
        own = gaps[rng.choice(len(gaps), n_runs, replace=False)]
        low, high = bootstrap_t(own, rng) or student_t(own) or (np.nan, np.nan)
        t_low, t_high = student_t(own) or (np.nan, np.nan)
        held += low <= gaps.mean() <= high
        plain += t_low <= gaps.mean() <= t_high
        width += (high - low) / n_draws
    return held / n_draws, plain / n_draws, width


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000, help="studies a cell")
    options = parser.parse_args()
    print("| team, seeds | truth | mean g | skewness | 3 runs | 5 runs | 10 runs | widths |")
    print("|---|---|---|---|---|---|---|---|")
    for team in TEAMS:
        for seeds in ("alike", "skewed"):
            for truth in ("true", "half", "role-blind", "swapped"):
                gaps = pool(team, seeds, truth)
                found = [coverage(gaps, n_runs, options.draws) for n_runs in (3, 5, 10)]
                shares = " | ".join(f"{held:.3f} ({plain:.3f})" for held, plain, _ in found)
                widths = ", ".join(f"{width:.2f}" for _, _, width in found)
                skewness = float(((gaps - gaps.mean()) ** 3).mean() / gaps.std() ** 3)
                print(f"| {team}, {seeds} | {truth} | {gaps.mean():.2f} | {skewness:.1f} | {shares} | {widths} |")


if __name__ == "__main__":
    main()
