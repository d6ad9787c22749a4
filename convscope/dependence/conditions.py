"""How far role preference changes between conditions: team sizes, tasks, ways of padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.compare.divergence import mean_divergence
from convscope.dependence.runs import RunReader, RunWindows, content_order, preferences
from convscope.randomness import generator
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import PairShift, Shift

MOST_CONDITIONS = 8
"""Those with the most episodes; each pair is tested."""
FEWEST_EPISODES = 2
"""Of a condition in a run: fewer cannot be halved."""
_N_HALVES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """Episodes under conditions of one kind."""

    kind: str
    """Names the random draws."""
    names: tuple[str, ...]
    number: IntArray
    """Index into ``names`` of each episode of the log, -1 for none, shape (E,)."""


def shift(
    reader: RunReader, runs: Sequence[RunWindows], conditions: Conditions, *, is_lasting: bool, config: AnalysisConfig
) -> Shift | None:
    """Compare every two conditions (docs/formation.md).

    Parameters
    ----------
    reader
        Made the runs.
    runs
        At least one.
    conditions
        Of the log's episodes.
    is_lasting
        Whether agents last. Then only those are compared that both conditions show: others bring habits of their own,
        which no exchange of episodes could tell from a change of the preference.
    config
        ``n_permutations`` and ``seed`` are used.

    Returns
    -------
    Shift or None
        None where no run shows two conditions, with two episodes each, that share a row.
    """
    held = np.concatenate([conditions.number[run.episodes] for run in runs])
    n_episodes = np.bincount(held[held >= 0], minlength=len(conditions.names))
    most = sorted(np.argsort(-n_episodes, kind="stable")[:MOST_CONDITIONS].tolist())
    found: list[PairShift] = []
    for pair in combinations(most, 2):
        own = [_shown(reader, run, conditions, pair=pair, is_lasting=is_lasting) for run in runs]
        found += _compared(own, (conditions.names[pair[0]], conditions.names[pair[1]]), conditions.kind, config=config)
    return Shift(pairs=tuple(found)) if found else None


def _shown(
    reader: RunReader, run: RunWindows, conditions: Conditions, *, pair: tuple[int, int], is_lasting: bool
) -> tuple[RunWindows, BoolArray, BoolArray]:
    """Return a run as both conditions show it, and which episodes are of the first and of the second."""
    number = conditions.number[run.episodes]
    first, second = (run.is_present[number == each].any(axis=0) for each in pair)
    if is_lasting and (first != second).any():
        run = reader.among(run.name, first & second)
        number = conditions.number[run.episodes]
    return run, np.equal(number, pair[0]), np.equal(number, pair[1])


def _compared(
    runs: Sequence[tuple[RunWindows, BoolArray, BoolArray]],
    names: tuple[str, str],
    kind: str,
    *,
    config: AnalysisConfig,
) -> list[PairShift]:
    of_runs: list[tuple[FloatArray, float]] = []
    for run, first, second in runs:
        if min(first.sum(), second.sum()) < FEWEST_EPISODES:
            continue
        rng = generator(config.seed, "dependence", kind, *names, run.name)
        divergence = _exchanged(run, first, second, n_draws=config.n_permutations, rng=rng)
        floor = _floor(run.taken(first), rng) + _floor(run.taken(second), rng)
        if np.isfinite(divergence[0]) and np.isfinite(floor):
            of_runs.append((np.nan_to_num(divergence), floor))
    if not of_runs:
        return []
    draws = np.mean([divergence for divergence, _ in of_runs], axis=0)
    pair = PairShift(
        first=names[0],
        second=names[1],
        divergence=float(draws[0]),
        floor=float(np.mean([floor for _, floor in of_runs])),
        p_value=float((1 + (draws[1:] >= draws[0] - 1e-12).sum()) / len(draws)),
        n_runs=len(of_runs),
    )
    return [pair]


def _exchanged(
    run: RunWindows, first: BoolArray, second: BoolArray, *, n_draws: int, rng: np.random.Generator
) -> FloatArray:
    """Return the divergence of the two conditions, shape (1 + B,): of the log, then with episodes exchanged."""
    order = content_order(run, first)
    pooled = order[(first | second)[order]]
    own = first[pooled]
    is_first = np.stack([own, *(rng.permutation(own) for _ in range(n_draws))])
    return _divergence(run.taken(pooled), is_first)


def _floor(run: RunWindows, rng: np.random.Generator) -> float:
    """Return a quarter of the divergence between two halves, which have twice the variance each."""
    n_episodes = len(run.episodes)
    is_first = np.stack([rng.permutation(n_episodes) < n_episodes // 2 for _ in range(_N_HALVES)])
    between = _divergence(run, is_first)
    known = between[np.isfinite(between)]
    return float(known.mean()) / 4 if known.size else float("nan")


def _divergence(run: RunWindows, is_first: BoolArray) -> FloatArray:
    """Return the divergence between two parts of the episodes, shape (B,) for masks (B, E)."""
    return mean_divergence(_fitted(run, is_first), _fitted(run, ~is_first))


def _fitted(run: RunWindows, is_in: BoolArray) -> FloatArray:
    counts = is_in.astype(np.float64)
    mass = np.tensordot(counts, run.mass.sum(axis=1), axes=1)
    weight = np.tensordot(counts, run.weight.sum(axis=1), axes=1)
    return preferences(mass, weight, run.compositions)
