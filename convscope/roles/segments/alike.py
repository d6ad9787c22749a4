"""Kinds whose conduct an episode cannot tell apart are one kind."""

import math

import numpy as np

from convscope.roles.segments.chain import best_paths
from convscope.roles.segments.conduct import Law
from convscope.roles.segments.fit import FIRST_STAY, fit_roles
from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import IntArray

MIN_NATS = 2 * math.log(FIRST_STAY / (1 - FIRST_STAY))
"""Mean log-likelihood ratio of a whole episode from which on two kinds of conduct are two: half an episode must
outweigh the price of one change, or the likeliest path would hardly ever change between them."""


def unlike_kinds(sequences: Sequences, kind: IntArray, *, law: Law, rng: np.random.Generator) -> IntArray:
    """Join kinds that act alike, and number what remains by first appearance, shape (S,).

    Agents may be told apart by where they are or by how far they come; what they can switch between is conduct.

    Parameters
    ----------
    sequences, kind
        As in `fit_roles`.
    law
        Of conduct.
    rng
        Splits the sequences: conduct learnt in one half is compared in the other.
    """
    k = int(kind.max()) + 1
    is_first = rng.permutation(len(kind)) % 2 == 0
    if len(np.unique(kind[is_first])) < k:
        return kind
    fit = fit_roles(sequences.of(is_first), kind[is_first], k, law=law, rng=rng)
    other = sequences.of(~is_first)
    evidence = other.in_windows(fit.conduct.outlook(other.inputs).score(other.acts))
    whole = best_paths(evidence, other.lengths, fit.chain(kind[~is_first])).constant
    total = evidence.sum(axis=1)
    group = np.arange(k)
    for first in range(k):
        for second in range(first):
            mine, theirs = total[whole == first], total[whole == second]
            apart = min(_mean(mine[:, first] - mine[:, second]), _mean(theirs[:, second] - theirs[:, first]))
            if apart < MIN_NATS:
                group[group == group[first]] = group[second]
    return np.unique(group, return_inverse=True)[1][kind]


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Mean, 0 of none: a kind that no episode is of is no other than the rest."""
    return float(values.mean()) if len(values) else 0.0
