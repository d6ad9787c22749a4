"""The null for logs of few episodes: within each past of the receiver, its next actions are dealt out anew.

Draws of a contingency table with fixed margins cost nothing per timestep. They trust that the receiver's last action
is all of its memory, which sign flips of episodes need not; so they are used only where episodes are too few to flip.
"""

from collections.abc import Sequence

import numpy as np

from convscope.routing.predictive.pair_counts import PairCounts
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import p_of_draws


def plug_in_transfer_entropy(counts: IntArray) -> float:
    """Return the transfer entropy of a table of counts as it stands, in nats; biased upwards for few samples.

    Parameters
    ----------
    counts
        How often each next action of the receiver (last axis) followed each past of the receiver (first axis) and each
        of the sender (second axis).

    References
    ----------
    Schreiber, "Measuring information transfer", Physical Review Letters 85 (2000).
    """
    n_samples = max(int(counts.sum()), 1)
    return float(_deviance(counts).sum()) / (2 * n_samples)


def transfer_entropy_bias(counts: IntArray) -> float:
    """Return the bias of the plug-in value to first order, in nats: degrees of freedom over twice the samples.

    References
    ----------
    Panzeri and Treves, Network 7 (1996).
    """
    senders, nexts = (counts.sum(axis=2) > 0).sum(axis=1), (counts.sum(axis=1) > 0).sum(axis=1)
    n_free = (np.maximum(senders - 1, 0) * np.maximum(nexts - 1, 0)).sum()
    return float(n_free) / (2 * max(int(counts.sum()), 1))


def count_weights(counts: PairCounts) -> FloatArray:
    """Return the transfer entropy of every ordered pair less its bias, in bits per step, shape (receiver, sender).

    Parameters
    ----------
    counts
        Tables of all pairs. NaN where either side of a table never has two actions.
    """
    n_agents = counts.n_agents
    bits = np.full((n_agents, n_agents), np.nan)
    held = slice(counts.n_symbols)
    for receiver, sender in np.ndindex(n_agents, n_agents):
        table = counts.table(receiver, sender)[held, held, held]
        bias = transfer_entropy_bias(table)
        if receiver != sender and bias > 0:
            bits[receiver, sender] = (plug_in_transfer_entropy(table) - bias) / float(np.log(2))
    return bits


def table_p_value(tables: Sequence[IntArray], *, n_draws: int, rng: np.random.Generator) -> float:
    """Return the p of one pair, all runs together; NaN where no table has two actions on both sides.

    Parameters
    ----------
    tables
        Counts of each run, shape (own last, sender's last, next).
    n_draws
        Draws of the null.
    rng
        Draws them.

    References
    ----------
    Patefield, "An efficient method of generating random R x C tables with given row and column totals", Applied
    Statistics 30 (1981).
    """
    strata = [_occupied(stratum) for table in tables for stratum in table]
    telling = [stratum for stratum in strata if min(stratum.shape) >= 2]
    if not telling:
        return float("nan")
    deviances = np.sum([_with_null(stratum, n_draws, rng) for stratum in telling], axis=0)
    return p_of_draws(float(deviances[0]), deviances[1:])


def _with_null(stratum: IntArray, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return the deviance of a table and of draws with the same margins: the table first."""
    from scipy.stats import random_table  # noqa: PLC0415  scipy.stats takes half a second to import

    law = random_table(stratum.sum(axis=1), stratum.sum(axis=0))
    drawn = law.rvs(size=n_draws, random_state=rng).astype(np.int64)
    cells = np.concatenate([stratum[None], drawn]).reshape(1 + n_draws, -1)
    # Mostly the same few counts occur in all draws, and are looked up.
    largest = int(cells.max())
    x_log_x = _x_log_x(np.arange(largest + 1))[cells] if largest < cells.size else _x_log_x(cells)
    margins = float(_x_log_x(stratum.sum(axis=1)).sum() + _x_log_x(stratum.sum(axis=0)).sum())
    deviance: FloatArray = 2 * (x_log_x.sum(axis=1) + float(_x_log_x(stratum.sum())) - margins)
    return deviance


def _occupied(stratum: IntArray) -> IntArray:
    occupied: IntArray = stratum[stratum.sum(axis=1) > 0][:, stratum.sum(axis=0) > 0]
    return occupied


def _deviance(counts: IntArray) -> FloatArray:
    """Return twice the log likelihood ratio against independence of each table of a stack, shape (K,)."""
    cells = _x_log_x(counts).sum(axis=(1, 2)) + _x_log_x(counts.sum(axis=(1, 2)))
    margins = _x_log_x(counts.sum(axis=1)).sum(axis=1) + _x_log_x(counts.sum(axis=2)).sum(axis=1)
    deviance: FloatArray = 2 * (cells - margins)
    return deviance


def _x_log_x(counts: IntArray) -> FloatArray:
    known = np.maximum(counts, 1).astype(np.float64)
    return np.asarray(known * np.log(known))
