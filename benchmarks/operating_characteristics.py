"""How often each verdict is given when the truth is known: the table of ``docs/gap.md``.

Run ``python benchmarks/operating_characteristics.py results.jsonl --draws 100``. Each study is written when it is done;
a second call goes on where the first one stopped.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from convscope.randomness import generator
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, SimulatedRun, Team, diluted, relabelled, simulate_runs

PRIORS = {"circulant": CIRCULANT, "generic": GENERIC}
TEAMS = {"2-2-2": (2, 2, 2), "1-1-1": (1, 1, 1)}
TRUTHS = ("role-blind", "true", "half", "swapped", "two conventions")
SWAP = (1, 0, 2)
WANTED = {
    "role-blind": ("no-role-structure", "insufficient-evidence"),
    "true": ("aligned",),
    "half": ("partial",),
    "swapped": ("structured-but-different",),
    "two conventions": ("multiple-conventions",),
}
"""Verdicts that are right for each truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the table."""

    team: str
    prior: str
    truth: str
    n_runs: int


def cells() -> list[Cell]:
    """Return the cells: 2-2-2 with the circulant prior, 1-1-1 with both."""
    kinds = (("2-2-2", "circulant"), ("1-1-1", "circulant"), ("1-1-1", "generic"))
    return [
        Cell(team=team, prior=prior, truth=truth, n_runs=n_runs)
        for team, prior in kinds
        for truth in TRUTHS
        for n_runs in (3, 5, 10)
    ]


def runs_of(cell: Cell, rng: np.random.Generator) -> tuple[SimulatedRun, ...]:
    """Draw the runs of one study: 60 steps in 4 episodes, dyad noise .3 that lasts for the run, step noise .3."""
    prior = PRIORS[cell.prior]
    shown = {"role-blind": diluted(prior, 1.0), "half": diluted(prior, 0.5), "swapped": relabelled(prior, SWAP)}
    n_other = cell.n_runs // 2 if cell.truth == "two conventions" else 0
    halves = ((shown.get(cell.truth, prior), cell.n_runs - n_other), (relabelled(prior, SWAP), n_other))
    members = TEAMS[cell.team]
    return tuple(
        run
        for preference, n_runs in halves
        for run in simulate_runs(
            Team(preference=preference, members=members, dyad_noise=0.3, step_noise=0.3), n_runs, rng
        )
    )


def study(cell: Cell, draw: int) -> dict[str, object]:
    """Return the verdict on one simulated study."""
    rng = generator(draw, cell.team, cell.prior, cell.truth, str(cell.n_runs))
    gap = routing_gap(runs_of(cell, rng), PRIORS[cell.prior], rng=rng)
    alignment = gap.component("alignment")
    found = {"verdict": gap.verdict.value, "g": alignment.value, "smallest_detectable": gap.smallest_detectable}
    return {**asdict(cell), "draw": draw, **found, **dict(alignment.parts), "alignment p": alignment.p_value}


def pending(path: Path, n_draws: int) -> Iterator[tuple[Cell, int]]:
    """Yield the studies that are not in the file yet."""
    lines = path.read_text().splitlines() if path.exists() else []
    done = {
        (each["team"], each["prior"], each["truth"], each["n_runs"], each["draw"]) for each in map(json.loads, lines)
    }
    for cell in cells():
        for draw in range(n_draws):
            if (cell.team, cell.prior, cell.truth, cell.n_runs, draw) not in done:
                yield cell, draw


def table(path: Path) -> str:
    """Return the table in Markdown: share of right verdicts, then the counts of all."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    lines = ["| team, prior | truth | runs | studies | right | verdicts |", "|---|---|---|---|---|---|"]
    for cell in cells():
        verdicts = Counter(each["verdict"] for each in found if all(each[k] == v for k, v in asdict(cell).items()))
        n_right = sum(verdicts[verdict] for verdict in WANTED[cell.truth])
        counts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(verdicts.items()))
        right = f"{n_right / max(1, verdicts.total()):.2f}"
        lines.append(
            f"| {cell.team}, {cell.prior} | {cell.truth} | {cell.n_runs} | {verdicts.total()} | {right} | {counts} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Simulate what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="file of results, one JSON object a line")
    parser.add_argument("--draws", type=int, default=100, help="studies a cell")
    options = parser.parse_args()
    options.results.touch()
    for cell, draw in pending(options.results, options.draws):
        line = json.dumps(study(cell, draw))
        with options.results.open("a") as file:
            file.write(line + "\n")
    print(table(options.results))


if __name__ == "__main__":
    main()
