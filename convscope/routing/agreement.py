"""How well two sources of routing agree on the same agents."""

from itertools import permutations
from math import factorial

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import RoutingSource
from convscope.values.routing import SourceAgreement

_MOST_AGENTS_IN_FULL = 6


def source_agreement(
    first: FloatArray, second: FloatArray, *, source: RoutingSource, n_permutations: int, rng: np.random.Generator
) -> SourceAgreement:
    """Correlate two routing matrices over ordered pairs of agents (quadratic assignment test).

    Parameters
    ----------
    first, second
        Weights, shape (receiver, sender); NaN where there is no data, the diagonal is left out.
    source
        Where the second matrix is from.
    n_permutations
        Draws of the null: the names of the agents permuted in one of the matrices. Up to 6 agents all permutations
        are made.
    rng
        Draws them.

    Returns
    -------
    SourceAgreement
        Pearson correlation and its one-sided p (positive agreement). Both None when either matrix is constant over
        the pairs, or there are fewer than 3 pairs; p None under 3 agents, where no permutation tells anything.

    References
    ----------
    Krackhardt, "Predicting with networks", Social Networks 10 (1988).
    """
    pairs = ~np.eye(len(first), dtype=np.bool_)
    observed = _correlation(first, second, pairs)
    if not np.isfinite(observed):
        return SourceAgreement(source=source, correlation=None, p_value=None)
    if len(first) < 3:
        return SourceAgreement(source=source, correlation=observed, p_value=None)
    orders = _orders(len(first), n_permutations, rng)
    null = np.array([_correlation(first, second[np.ix_(order, order)], pairs) for order in orders])
    # A permutation that leaves no pair to compare counts against agreement.
    n_above = int((~(null < observed - 1e-12)).sum())
    return SourceAgreement(source=source, correlation=observed, p_value=(1 + n_above) / (1 + len(orders)))


def _orders(n_agents: int, n_permutations: int, rng: np.random.Generator) -> IntArray:
    """Return orders of the agents other than the given one; all of them in small teams."""
    if n_agents <= _MOST_AGENTS_IN_FULL or factorial(n_agents) - 1 <= n_permutations:
        return np.array(list(permutations(range(n_agents)))[1:])
    return np.array([rng.permutation(n_agents) for _ in range(n_permutations)])


def _correlation(first: FloatArray, second: FloatArray, pairs: BoolArray) -> float:
    is_known = pairs & np.isfinite(first) & np.isfinite(second)
    if is_known.sum() < 3:
        return float("nan")
    a = first[is_known] - first[is_known].mean()
    b = second[is_known] - second[is_known].mean()
    lengths = float(np.sqrt((a**2).sum() * (b**2).sum()))
    scale = float(np.abs(first[is_known]).max() * np.abs(second[is_known]).max()) * is_known.sum()
    return float((a * b).sum()) / lengths if lengths > 1e-12 * scale else float("nan")
