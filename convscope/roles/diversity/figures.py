"""The figures of one basis: value, interval, floor, null and p."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.roles.diversity.measures import Measure
from convscope.roles.diversity.sample import Sample
from convscope.values.arrays import FloatArray
from convscope.values.chance import p_of_draws

N_BOOTSTRAP = 400
N_HALVINGS = 20
MIN_DRAWS = 199
MAX_WORK = 50_000_000
"""Slots times members times draws; keeps a large team to seconds."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One measure."""

    value: float
    interval: tuple[float, float]
    floor: float
    null: float
    p_value: float


def distances(measure: Measure, totals: FloatArray, weight: FloatArray) -> FloatArray:
    """Distances between all pairs of members, the mean over strata where both are, shape (M, M).

    Parameters
    ----------
    measure
        What is measured.
    totals
        Shape (strata, M, D).
    weight
        Of each stratum, its episodes, shape (strata,).
    """
    first, second = np.triu_indices(totals.shape[1], k=1)
    profiles = [measure.profile(part) for part in totals]
    found = [measure.distance(np.stack([profile[first], profile[second]], axis=-2)) for profile in profiles]
    matrix = np.zeros((totals.shape[1], totals.shape[1]))
    matrix[first, second] = matrix[second, first] = _mean_of_strata(np.stack(found), weight)
    return matrix


def figures_of(
    samples: Sequence[Sample], measures: Sequence[Measure], *, n_draws: int, rng: np.random.Generator
) -> tuple[Figures | None, ...]:
    """Return the figures of each measure, the mean over runs; None where a value is not defined.

    Parameters
    ----------
    samples
        Of each run.
    measures
        All of the same basis.
    n_draws
        Exchanges of the null, fewer for large teams.
    rng
        Draws exchanges, resamples and halves.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _drawn(samples, measures, n_draws=_affordable(samples, n_draws), rng=rng)


def _drawn(
    samples: Sequence[Sample], measures: Sequence[Measure], *, n_draws: int, rng: np.random.Generator
) -> tuple[Figures | None, ...]:
    observed = _scores(samples, measures, [sample.totals(sample.member) for sample in samples])
    null = np.stack([_scores(samples, measures, [s.totals(s.exchanged(rng)) for s in samples]) for _ in range(n_draws)])
    drawn = np.stack(
        [
            _scores(samples, measures, [s.totals(s.member, _resample(s, rng)) for s in samples])
            for _ in range(min(N_BOOTSTRAP, n_draws))
        ]
    )
    floors = np.mean([_floors(samples, measures, rng) for _ in range(N_HALVINGS)], axis=0)
    return tuple(
        _figures(float(observed[m]), null[:, m], drawn[:, m], floor=float(floors[m])) for m in range(len(measures))
    )


def _figures(value: float, null: FloatArray, drawn: FloatArray, *, floor: float) -> Figures | None:
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not np.isfinite(null).all() or not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    centre = float(known.mean())
    return Figures(
        value=value,
        # A resampled team is more diverse than its episodes are: only the spread of the resamples is taken.
        interval=(max(value + low - centre, 0.0), value + high - centre),
        floor=floor,
        null=float(null.mean()),
        p_value=p_of_draws(value, null),
    )


def _scores(samples: Sequence[Sample], measures: Sequence[Measure], totals: Sequence[FloatArray]) -> FloatArray:
    """Score of each measure, the mean over runs, shape (measures,)."""
    per_run = [
        [m.score(distances(m, part, _weights(sample))) for m in measures]
        for sample, part in zip(samples, totals, strict=True)
    ]
    return np.asarray(np.mean(per_run, axis=0))


def _floors(samples: Sequence[Sample], measures: Sequence[Measure], rng: np.random.Generator) -> FloatArray:
    """Score of a team whose members are as far apart as two halves of the same member's episodes."""
    found: list[list[float]] = []
    for sample in samples:
        is_first = np.zeros(len(sample.stratum))
        is_first[rng.permutation(len(is_first))[: len(is_first) // 2]] = 1.0
        halves = [sample.totals(sample.member, times) for times in (is_first, 1.0 - is_first)]
        found.append([_floor(measure, halves, sample) for measure in measures])
    return np.asarray(np.mean(found, axis=0))


def _floor(measure: Measure, halves: Sequence[FloatArray], sample: Sample) -> float:
    own = [
        measure.distance(np.stack([measure.profile(a), measure.profile(b)], axis=-2))
        for a, b in zip(*halves, strict=True)
    ]
    apart = _mean_of_strata(np.stack(own), _weights(sample))
    known = apart[np.isfinite(apart)]
    distance = float(known.mean()) if len(known) else float("nan")
    team = np.full((len(sample.labels),) * 2, distance)
    np.fill_diagonal(team, 0.0)
    return measure.score(team)


def _mean_of_strata(values: FloatArray, weight: FloatArray) -> FloatArray:
    share = np.where(np.isfinite(values), weight.reshape(-1, *[1] * (values.ndim - 1)), 0.0)
    total = share.sum(axis=0)
    mean = np.nansum(values * share, axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, np.nan)


def _weights(sample: Sample) -> FloatArray:
    return np.bincount(sample.stratum).astype(np.float64)


def _resample(sample: Sample, rng: np.random.Generator) -> FloatArray:
    n = len(sample.stratum)
    return np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)


def _affordable(samples: Sequence[Sample], n_draws: int) -> int:
    work = sum(sample.member.size * len(sample.labels) for sample in samples)
    return max(min(n_draws, MAX_WORK // max(work, 1)), min(n_draws, MIN_DRAWS))
