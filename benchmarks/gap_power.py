"""Whether what is promised is found: the smallest detectable gap, and plans; tables of ``docs/gap.md``.

Run ``python benchmarks/gap_power.py --draws 200``. Studies with no gap tell their smallest detectable gap; of each such
figure one study of which that is the true gap is asked whether it shows it. With ``--results results.jsonl``, as
``operating_characteristics.py`` writes it, the shares that a plan promises stand beside those of studies analysed in
full.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from operating_characteristics import KINDS, PRIORS, WANTED, Cell, run_of

from convscope.compare.name_order import in_name_order
from convscope.compare.power import equivalence_interval, smallest_detectable_gap
from convscope.compare.scores import Scores, score
from convscope.randomness import generator
from convscope.simulate.plans import plan_priors
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import diluted
from convscope.values.gap import Verdict
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")
PLANNED = (("2-2-2", "circulant"), ("1-1-1", "circulant"), ("1-1-1", "generic"))
TRUTH_OF = {
    Verdict.ALIGNED: "true",
    Verdict.PARTIAL: "half",
    Verdict.STRUCTURED_BUT_DIFFERENT: "swapped",
}


def scores_of(cell: Cell, gap: float, rng: np.random.Generator) -> Scores:
    """Return a simulated study of a true gap, held against the prior."""
    prior = PRIORS[cell.prior]
    runs = tuple(run_of(cell, diluted(prior, gap), rng) for _ in range(cell.n_runs))
    graph = graph_of(runs, ROLES, rng=rng)
    if graph.preference is None:
        raise ValueError("simulated runs always show a preference")
    graph, preference = in_name_order(graph, graph.preference)
    return score(RolePrior(roles=ROLES, role_of={}, preference=np.array(prior)), preference, graph.halves)


def detectable(cell: Cell, n_draws: int) -> str:
    """Return a row: what studies tell as their smallest detectable gap, and how often gaps of that size are shown."""
    rng = generator(0, "gap power", cell.team, cell.prior, cell.seeds, str(cell.n_runs))
    without = [scores_of(cell, 0.0, rng) for _ in range(n_draws)]
    told = [smallest_detectable_gap(each) for each in without]
    smallest = np.array([np.inf if each is None else each for each in told])
    unshifted = float(np.mean([each.gap.mean() for each in without]))
    found = [equivalence_interval(scores_of(cell, gap, rng).gap) for gap in smallest[np.isfinite(smallest)].tolist()]
    shown = np.mean([each is not None and each[0] > unshifted for each in found])
    low, median, high = np.quantile(smallest, [0.1, 0.5, 0.9], method="inverted_cdf").tolist()
    what = f"{cell.team}, {cell.prior}, {cell.seeds}"
    told_of = f"{median:.2f} ({low:.2f} to {high:.2f}) | {np.mean(smallest > 1):.2f}"
    return f"| {what} | {cell.n_runs} | {told_of} | {shown:.2f} |"


def planned(results: Path, seed: int) -> None:
    """Print what plans promise beside what was found."""
    found = [json.loads(line) for line in results.read_text().splitlines()]
    print("\n| team, prior | runs | verdict | promised | found | studies |\n|---|---|---|---|---|---|")
    for team, prior in PLANNED:
        for n_runs in (3, 5, 10):
            _, plans = plan_priors(3, team, n_runs, priors=None, alpha=None, seed=seed)
            (plan,) = (each for each in plans if each.prior == prior)
            for verdict, share in plan.power:
                cell = {"team": team, "prior": prior, "seeds": "alike", "truth": TRUTH_OF[verdict], "n_runs": n_runs}
                own = [each["verdict"] for each in found if all(each[key] == value for key, value in cell.items())]
                rate = np.mean([each in WANTED[TRUTH_OF[verdict]] for each in own])
                row = f"| {team}, {prior} | {n_runs} | {verdict} | {share:.2f} | {rate:.2f} | {len(own)} |"
                print(row, flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200, help="studies a cell of the smallest detectable gap")
    parser.add_argument("--results", type=Path, help="file that operating_characteristics.py wrote")
    parser.add_argument("--seed", type=int, default=0, help="of the plans")
    options = parser.parse_args()
    if options.draws:
        print("| team, prior, seeds | runs | median (middle 80 %) | above 1 | shown |\n|---|---|---|---|---|")
        for team, prior, seeds in KINDS:
            for n_runs in (3, 5, 10):
                cell = Cell(team=team, prior=prior, seeds=seeds, truth="true", n_runs=n_runs)
                print(detectable(cell, options.draws), flush=True)
    if options.results:
        planned(options.results, options.seed)


if __name__ == "__main__":
    main()
