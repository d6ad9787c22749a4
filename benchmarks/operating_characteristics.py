"""How often each verdict is given when the truth is known: the tables of ``docs/gap.md``.

Run ``python benchmarks/operating_characteristics.py results.jsonl --draws 200``. Each study is written when it is done;
a second call goes on where the first one stopped. ``--table`` only prints what is there.
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
from convscope.simulate.teams import CIRCULANT, GENERIC, SimulatedRun, Team, diluted, relabelled, simulate_run
from convscope.values.config import AnalysisConfig

PRIORS = {"circulant": CIRCULANT, "generic": GENERIC}
TEAMS = {"2-2-2": (2, 2, 2), "1-1-1": (1, 1, 1), "5-3-1": (5, 3, 1)}
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
CLAIMS = ("aligned", "partial", "structured-but-different")
"""What no role-blind team should be called."""
KINDS = (
    ("2-2-2", "circulant", "alike"),
    ("1-1-1", "circulant", "alike"),
    ("1-1-1", "generic", "alike"),
    ("5-3-1", "generic", "alike"),
    ("2-2-2", "circulant", "skewed"),
)
"""Team, prior, and how runs differ: by habits alone, or also by a strength of the preference that a few lack."""
ROLE_BLIND_DRAWS = 2
"""Role-blind cells have so many times the studies of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the table."""

    team: str
    prior: str
    seeds: str
    truth: str
    n_runs: int


def cells() -> list[Cell]:
    """Return the cells: teams and priors by truth and number of runs."""
    return [
        Cell(team=team, prior=prior, seeds=seeds, truth=truth, n_runs=n_runs)
        for team, prior, seeds in KINDS
        for truth in TRUTHS
        for n_runs in (3, 5, 10)
    ]


def runs_of(cell: Cell, rng: np.random.Generator) -> tuple[SimulatedRun, ...]:
    """Draw the runs of one study: 60 steps in 4 episodes, dyad noise .3 that lasts for the run, step noise .3.

    Skewed runs lose a share of their preference that is drawn from a log-normal with median 6 % and a 95 % point of
    30 %, cut at 1; dyad noise is drawn from another, with median .25 and a 95 % point of .6.
    """
    prior = PRIORS[cell.prior]
    shown = {"role-blind": diluted(prior, 1.0), "half": diluted(prior, 0.5), "swapped": relabelled(prior, SWAP)}
    n_other = cell.n_runs // 2 if cell.truth == "two conventions" else 0
    halves = ((shown.get(cell.truth, prior), cell.n_runs - n_other), (relabelled(prior, SWAP), n_other))
    return tuple(run_of(cell, preference, rng) for preference, n_runs in halves for _ in range(n_runs))


def run_of(cell: Cell, preference: tuple[tuple[float, ...], ...], rng: np.random.Generator) -> SimulatedRun:
    """Draw one run of a preference, with the noise of a cell's seeds."""
    noise = 0.3
    if cell.seeds == "skewed":
        lost = min(1.0, float(np.exp(rng.normal(np.log(0.06), 0.98))))
        preference, noise = diluted(preference, lost), float(np.exp(rng.normal(np.log(0.25), 0.53)))
    team = Team(preference=preference, members=TEAMS[cell.team], dyad_noise=noise, step_noise=0.3)
    return simulate_run(team, rng)


def study(cell: Cell, draw: int) -> dict[str, object]:
    """Return the verdict on one simulated study, and the figures behind it."""
    rng = generator(draw, cell.team, cell.prior, cell.seeds, cell.truth, str(cell.n_runs))
    runs = runs_of(cell, rng)
    gap = routing_gap(runs, PRIORS[cell.prior], rng=rng, config=AnalysisConfig(seed=draw))
    alignment, multiplicity = gap.component("alignment"), gap.component("multiplicity")
    found = {
        "verdict": gap.verdict.value,
        "g": alignment.value,
        "specificity p": dict(alignment.parts).get("specificity p"),
        "alignment p": alignment.p_value,
        "multiplicity p": multiplicity.p_value,
        "conventions": [len(each.runs) for each in gap.conventions.found] if gap.conventions else [],
        "smallest detectable": gap.smallest_detectable,
    }
    return {**asdict(cell), "draw": draw, **found}


def pending(path: Path, n_draws: int) -> Iterator[tuple[Cell, int]]:
    """Yield the studies that are not in the file yet, all cells alike: a table that is cut short has equal cells."""
    done = {tuple(each[key] for key in (*_KEYS, "draw")) for each in _read(path)}
    for draw in range(n_draws * ROLE_BLIND_DRAWS):
        for cell in cells():
            is_wanted = draw < n_draws or cell.truth == "role-blind"
            if is_wanted and (*asdict(cell).values(), draw) not in done:
                yield cell, draw


_KEYS = ("team", "prior", "seeds", "truth", "n_runs")


def _read(path: Path) -> list[dict[str, object]]:
    # A line that was cut off when the process ended is done again.
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def table(path: Path) -> str:
    """Return the table in Markdown: share of right verdicts, false calls of conventions, then the counts of all."""
    found = _read(path)
    lines = ["| team, prior, seeds | truth | runs | studies | right | verdicts |", "|---|---|---|---|---|---|"]
    for cell in cells():
        own = [each for each in found if all(each[key] == value for key, value in asdict(cell).items())]
        verdicts = Counter(str(each["verdict"]) for each in own)
        n_right = sum(verdicts[verdict] for verdict in WANTED[cell.truth])
        counts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(verdicts.items()))
        right = f"{n_right / max(1, len(own)):.2f}"
        what = f"{cell.team}, {cell.prior}, {cell.seeds}"
        lines.append(f"| {what} | {cell.truth} | {cell.n_runs} | {len(own)} | {right} | {counts} |")
    return "\n".join([*lines, "", *_rates(found)])


def _rates(found: list[dict[str, object]]) -> list[str]:
    """Return how often role-blind teams are called structured, and runs of one convention several."""
    lines: list[str] = []
    for team, prior, seeds in KINDS:
        own = [each for each in found if (each["team"], each["prior"], each["seeds"]) == (team, prior, seeds)]
        blind = [each["verdict"] in CLAIMS for each in own if each["truth"] == "role-blind"]
        single = [each for each in own if each["truth"] != "two conventions" and each["multiplicity p"] is not None]
        called = [each["verdict"] == "multiple-conventions" for each in single]
        rejected = [float(str(each["multiplicity p"])) <= 0.05 for each in single]
        lines.append(
            f"{team}, {prior}, {seeds}: role-blind called structured {sum(blind)} of {len(blind)}; one convention "
            f"called several {sum(called)} of {len(called)} (multiplicity p <= .05 in {sum(rejected)})"
        )
    return lines


def main() -> None:
    """Simulate what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="file of results, one JSON object a line")
    parser.add_argument("--draws", type=int, default=200, help="studies a cell; twice as many in role-blind cells")
    parser.add_argument("--table", action="store_true", help="print the table of what is there")
    options = parser.parse_args()
    if not options.table:
        with options.results.open("a") as file:
            for cell, draw in pending(options.results, options.draws):
                file.write(json.dumps(study(cell, draw)) + "\n")
                file.flush()
    print(table(options.results))


if __name__ == "__main__":
    main()
