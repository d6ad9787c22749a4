"""How well one change of role fits an episode, and in which of an agent's episodes it stands out."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.dip import dip_p_value, dip_statistic
from convscope.values.arrays import BoolArray, FloatArray, IntArray

LEAST_PIECE = 0.1
"""Share of an episode that is before and behind a change at least: its ends are seldom like the rest."""
LEAST_LIKENESS = 0.5
"""0 is the border between two roles, 1 what whole episodes of a role are: pieces must be nearer to the latter."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """The likeliest single change of each sequence."""

    gain: FloatArray
    """Log-likelihood for each window, less that of the best constant role, NaN where too short, shape (S,)."""
    likeness: FloatArray
    """How far both pieces are like whole episodes of their roles: the lesser of the two, shape (S,)."""


def likeliest_changes(evidence: FloatArray, lengths: IntArray, constant: IntArray) -> Changes:
    """Compare the best path with one change to the best without one; the gain may be negative.

    Parameters
    ----------
    evidence
        Log-likelihood of each window under each role, 0 beyond a sequence's end, shape (S, W, K).
    lengths
        Windows of each sequence, shape (S,).
    constant
        Role of each sequence as a whole, shape (S,).
    """
    n, n_windows, k = evidence.shape
    sums = np.cumsum(evidence, axis=1)
    total = sums[:, -1]
    before = np.arange(1, n_windows + 1)
    least = np.ceil(LEAST_PIECE * lengths)[:, np.newaxis]
    is_allowed = (before >= least) & (before <= lengths[:, np.newaxis] - least)
    best, likeness = np.full(n, -np.inf), np.full(n, -np.inf)
    for first, second in ((x, y) for x in range(k) for y in range(k) if x != y):
        ahead = sums[:, :, first] - sums[:, :, second]
        fits = np.where(is_allowed, ahead + total[:, second, np.newaxis], -np.inf)
        at = fits.argmax(axis=1)
        rows = np.arange(n)
        is_better = fits[rows, at] > best
        best = np.where(is_better, fits[rows, at], best)
        lead = total[:, first] - total[:, second]
        pieces = ahead[rows, at] / (at + 1), (ahead[rows, at] - lead) / np.maximum(lengths - at - 1, 1)
        usual = _usual(lead / lengths, constant == first), _usual(-lead / lengths, constant == second)
        likeness = np.where(is_better, np.minimum(pieces[0] / usual[0], pieces[1] / usual[1]), likeness)
    gain = (best - total.max(axis=1)) / lengths
    return Changes(gain=np.where(np.isfinite(gain), gain, np.nan), likeness=likeness)


def single_mode_p(gain: FloatArray) -> float:
    """Return the p of an agent's episodes being of one sort by the gain of a change, by Hartigan's dip.

    It leans on no model of conduct: what a model misses lets the gain vary, but from little to much without a valley.
    """
    known = gain[np.isfinite(gain)]
    return dip_p_value(dip_statistic(known), len(known)) if len(known) else 1.0


def beyond_valley(gain: FloatArray, likeness: FloatArray) -> BoolArray:
    """Return which of some episodes have a change, shape (n,).

    Parameters
    ----------
    gain
        Of a change, NaN where unknown, shape (n,).
    likeness
        As in `Changes`, of one agent or of several, shape (n,) or (n, agents).

    Returns
    -------
    BoolArray
        The upper of the two classes of gain with the largest variance between them; no episode at all where the
        typical one of that class is not like the roles that it changes between.

    References
    ----------
    Otsu, "A threshold selection method from gray-level histograms" (1979).
    """
    values = np.sort(gain[np.isfinite(gain)])
    if len(values) < 2 or values[0] == values[-1]:
        return np.zeros(len(gain), dtype=np.bool_)
    below = np.arange(1, len(values))
    sums = np.cumsum(values)
    apart = (sums[-1] - sums[:-1]) / (len(values) - below) - sums[:-1] / below
    between = below * (len(values) - below) * apart**2
    is_beyond = np.nan_to_num(gain, nan=-np.inf) >= values[int(between.argmax()) + 1]
    is_alike = bool(np.median(likeness[is_beyond]) >= LEAST_LIKENESS)
    return np.asarray(is_beyond & is_alike)


def _usual(lead: FloatArray, chosen: BoolArray) -> float:
    """Return the median lead of a role over another in whole episodes of it; inf where there is none to speak of."""
    found = float(np.median(lead[chosen])) if chosen.any() else 0.0
    return found if found > 0 else np.inf
