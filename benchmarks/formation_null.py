"""False claims and power of formation sensitivity, found formations, shifts between conditions, and concentration.

python benchmarks/formation_null.py [draws]
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from convscope.dependence.study import dependence_fold, routing_dependence
from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.selection import select_agents
from convscope.randomness import generator
from convscope.routing.choose import choose_estimators
from convscope.routing.concentration import role_concentration
from convscope.routing.halves import split_in_halves
from convscope.simulate.formations import FormationSpec, Geometry, simulate_conditions, simulate_formations
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import CIRCULANT, Team, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import Dependence
from convscope.values.labels import EpisodeLabels
from convscope.values.log import TrajectoryLog

CONFIG = AnalysisConfig(n_permutations=199)
NOISY = FormationSpec(n_episodes=40, n_steps=12, episode_noise=0.4, run_noise=0.4)
WORLDS = {
    "a formation an episode": NOISY,
    "12 episodes": replace(NOISY, n_episodes=12),
    "one in four is wide": replace(NOISY, share_wide=0.25),
    "one switch an episode": replace(NOISY, geometry=Geometry.SWITCHES),
    "switches, and attention drifts in time": replace(NOISY, geometry=Geometry.SWITCHES, trend=0.6),
    "switches, and an agent leaves halfway": replace(NOISY, geometry=Geometry.SWITCHES, leaves_late=True),
    "wide episodes last twice as long, and attention drifts": replace(NOISY, tight_lasts=0.5, trend=0.6),
    "3 runs": replace(NOISY, n_runs=3, n_episodes=20),
}


def main(n_draws: int) -> None:
    """Print a table for each kind of claim."""
    print(f"{n_draws} draws, level .05\n\n| formations from a file | cell, none | key, none | cell, .3 | cell, .6 |")
    print("| --- | --- | --- | --- | --- |")
    for name, spec in WORLDS.items():
        none, some, more = (
            [formation_p_values(replace(spec, effect=e), name, d) for d in range(n_draws)] for e in (0, 0.3, 0.6)
        )
        print(f"| {name} | {_rate(none, 0)} | {_rate(none, 1)} | {_rate(some, 0)} | {_rate(more, 0)} |", flush=True)
    _found(n_draws)
    _conditions(n_draws)
    _concentration(n_draws)


def _found(n_draws: int) -> None:
    print("\n| formations that are found | found any | found two | change claimed, none | change claimed, .6 |")
    print("| --- | --- | --- | --- | --- |")
    for geometry in Geometry:
        counts: list[int] = []
        claims: dict[float, list[bool]] = {0.0: [], 0.6: []}
        for draw in range(n_draws):
            for effect, claimed in claims.items():
                spec = replace(NOISY, geometry=geometry, effect=effect)
                log = simulate_formations(spec, generator(0, "found", geometry, str(effect), str(draw))).log
                found = _dependence(log).formation
                counts.append(1 if found is None else len(found.formations))
                claimed.append(found is not None and (found.cell.p_value or 1.0) <= 0.05)
        any_, two = np.mean(np.array(counts) > 1), np.mean(np.array(counts) == 2)
        print(
            f"| {geometry} | {any_:.3f} | {two:.3f} | {np.mean(claims[0.0]):.3f} | {np.mean(claims[0.6]):.3f} |",
            flush=True,
        )


def _conditions(n_draws: int) -> None:
    print("\n| conditions | none | mean beyond floor, bit | .3 | .6 |\n| --- | --- | --- | --- | --- |")
    spec = replace(NOISY, run_noise=0.0, members=(3, 3, 3))
    draw_of: dict[str, Callable[[FormationSpec, np.random.Generator], TrajectoryLog]] = {
        "two tasks, 20 and 20": partial(_conditioned, condition=["a", "b"] * 20),
        "two tasks, 30 and 10": partial(_conditioned, condition=["a", "a", "a", "b"] * 10),
        "four tasks, 10 each": partial(_conditioned, condition=["a", "b", "c", "d"] * 10),
        "two tasks, the second lasts twice as long, and attention drifts": partial(
            _conditioned, condition=["a", "b"] * 20, tight_lasts=0.5, trend=0.6
        ),
        "9 and 6 agents, 20 and 20": partial(_conditioned, condition=["a", "b"] * 20, n_absent=(0, 3)),
        "9 and 6 agents, 30 and 10": partial(_conditioned, condition=["a", "a", "a", "b"] * 10, n_absent=(0, 3)),
        "9 and 6 agents in slots drawn anew, 30 and 10": partial(
            _conditioned, condition=["a", "a", "a", "b"] * 10, n_absent=(0, 3), is_lasting=False
        ),
        "9 and 6 agents, habits between single agents": partial(
            _conditioned, condition=["a", "b"] * 20, n_absent=(0, 3), run_noise=0.4
        ),
    }
    for name, draw in draw_of.items():
        cells: list[str] = []
        for effect in (0.0, 0.3, 0.6):
            rngs = (generator(0, "conditions", name, str(effect), str(d)) for d in range(n_draws))
            logs = (draw(replace(spec, effect=effect), rng) for rng in rngs)
            shifts = [shift for log in logs if (shift := _dependence(log).transfer) is not None]
            cells.append(f"{np.mean([(shift.p_value or 1) <= 0.05 for shift in shifts]):.3f}")
            if not effect:
                cells.append(f"{np.mean([pair.value for shift in shifts for pair in shift.pairs]):.5f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _conditioned(
    spec: FormationSpec,
    rng: np.random.Generator,
    *,
    condition: list[str],
    n_absent: Iterable[int] = (),
    run_noise: float = 0.0,
    is_lasting: bool = True,
    tight_lasts: float = 1.0,
    trend: float = 0.0,
) -> TrajectoryLog:
    spec = replace(spec, run_noise=run_noise, tight_lasts=tight_lasts, trend=trend)
    return simulate_conditions(spec, condition, rng, n_absent=tuple(n_absent), is_lasting=is_lasting)


def _concentration(n_draws: int) -> None:
    print("\n| concentration | even: interval above 0 | circulant: interval holds the truth |\n| --- | --- | --- |")
    # The mean of attention with noise in the steps is a little more even than the preference: from 30,000 episodes.
    for n_runs, n_episodes in ((1, 10), (1, 40), (3, 20), (5, 20), (10, 20)):
        rates: list[float] = []
        for preference, truth in ((((1.0,) * 3,) * 3, 0.0), (CIRCULANT, 0.1064)):
            hits: list[bool] = []
            for draw in range(n_draws):
                rng = generator(0, "concentration", str(n_runs), str(n_episodes), str(truth), str(draw))
                team = Team(preference=preference, members=(2, 2, 2), step_noise=0.8, n_episodes=n_episodes, n_steps=2)
                tallies = tallies_of(simulate_runs(team, n_runs, rng))
                halves = split_in_halves(tallies, rng=rng)
                found = role_concentration(tallies, halves, ("a", "b", "c"), config=CONFIG)
                bounds = [each.interval for each in found if each.interval is not None]
                hits += [low > 0 if not truth else low <= truth <= high for low, high in bounds]
            rates.append(float(np.mean(hits)))
        print(f"| {n_runs} runs of {n_episodes} episodes | {rates[0]:.3f} | {rates[1]:.3f} |", flush=True)


def formation_p_values(spec: FormationSpec, name: str, draw: int) -> tuple[float, float]:
    """Return the p of the largest cell and of the largest sender of one drawn study, its formations labelled."""
    study = simulate_formations(spec, generator(0, "formation-null", name, str(spec.effect), str(draw)))
    n_episodes, n_steps = study.is_wide.shape
    episode, time = np.divmod(np.arange(study.is_wide.size), n_steps)
    happens = time < study.log.episodes.length[episode]
    labels = EpisodeLabels(
        sha256="0" * 64,
        formations=("tight", "wide"),
        spans=np.column_stack([episode, time, time + 1, study.is_wide.ravel()])[happens],
        paddings=(),
        padding=np.full(n_episodes, -1),
    )
    found = _dependence(study.log, labels).formation
    return (1.0, 1.0) if found is None else (found.cell.p_value or 1.0, found.key.p_value or 1.0)


def _dependence(log: TrajectoryLog, labels: EpisodeLabels | None = None) -> Dependence:
    agents, chosen = select_agents(log, CONFIG), choose_estimators(log, CONFIG)
    fold = dependence_fold(log, chosen, config=CONFIG, agents=agents)
    with open_executor(1) as executor:
        (windows,) = run_folds(log, [fold], executor=executor, max_bytes=CONFIG.max_block_bytes)
    return routing_dependence(log, windows, chosen[0].source, labels=labels, config=CONFIG, agents=agents)


def _rate(p_values: list[tuple[float, float]], form: int) -> str:
    return f"{np.mean([each[form] <= 0.05 for each in p_values]):.3f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
