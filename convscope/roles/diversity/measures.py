"""The measures: what describes a member, how far two members are apart, and how the distances become one number."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from convscope.features.decisions import ratio
from convscope.roles.diversity.scores import mean_distance, social_entropy
from convscope.values.arrays import FloatArray
from convscope.values.diversity import DiversityMeasure

N_PARTS = 4
"""Parts of an episode in which actions are compared, for role diversity."""
SMOOTHING = 0.5
"""Added to each count before a divergence, which is infinite for an action that one never takes (Jeffreys)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a number comes from what was added up over episodes."""

    measure: DiversityMeasure
    profile: Callable[[FloatArray], FloatArray]
    """From the totals of all members, shape (M, D), to what describes each, shape (M, F); NaN where unknown."""
    distance: Callable[[FloatArray], FloatArray]
    """From differences, or pairs, of profiles (..., 2, F) to distances (...)."""
    score: Callable[[FloatArray], float]
    """From the distances of all pairs (M, M)."""


def action_measures(components: tuple[int, ...]) -> tuple[Measure, ...]:
    """Return the measures of discrete actions: totals are counts, by part of the episode and choice.

    The distance between two distributions is the total variation, the Wasserstein distance where any two actions are 1
    apart; of several components the mean. In the sense of role diversity it is the symmetric Kullback-Leibler
    divergence in nats, the mean over the parts of the episode.

    Parameters
    ----------
    components
        Number of choices of each component.

    References
    ----------
    Bettini, Shankar and Prorok (2023), arXiv:2305.02128; Balch (2000); Hu, Xie, Liang and Chang, "Policy diagnosis via
    measuring role diversity in cooperative multi-agent RL" (2022), arXiv:2207.05683.
    """
    shares = partial(_shares, components=components)
    varied = partial(_total_variation, n_parts=len(components))
    return (
        Measure(measure=DiversityMeasure.SYSTEM_NEURAL_DIVERSITY, profile=shares, distance=varied, score=mean_distance),
        Measure(
            measure=DiversityMeasure.HIERARCHIC_SOCIAL_ENTROPY, profile=shares, distance=varied, score=social_entropy
        ),
        Measure(
            measure=DiversityMeasure.ROLE_DIVERSITY_ACTION,
            profile=partial(_shares_by_part, components=components),
            distance=partial(_divergence, n_parts=len(components) * N_PARTS),
            score=mean_distance,
        ),
    )


def continuous_measures() -> tuple[Measure, ...]:
    """Return the measures of continuous actions: totals are the count, the sums and the sums of squares.

    The distance is the 2-Wasserstein distance of normal distributions with independent components, in standard
    deviations of all members' actions together.
    """
    return (
        Measure(
            measure=DiversityMeasure.SYSTEM_NEURAL_DIVERSITY, profile=_normal, distance=_euclidean, score=mean_distance
        ),
        Measure(
            measure=DiversityMeasure.HIERARCHIC_SOCIAL_ENTROPY,
            profile=_normal,
            distance=_euclidean,
            score=social_entropy,
        ),
    )


def trajectory_measure() -> Measure:
    """Return the measure of places: totals are steps in each cell, the distance is 1 minus the overlap of shares."""
    return Measure(
        measure=DiversityMeasure.ROLE_DIVERSITY_TRAJECTORY,
        profile=_normalised,
        distance=partial(_total_variation, n_parts=1),
        score=mean_distance,
    )


def contribution_measure() -> Measure:
    """Return the measure of rewards: totals are rewards without their signs, a share is of all members' rewards."""
    return Measure(
        measure=DiversityMeasure.ROLE_DIVERSITY_CONTRIBUTION,
        profile=_share_of_all,
        distance=_euclidean,
        score=mean_distance,
    )


def _share_of_all(totals: FloatArray) -> FloatArray:
    return ratio(totals, np.broadcast_to(totals.sum(axis=0), totals.shape))


def _normalised(counts: FloatArray) -> FloatArray:
    return ratio(counts, np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape))


def _shares(totals: FloatArray, *, components: tuple[int, ...]) -> FloatArray:
    counts = totals.reshape(len(totals), N_PARTS, -1).sum(axis=1)
    edges = np.cumsum(components)[:-1]
    return np.concatenate([_normalised(part) for part in np.split(counts, edges, axis=1)], axis=1)


def _shares_by_part(totals: FloatArray, *, components: tuple[int, ...]) -> FloatArray:
    by_part = totals.reshape(len(totals), N_PARTS, -1)
    edges = np.cumsum(components)[:-1]
    found: list[FloatArray] = []
    for counts in np.split(by_part, edges, axis=2):
        is_known = counts.sum(axis=2, keepdims=True) > 0
        found.append(np.where(is_known, _normalised(counts + SMOOTHING), np.nan))
    return np.concatenate(found, axis=2).reshape(len(totals), -1)


def _normal(totals: FloatArray) -> FloatArray:
    width = (totals.shape[1] - 1) // 2
    n = np.broadcast_to(totals[:, :1], (len(totals), width))
    mean, square = ratio(totals[:, 1 : 1 + width], n), ratio(totals[:, 1 + width :], n)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    all_mean = totals[:, 1 : 1 + width].sum(axis=0) / max(totals[:, 0].sum(), 1.0)
    all_square = totals[:, 1 + width :].sum(axis=0) / max(totals[:, 0].sum(), 1.0)
    scale = np.sqrt(np.maximum(all_square - all_mean**2, 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    return np.concatenate([mean / scale, spread / scale], axis=1)


def _total_variation(pairs: FloatArray, *, n_parts: int) -> FloatArray:
    return np.asarray(np.abs(pairs[..., 0, :] - pairs[..., 1, :]).sum(axis=-1) / (2 * n_parts))


def _divergence(pairs: FloatArray, *, n_parts: int) -> FloatArray:
    first, second = pairs[..., 0, :], pairs[..., 1, :]
    terms = (first - second) * np.log(first / second)
    # A part of the episode that either never reaches says nothing; divided by the parts that do.
    n_known = np.isfinite(terms).mean(axis=-1) * n_parts
    return ratio(np.nansum(terms, axis=-1), np.asarray(n_known, dtype=np.float64))


def _euclidean(pairs: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(((pairs[..., 0, :] - pairs[..., 1, :]) ** 2).sum(axis=-1)))
