"""How often the scenarios without roles pass a test, and whether their p is uniform: a table of ``docs/gap.md``.

Run ``python benchmarks/role_blind_scenarios.py --draws 1000``. Scenarios 10 (random policies), 11 (habits between
single agents) and 14 (formations that change nothing) of ``convscope simulate``. Every claim of roles must pass
specificity first, so its rate bounds theirs.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from formation_null import NOISY, formation_p_values

from convscope.compare.joint import relabel_runs
from convscope.compare.name_order import in_name_order
from convscope.compare.nulls import specificity_outcome
from convscope.compare.scores import score
from convscope.randomness import generator
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_runs
from convscope.values.arrays import FloatArray
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75)


def specificity_p(dyad_noise: float, n_runs: int, draw: int) -> tuple[float, float]:
    """Return the p of specificity over both of its tests, and that of the run-wise one alone."""
    rng = generator(draw, "role-blind scenario", str(dyad_noise), str(n_runs))
    team = Team(preference=diluted(CIRCULANT, 1.0), members=(2, 2, 2), dyad_noise=dyad_noise, step_noise=0.3)
    graph = graph_of(simulate_runs(team, n_runs, rng), ROLES, rng=rng, n_halves=1)
    if graph.preference is None:
        raise ValueError("simulated runs always show a preference")
    graph, preference = in_name_order(graph, graph.preference)
    scores = score(RolePrior(roles=ROLES, role_of={}, preference=np.array(CIRCULANT)), preference, graph.halves)
    relabelled = relabel_runs(graph.tallies, scores, n_draws=999, seed=draw)
    found = specificity_outcome(scores, relabelled, alpha=0.05)
    return found.p_value, found.run_wise.p_value


def rows(n_draws: int, n_formations: int) -> Iterator[tuple[str, FloatArray]]:
    """Yield the name of each test and its p in drawn studies."""
    for number, noise in ((10, 0.0), (11, 0.3)):
        for n_runs in (3, 5):
            both, run_wise = np.array([specificity_p(noise, n_runs, draw) for draw in range(n_draws)]).T
            yield f"{number}, specificity (two tests share the level), {n_runs} runs", both
            yield f"{number}, specificity run-wise alone, {n_runs} runs", run_wise
    yield "14, largest cell", np.array([formation_p_values(NOISY, "scenario 14", d)[0] for d in range(n_formations)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000, help="studies of scenarios 10 and 11")
    parser.add_argument("--formations", type=int, default=200, help="studies of scenario 14")
    options = parser.parse_args()
    print(f"| scenario, test | draws | {' | '.join(f'p <= {level:g}' for level in LEVELS)} |")
    print(f"|---|---|{'---|' * len(LEVELS)}")
    for name, p_values in rows(options.draws, options.formations):
        rates = " | ".join(f"{np.mean(p_values <= level):.3f}" for level in LEVELS)
        print(f"| {name} | {len(p_values)} | {rates} |", flush=True)


if __name__ == "__main__":
    main()
