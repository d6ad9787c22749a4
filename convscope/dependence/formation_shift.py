"""How far whole rows of the preference differ between formations, beyond what the luck of the episodes gives."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from convscope.dependence.labelled import Labelled
from convscope.dependence.runs import over_runs, preferences
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import p_of_draws
from convscope.values.dependence import PairShift, RunShift, Shift

_N_HALVES = 4


def formation_shift(
    runs: Sequence[Labelled],
    fits: Sequence[FloatArray],
    names: Sequence[str],
    *,
    attainable_p: float | None,
    seed: int,
) -> Shift | None:
    """Compare every two formations row by row (docs/formation.md).

    Parameters
    ----------
    runs
        Runs with their formations.
    fits
        Preference of each run in both formations of each pair, of the log and then under exchanged labels, shape
        (2, 1 + B, pairs, R, R).
    names
        Of the formations.
    attainable_p
        Smallest p that exchanges can give; None where they change nothing.
    seed
        Of the analysis.

    Returns
    -------
    Shift or None
        None where no run has a row that two formations share, in two episodes at least.
    """
    floors = [_floors(run, seed) for run in runs]
    found = [
        _pair(
            runs,
            [fit[:, :, place] for fit in fits],
            floors,
            pair=pair,
            names=(names[pair[0]], names[pair[1]]),
            attainable_p=attainable_p,
        )
        for place, pair in enumerate(combinations(range(len(names)), 2))
    ]
    pairs = tuple(pair for pair in found if pair is not None)
    return Shift(pairs=pairs) if pairs else None


def _pair(
    runs: Sequence[Labelled],
    fits: Sequence[FloatArray],
    floors: Sequence[FloatArray],
    *,
    pair: tuple[int, int],
    names: tuple[str, str],
    attainable_p: float | None,
) -> PairShift | None:
    first, second = pair
    own = [
        (run.windows.name, mean_divergence(*each), float(floor[first] + floor[second]))
        for run, each, floor in zip(runs, fits, floors, strict=True)
    ]
    shown = [(name, each, floor) for name, each, floor in own if np.isfinite(each[0]) and np.isfinite(floor)]
    if not shown:
        return None
    divergence = np.mean([each for _, each, _ in shown], axis=0)
    floor = float(np.mean([floor for _, _, floor in shown]))
    # An exchange that leaves nothing to compare says nothing of chance.
    null = divergence[1:][np.isfinite(divergence[1:])]
    return PairShift(
        first=names[0],
        second=names[1],
        divergence=float(divergence[0]),
        floor=floor,
        p_value=p_of_draws(float(divergence[0]), null) if null.size else None,
        null=None if not null.size else (float(null.mean()) - floor, float(np.quantile(null, 0.95)) - floor),
        attainable_p=attainable_p,
        runs=tuple(RunShift(run=name, divergence=float(each[0]), floor=floor) for name, each, floor in shown),
    )


def _floors(run: Labelled, seed: int) -> FloatArray:
    """Return a quarter of the divergence between two halves of the episodes in each formation, shape (K,)."""
    n_episodes = len(run.windows.episodes)
    if n_episodes < 2:
        return np.full(run.share.shape[2], np.nan)
    rng = generator(seed, "dependence", "formation halves", run.windows.name)
    orders = [rng.permutation(n_episodes) for _ in range(_N_HALVES)]
    halves = [(order[: n_episodes // 2], order[n_episodes // 2 :]) for order in orders]
    return over_runs([mean_divergence(*(_in_formations(run, half) for half in pair)) for pair in halves]) / 4


def _in_formations(run: Labelled, episodes: IntArray) -> FloatArray:
    """Return the preference of some episodes in each formation, shape (K, R, R)."""
    windows, share = run.windows, run.share[episodes]
    mass = np.einsum("ewk,ewab->kab", share, windows.mass[episodes])
    weight = np.einsum("ewk,ewac->kac", share, windows.weight[episodes])
    return preferences(mass, weight, windows.compositions)
