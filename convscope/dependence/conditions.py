"""How far role preference changes between conditions: team sizes, tasks, ways of padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np

from convscope.dependence.runs import RunReader, RunWindows, content_order, over_runs
from convscope.dependence.standard import common_time, joined_sums, timed_preferences
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import PairShift, RunShift, Shift

MOST_CONDITIONS = 8
"""Those with the most episodes; each pair is tested."""
FEWEST_EPISODES = 2
"""Of a condition in a run: fewer cannot be halved."""
_N_HALVES = 4
_NO_NOISE = 1e-9
"""Bits; smaller floors are rounding."""
_ROUNDING = 1e-6
"""Of a ratio to a small floor."""
_CELLS_AT_ONCE = 1 << 22
"""Draws and episodes; keeps memory in bounds."""


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
        Whether slots are agents. Then only those are compared that both conditions show: others bring habits of their
        own, which no exchange of episodes could tell from a change of the preference.
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
    first, second = (run.is_present[number == each].any(axis=(0, 1)) for each in pair)
    shared = np.asarray(np.logical_and(first, second))
    # Slots that are filled anew are like one another: fewer of them are only left out to make teams of equal size.
    is_part = shared.sum() == min(first.sum(), second.sum())
    if (first != second).any() and (is_lasting or is_part):
        run = reader.among(run.name, shared)
        number = conditions.number[run.episodes]
    return run, np.equal(number, pair[0]), np.equal(number, pair[1])


def _compared(
    runs: Sequence[tuple[RunWindows, BoolArray, BoolArray]],
    names: tuple[str, str],
    kind: str,
    *,
    config: AnalysisConfig,
) -> list[PairShift]:
    found: list[tuple[FloatArray, FloatArray]] = []
    shown: list[RunShift] = []
    sizes: list[tuple[int, int]] = []
    for run, first, second in runs:
        if min(first.sum(), second.sum()) < FEWEST_EPISODES:
            continue
        rng = generator(config.seed, "dependence", kind, *names, run.name)
        divergence, floor = _exchanged(run, first, second, n_draws=config.n_permutations, rng=rng)
        if np.isfinite(divergence[0]) and np.isfinite(floor[0]):
            found.append((divergence, floor))
            shown.append(RunShift(run=run.name, divergence=float(divergence[0]), floor=float(floor[0])))
            sizes.append((int(first.sum()), int(second.sum())))
    if not found:
        return []
    divergence, floor = np.mean(found, axis=0)
    # Conditions differ in noise: what exchanged episodes give is only comparable on the scale of its own floor.
    scaled = divergence / (floor + _NO_NOISE)
    # An exchange that leaves nothing to compare says nothing of chance.
    is_known = np.isfinite(scaled)
    scaled, null = scaled[is_known], (divergence - floor)[is_known][1:]
    if not null.size:
        return []
    pair = PairShift(
        first=names[0],
        second=names[1],
        divergence=float(divergence[0]),
        floor=float(floor[0]),
        p_value=p_of_draws(float(scaled[0]), scaled[1:], tie=_ROUNDING),
        null=(float(null.mean()), float(np.quantile(null, 0.95))),
        attainable_p=max(1 / len(scaled), _attainable(sizes)),
        runs=tuple(shown),
    )
    return [pair]


def _attainable(sizes: Sequence[tuple[int, int]]) -> float:
    """Return the smallest p that exchanges between so many episodes give; halves of equal size may change places."""
    return prod((2 if first == second else 1) / comb(first + second, first) for first, second in sizes)


def _exchanged(
    run: RunWindows, first: BoolArray, second: BoolArray, *, n_draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return divergence and floor of two conditions, shape (1 + B,): of the log, then with episodes exchanged."""
    order = content_order(run, first)
    pooled = order[(first | second)[order]]
    own = first[pooled]
    is_first = np.stack([own, *(rng.permutation(own) for _ in range(n_draws))])
    among = run.taken(pooled)
    sums = joined_sums(among)
    halvings = [rng.permutation(len(own)) for _ in range(_N_HALVES)]
    is_reached = common_time(*_sides(own[None], sums))[0] > 0
    parts = np.array_split(is_first, 1 + len(is_first) * (len(own) + sums[0].size) // _CELLS_AT_ONCE)
    found = [_compare(part, sums, is_reached, halvings=halvings, compositions=among.compositions) for part in parts]
    divergence, floor = (np.concatenate(each) for each in zip(*found, strict=True))
    return divergence, floor


def _compare(
    is_first: BoolArray,
    sums: FloatArray,
    is_reached: BoolArray,
    *,
    halvings: Sequence[IntArray],
    compositions: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return divergence and floor of sets of episodes (B, E) and of what is left, over the windows (W, R) given."""
    sides = _sides(is_first, sums)
    time = np.where(is_reached, common_time(*sides), 0.0)
    divergence = mean_divergence(*(timed_preferences(side, time, compositions) for side in sides))
    floor = np.zeros(len(is_first))
    for is_in in (is_first, ~is_first):
        found: list[FloatArray] = []
        for order in halvings:
            halves = _halves(is_in, order, sums)
            held = np.where(common_time(*halves) > 0, time, 0.0)
            found.append(mean_divergence(*(timed_preferences(half, held, compositions) for half in halves)))
        # Two halves have twice the variance of the whole each.
        floor = floor + over_runs(found) / 4
    return divergence, floor


def _halves(is_in: BoolArray, order: IntArray, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of two halves of sets of episodes: every second one in a given order goes to the same half."""
    is_odd = np.zeros_like(is_in)
    is_odd[:, order] = np.cumsum(is_in[:, order], axis=1) % 2 == 1
    return _summed(is_in & is_odd, sums), _summed(is_in & ~is_odd, sums)


def _sides(is_first: BoolArray, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _summed(is_first, sums), _summed(~is_first, sums)


def _summed(is_in: BoolArray, sums: FloatArray) -> FloatArray:
    """Add up the windows (E, W, R, D) of sets of episodes (B, E)."""
    return np.asarray((is_in.astype(np.float64) @ sums.reshape(len(sums), -1)).reshape(len(is_in), *sums.shape[1:]))
