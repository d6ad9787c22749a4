"""How often role-blind teams pass the test of specificity, the gate of every claim: a table of ``docs/gap.md``.

Run ``python benchmarks/specificity_null.py --draws 2000``. Only the test is made, so that many studies can be drawn.
"""

import argparse

import numpy as np
from operating_characteristics import KINDS, PRIORS, Cell, runs_of

from convscope.compare.joint import relabel_runs
from convscope.compare.name_order import in_name_order
from convscope.compare.nulls import specificity_outcome
from convscope.compare.scores import score
from convscope.randomness import generator
from convscope.simulate.tallies import graph_of
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")


def p_value(cell: Cell, draw: int) -> float:
    """Return the p of specificity of one simulated study."""
    rng = generator(draw, "specificity", cell.team, cell.prior, cell.seeds, str(cell.n_runs))
    graph = graph_of(runs_of(cell, rng), ROLES, rng=rng, n_halves=1)
    if graph.preference is None:
        raise ValueError("simulated runs always show a preference")
    graph, preference = in_name_order(graph, graph.preference)
    prior = RolePrior(roles=ROLES, role_of={}, preference=np.array(PRIORS[cell.prior]))
    scores = score(prior, preference, graph.halves)
    relabelled = relabel_runs(graph.tallies, scores, n_draws=999, seed=draw)
    return specificity_outcome(scores, relabelled, alpha=0.05).p_value


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2_000, help="studies a cell")
    n_draws = parser.parse_args().draws
    print("| team, prior, seeds | runs | p <= .05 | one standard error |\n|---|---|---|---|")
    for team, prior, seeds in KINDS:
        for n_runs in (3, 5, 10):
            cell = Cell(team=team, prior=prior, seeds=seeds, truth="role-blind", n_runs=n_runs)
            rate = float(np.mean([p_value(cell, draw) <= 0.05 for draw in range(n_draws)]))
            error = np.sqrt(rate * (1 - rate) / n_draws)
            print(f"| {team}, {prior}, {seeds} | {n_runs} | {rate:.4f} | {error:.4f} |", flush=True)


if __name__ == "__main__":
    main()
