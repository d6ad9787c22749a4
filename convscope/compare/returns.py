"""Whether runs that are closer to the prior earn more."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from convscope.randomness import generator
from convscope.values.analysed import Checkpoints
from convscope.values.arrays import FloatArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.evidence import MeanReturn
from convscope.values.gap import Gap
from convscope.values.returns import GapAndReturn

FEWEST_RANKED = 4
"""Of fewer ranks no interval can be given."""
_Z = 1.959963984540054


def gap_and_return(
    gap: Gap, returns: Sequence[MeanReturn], analysed: Checkpoints, *, config: AnalysisConfig
) -> GapAndReturn | None:
    """Correlate the alignment gap of runs with their mean return.

    Parameters
    ----------
    gap
        With the alignment gap of each run.
    returns
        Mean returns of runs and checkpoints.
    analysed
        The checkpoint of each run that the gap describes.
    config
        ``seed`` and ``n_permutations`` are used.

    Returns
    -------
    GapAndReturn or None
        Spearman's correlation; below 0 where runs that are closer to the prior earn more. Its interval is Fisher's with
        the standard error of Bonett and Wright, p from exchanging the returns of runs; both from four runs on, the
        interval below a correlation of 1. None where fewer than two runs have both numbers. No run was given its gap
        at random: what makes a run earn more may also bring it closer to the prior.

    References
    ----------
    Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
    Psychometrika 65 (2000).
    """
    earned = {one.run: one.mean for one in returns if (one.run, one.checkpoint) in set(analysed)}
    runs = tuple(
        (run, value, mean) for run, value in gap.component("alignment").per_run if (mean := earned.get(run)) is not None
    )
    if len(runs) < 2:
        return None
    values, means = (np.array([run[place] for run in runs]) for place in (1, 2))
    correlation = float(rank_correlations(values, means[None])[0])
    is_told = len(runs) >= FEWEST_RANKED and np.isfinite(correlation)
    rng = generator(config.seed, "gap", "returns")
    return GapAndReturn(
        runs=runs,
        correlation=correlation if np.isfinite(correlation) else None,
        # At a correlation of 1 or -1 Fisher's interval has no width, however few the runs.
        interval=fisher_interval(correlation, len(runs)) if is_told and abs(correlation) < 1 - 1e-9 else None,
        p_value=_p_value(correlation, values, means, n_draws=config.n_permutations, rng=rng) if is_told else None,
    )


def rank_correlations(values: FloatArray, others: FloatArray) -> FloatArray:
    """Spearman's correlation of values (n,) with each row of others (m, n), shape (m,); NaN where one is constant."""
    first = rankdata(values) - (len(values) + 1) / 2
    second = rankdata(others, axis=1) - (len(values) + 1) / 2
    scale = np.sqrt((first**2).sum() * (second**2).sum(axis=1))
    correlations: FloatArray = np.divide(second @ first, scale, out=np.full(len(others), np.nan), where=scale > 0)
    return correlations


def fisher_interval(correlation: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of Spearman's correlation of n pairs, n at least 4."""
    inside = min(max(correlation, -1 + 1e-12), 1 - 1e-12)
    half = _Z * np.sqrt((1 + inside**2 / 2) / (n - 3))
    return float(np.tanh(np.arctanh(inside) - half)), float(np.tanh(np.arctanh(inside) + half))


def _p_value(
    correlation: float, values: FloatArray, means: FloatArray, *, n_draws: int, rng: np.random.Generator
) -> float:
    dealt = rng.permuted(np.tile(means, (n_draws, 1)), axis=1)
    return p_of_draws(abs(correlation), np.abs(rank_correlations(values, dealt)))
