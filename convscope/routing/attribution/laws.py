"""The law of a policy's next action, and how far laws lie apart."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from convscope.ingest.policy.asking import Answers
from convscope.randomness import generator
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.policy import OutputKind

SAME = 1e-5
"""Log-probabilities and means that differ by no more of their own size are the same but for 32-bit rounding."""

_N_POINTS = 64
"""Of each normal law, at which mixtures are evaluated: they have no closed form."""
_LARGEST = 600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """Laws over single choices."""

    log_p: FloatArray
    """Natural logarithms, shape (B, A); -inf for what is never done."""

    def taken(self, rows: IntArray) -> "Choices":
        """Return some of the rows; the shape of ``rows`` comes first."""
        return Choices(log_p=self.log_p[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Normals:
    """Independent normal laws over the components of a continuous action."""

    mean: FloatArray
    """Shape (B, A)."""
    spread: FloatArray
    """Standard deviations, shape (B, A)."""

    def taken(self, rows: IntArray) -> "Normals":
        """Return some of the rows."""
        return Normals(mean=self.mean[rows], spread=self.spread[rows])


Laws = Choices | Normals


def choices(answers: Answers, masks: FloatArray, kind: OutputKind, *, epsilon: float) -> Choices:
    """Return laws over the legal choices.

    Parameters
    ----------
    answers
        Logits, probabilities or action values.
    masks
        1 where an action is legal, shape (B, A).
    kind
        What the answers are.
    epsilon
        Of action values: how often an action is drawn evenly from the legal ones instead of the best.
    """
    is_legal = masks > 0
    if kind is OutputKind.VALUES:
        best = np.where(is_legal, answers.output, -np.inf).argmax(axis=1)
        even = is_legal / is_legal.sum(axis=1, keepdims=True)
        shares = (1 - epsilon) * np.eye(masks.shape[1])[best] + epsilon * even
    elif kind is OutputKind.PROBABILITIES:
        shares = np.where(is_legal, np.maximum(answers.output, 0.0), 0.0)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    else:
        return Choices(log_p=_log_softmax(np.where(is_legal, answers.output, -np.inf)))
    with np.errstate(divide="ignore"):
        return Choices(log_p=np.log(shares))


def normals(answers: Answers, spread: FloatArray) -> Normals:
    """Return normal laws; ``spread``, shape (A,), where the policy tells none itself."""
    told = np.exp(answers.log_spread) if answers.log_spread is not None else spread
    return Normals(mean=answers.output, spread=np.broadcast_to(told, answers.output.shape))


def divergence(factual: Laws, others: Laws) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return how much a factual law differs from what it is on average when part of the observation is replaced.

    Parameters
    ----------
    factual
        B laws.
    others
        B x K laws after replacement: arrays of shape (B, K, A).

    Returns
    -------
    lower, upper
        Kullback-Leibler divergence, in bits, of the factual law from the mean of the K others and itself, and from
        the mean of the K others alone; shape (B,). With draws from the true conditional law their means over steps
        lie below and above the conditional mutual information of the part and the action given the rest. ``lower`` is
        at most log2(K + 1). Exactly 0 where no replacement moves the law by more than `SAME`.
    moved
        Largest change of a log-probability, or of a mean over its spread, shape (B,); of large ones as a share.

    References
    ----------
    Poole, Ozair, van den Oord, Alemi and Tucker, "On variational bounds of mutual information", ICML (2019), section
    2.1, for the two bounds.
    """
    if isinstance(factual, Choices) and isinstance(others, Choices):
        gaps, moved = _choice_gaps(factual.log_p, others.log_p)
    elif isinstance(factual, Normals) and isinstance(others, Normals):
        gaps, moved = _normal_gaps(factual, others)
    else:
        raise TypeError("laws of two kinds cannot be compared")
    is_moved = moved > SAME
    lower, upper = (np.where(is_moved, np.maximum(gap, 0.0) / np.log(2), 0.0) for gap in gaps)
    return lower, upper, moved


def _choice_gaps(own: FloatArray, others: FloatArray) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    share, each = np.exp(own), np.exp(others)
    is_done = share > 0
    mean = each.mean(axis=1)
    with_own = (each.sum(axis=1) + share) / (each.shape[1] + 1)
    gaps = [
        np.where(is_done, share * (np.where(is_done, own, 0.0) - _log(law)), 0.0).sum(axis=1)
        for law in (with_own, mean)
    ]
    both = is_done[:, None] & (each > 0)
    size = np.maximum(1.0, np.where(is_done, np.abs(own), 1.0))[:, None]
    steps = np.abs(np.where(both, others, 0.0) - np.where(both, own[:, None], 0.0)) / size
    # What becomes possible or impossible has moved, however large the logarithm.
    flips = np.where(is_done[:, None] != (each > 0), np.maximum(share[:, None], each), 0.0)
    return (gaps[0], gaps[1]), np.maximum(steps, flips).max(axis=(1, 2))


def _normal_gaps(own: Normals, others: Normals) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    mean, spread = own.mean[:, None], own.spread[:, None]
    points = mean + spread * _noise(own.mean.shape[1])
    of_own = _log_density(points, mean, spread)
    of_each = np.stack(
        [_log_density(points, others.mean[:, k, None], others.spread[:, k, None]) for k in range(others.mean.shape[1])]
    )
    ratios = np.exp(np.minimum(of_each - of_own, _LARGEST))
    with_own = (ratios.sum(axis=0) + 1.0) / (len(ratios) + 1)
    gaps = [-_log(share).mean(axis=1) for share in (with_own, ratios.mean(axis=0))]
    apart = np.abs(mean - others.mean) / np.maximum(spread, np.abs(mean))
    moved = np.maximum(apart, np.abs(np.log(others.spread / spread)))
    return (gaps[0], gaps[1]), moved.max(axis=(1, 2))


@cache
def _noise(width: int) -> FloatArray:
    """Return the same points of a standard normal law every time: in pairs of opposite sign, of variance 1."""
    half = generator(0, "routing", "attribution", "normal laws").normal(size=(_N_POINTS // 2, width))
    half /= np.sqrt((half**2).mean(axis=0))
    return np.concatenate([half, -half])


def _log_density(points: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    density: FloatArray = (-0.5 * ((points - mean) / spread) ** 2 - np.log(spread)).sum(axis=-1)
    return density


def _log(values: FloatArray) -> FloatArray:
    logarithm: FloatArray = np.log(np.maximum(values, np.finfo(np.float64).tiny))
    return logarithm


def _log_softmax(logits: FloatArray) -> FloatArray:
    highest = logits.max(axis=-1, keepdims=True)
    shifted = logits - highest
    logarithms: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithms
