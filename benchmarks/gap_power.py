"""Whether the smallest detectable gap is detected in 80 % of studies: a table of ``docs/gap.md``.

Run ``python benchmarks/gap_power.py --draws 300``. Studies with no gap tell their smallest detectable gap; studies of
which the true gap is the median of these are then asked whether they show one.
"""

import argparse

import numpy as np
from operating_characteristics import TEAMS

from convscope.compare.name_order import in_name_order
from convscope.compare.power import smallest_detectable_gap
from convscope.compare.scores import Scores, score
from convscope.randomness import generator
from convscope.routing.intervals import student_t
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_runs
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")
PRIOR = RolePrior(roles=ROLES, role_of={}, preference=np.array(CIRCULANT))


def scores_of(team: str, gap: float, n_runs: int, rng: np.random.Generator) -> Scores:
    """Return a simulated study held against the prior."""
    preference = diluted(CIRCULANT, gap)
    spec = Team(preference=preference, members=TEAMS[team], dyad_noise=0.3, step_noise=0.3)
    graph = graph_of(simulate_runs(spec, n_runs, rng), ROLES, rng=rng)
    if graph.preference is None:
        raise ValueError("simulated runs always show a preference")
    graph, preference_found = in_name_order(graph, graph.preference)
    return score(PRIOR, preference_found, graph.halves)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=300, help="studies a cell")
    n_draws = parser.parse_args().draws
    print("| team | runs | smallest detectable, median and middle 80 % of studies | shown at the median |")
    print("|---|---|---|---|")
    for team in TEAMS:
        for n_runs in (3, 5, 10):
            rng = generator(0, "gap power", team, str(n_runs))
            without = [scores_of(team, 0.0, n_runs, rng) for _ in range(n_draws)]
            smallest = [smallest_detectable_gap(each, rng) or np.inf for each in without]
            low, median, high = np.quantile(smallest, [0.1, 0.5, 0.9], method="inverted_cdf").tolist()
            unshifted = float(np.mean([each.gap.mean() for each in without]))
            found = [student_t(scores_of(team, min(median, 1.0), n_runs, rng).gap) for _ in range(n_draws)]
            shown = np.mean([each is not None and each[0] > unshifted for each in found])
            print(f"| {team} | {n_runs} | {median:.2f} ({low:.2f} to {high:.2f}) | {shown:.2f} |", flush=True)


if __name__ == "__main__":
    main()
