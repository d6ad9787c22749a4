"""How well runs play with one another, beside what their routing says."""

import numpy as np

from convscope.randomness import generator
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import Conventions, CrossPlay, CrossPlayReturns
from convscope.values.figures import listed
from convscope.values.header import Notice

_MOST_NAMED = 5


def cross_play(
    returns: CrossPlayReturns,
    runs: tuple[str, ...],
    *,
    group_of: IntArray,
    routing: FloatArray,
    config: AnalysisConfig,
) -> CrossPlay:
    """Hold convention distances against conventions and against distances of routing (docs/gap.md).

    The distance of two runs is ``1 - XP / SP``: XP is the mean return of both ways to mix them, SP the mean of what the
    two gain among themselves. Runs are exchanged for both nulls: the pairs of one run are not independent.

    Parameters
    ----------
    returns
        Of every two runs.
    runs
        Runs of the analysis.
    group_of
        Convention of each, shape (S,).
    routing
        Divergence between the preferences of every two, shape (S, S).
    config
        ``seed`` and ``n_permutations`` are used.
    """
    shared = tuple(run for run in runs if run in returns.runs)
    own = [runs.index(run) for run in shared]
    theirs = [returns.runs.index(run) for run in shared]
    distance = convention_distance(returns.returns[np.ix_(theirs, theirs)])
    groups, apart = group_of[own], routing[np.ix_(own, own)]
    rng = generator(config.seed, "gap", "crossplay")
    orders = np.array([np.arange(len(shared)), *(rng.permutation(len(shared)) for _ in range(config.n_permutations))])
    is_same = groups[:, None] == groups
    pairs: BoolArray = np.asarray(np.tri(len(shared), k=-1, dtype=np.bool_) & np.isfinite(distance))
    differences = np.array([_difference(distance, is_same[np.ix_(order, order)], pairs) for order in orders])
    correlations = np.array([_correlation(distance, apart[np.ix_(order, order)], pairs) for order in orders])
    return CrossPlay(
        runs=shared,
        distance=distance,
        within=_mean(distance, pairs & is_same),
        between=_mean(distance, pairs & ~is_same),
        p_value=_p_value(differences),
        correlation=float(correlations[0]) if np.isfinite(correlations[0]) else None,
        correlation_p=_p_value(correlations),
    )


def crossplay_notices(returns: CrossPlayReturns | None, conventions: Conventions | None) -> tuple[Notice, ...]:
    """Return what of a matrix of cross-play is not used.

    Parameters
    ----------
    returns
        As given; None for nothing.
    conventions
        Of the study; None where it has none to compare with.
    """
    if returns is None:
        return ()
    played = None if conventions is None else conventions.crossplay
    if played is None:
        why = "it takes declared roles and routing between them to compare it with"
        return (_notice(f"The matrix of cross-play is not used: {why}."),)
    left_out = [run for run in returns.runs if run not in played.runs]
    undefined = [run for run, own in zip(played.runs, np.diagonal(played.distance), strict=True) if np.isnan(own)]
    told = (
        (left_out, "Cross-play of {} is left out: no routing here."),
        (undefined, "No distance by cross-play where self-play is not above 0: {}."),
    )
    return tuple(_notice(text.format(listed(gone, most=_MOST_NAMED))) for gone, text in told if gone)


def _notice(message: str) -> Notice:
    return Notice(code="crossplay-not-used", message=message, where="gap.conventions.crossplay")


def convention_distance(returns: FloatArray) -> FloatArray:
    """Return ``1 - XP / SP`` of every two runs, shape (n, n); NaN where SP is not above 0: no share has a sense there.

    Parameters
    ----------
    returns
        Shape (n, n), the diagonal is self-play; NaN where nobody tried.
    """
    own = np.diagonal(returns)
    self_play = (own[:, None] + own) / 2
    mixed = np.where(np.isfinite(returns), returns, returns.T)
    cross_play = (mixed + mixed.T) / 2
    share = np.divide(cross_play, self_play, out=np.full_like(cross_play, np.nan), where=self_play > 0)
    found = 1 - share
    np.fill_diagonal(found, np.where(own > 0, 0.0, np.nan))
    return found


def _mean(distance: FloatArray, pairs: BoolArray) -> float | None:
    return float(distance[pairs].mean()) if pairs.any() else None


def _difference(distance: FloatArray, is_same: BoolArray, pairs: BoolArray) -> float:
    within, between = _mean(distance, pairs & is_same), _mean(distance, pairs & ~is_same)
    return np.nan if within is None or between is None else between - within


def _correlation(distance: FloatArray, apart: FloatArray, pairs: BoolArray) -> float:
    first, second = distance[pairs], apart[pairs]
    # An exchange may bring a pair to a place whose distance nobody knows; all of routing's are known.
    if len(first) < 3 or first.std() < 1e-12 or second.std() < 1e-12:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])


def _p_value(figures: FloatArray) -> float | None:
    """Return the share of draws at least as large as the first, itself among them; undefined ones count."""
    return p_of_draws(float(figures[0]), figures[1:]) if np.isfinite(figures[0]) else None
