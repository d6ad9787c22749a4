"""A Markov chain over roles: what it expects, and the likeliest path through an episode."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Where episodes begin, and how roles follow each other."""

    start: FloatArray
    """Chance of each role at the first window of each sequence, shape (S, K)."""
    transition: FloatArray
    """Chance of each next role, shape (K, K), rows sum to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """What all windows of an episode together say about each."""

    state: FloatArray
    """Chance of each role in each window, 0 beyond a sequence's end, shape (S, W, K)."""
    transitions: FloatArray
    """Expected number of each transition of each sequence, shape (S, K, K)."""
    log_likelihood: FloatArray
    """Of each sequence, shape (S,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """The likeliest path of each sequence."""

    state: IntArray
    """Role in each window, the last one beyond a sequence's end, shape (S, W)."""
    gain: FloatArray
    """Log-likelihood of the path less that of the best path that never switches, at least 0, shape (S,)."""
    constant: IntArray
    """Role of the best path that never switches, shape (S,)."""


def stationary(transition: FloatArray) -> FloatArray:
    """Share of each role in the long run, shape (K,).

    The left eigenvector of the transitions for the eigenvalue 1, by least squares.
    """
    n = len(transition)
    system = np.vstack([transition.T - np.eye(n), np.ones(n)])
    shares, *_ = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)
    shares = np.maximum(shares, 0.0)
    return np.asarray(shares / shares.sum())


def switching_rate(transition: FloatArray) -> float:
    """Switches per step in the long run: the share of each role times the chance to leave it.

    For [[.95, .03, .02], [.05, .9, .05], [.1, .1, .8]] the shares are .566, .302 and .132 and the rate is .0849.
    """
    return float(stationary(transition) @ (1.0 - np.diag(transition)))


def dwell_times(transition: FloatArray) -> FloatArray:
    """Return the expected steps in each role, 1 / (1 - chance to stay), inf where it is never left."""
    leaves = 1.0 - np.diag(transition)
    return np.where(leaves > 0, 1.0 / np.where(leaves > 0, leaves, 1.0), np.inf)


def follow(evidence: FloatArray, lengths: IntArray, chain: Chain) -> Followed:
    """Forward and backward through each sequence.

    Parameters
    ----------
    evidence
        Log-likelihood of each window under each role, 0 where nothing is known, shape (S, W, K).
    lengths
        Windows of each sequence, at least 1, shape (S,).
    chain
        The chain.

    References
    ----------
    Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition" (1989).
    """
    highest = evidence.max(axis=2, keepdims=True)
    density = np.exp(evidence - highest)
    before, scale = _forward(density, lengths, chain)
    after, transitions = _backward(density, lengths, transition=chain.transition, forward=(before, scale))
    is_inside = np.arange(evidence.shape[1]) < lengths[:, np.newaxis]
    log_likelihood = ((np.log(scale) + highest[:, :, 0]) * is_inside).sum(axis=1)
    return Followed(
        state=before * after * is_inside[:, :, np.newaxis], transitions=transitions, log_likelihood=log_likelihood
    )


def best_paths(evidence: FloatArray, lengths: IntArray, chain: Chain) -> Paths:
    """Find the likeliest path of each sequence, and how much better it is than never to switch; as `follow`.

    References
    ----------
    Viterbi, "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm" (1967).
    """
    n, n_windows, k = evidence.shape
    log_start, log_transition = np.log(chain.start + TINY), np.log(chain.transition + TINY)
    best = log_start + evidence[:, 0]
    origin = np.zeros((n, n_windows, k), dtype=np.int8)
    for window in range(1, n_windows):
        candidates = best[:, :, np.newaxis] + log_transition
        is_inside = (window < lengths)[:, np.newaxis]
        origin[:, window] = np.where(is_inside, candidates.argmax(axis=1), np.arange(k))
        best = np.where(is_inside, candidates.max(axis=1) + evidence[:, window], best)
    state = np.empty((n, n_windows), dtype=np.int64)
    state[:, -1] = best.argmax(axis=1)
    for window in range(n_windows - 1, 0, -1):
        state[:, window - 1] = np.take_along_axis(origin[:, window], state[:, window, np.newaxis], axis=1)[:, 0]
    inside = np.arange(n_windows) < lengths[:, np.newaxis]
    total = np.where(inside[:, :, np.newaxis], evidence, 0.0).sum(axis=1)
    constant = log_start + total + (lengths[:, np.newaxis] - 1) * np.diag(log_transition)
    switches = (state != state[:, :1]).any(axis=1)
    gain = np.where(switches, np.maximum(best.max(axis=1) - constant.max(axis=1), 0.0), 0.0)
    return Paths(state=state, gain=gain, constant=constant.argmax(axis=1))


def _forward(density: FloatArray, lengths: IntArray, chain: Chain) -> tuple[FloatArray, FloatArray]:
    n, n_windows, _ = density.shape
    before, scale = np.empty_like(density), np.ones((n, n_windows))
    now = chain.start * density[:, 0]
    for window in range(n_windows):
        if window:
            now = (before[:, window - 1] @ chain.transition) * density[:, window]
        is_inside = window < lengths
        scale[:, window] = np.where(is_inside, now.sum(axis=1), 1.0)
        moved = now / scale[:, window, np.newaxis]
        before[:, window] = np.where(is_inside[:, np.newaxis], moved, before[:, window - 1]) if window else moved
    return before, scale


def _backward(
    density: FloatArray, lengths: IntArray, *, transition: FloatArray, forward: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    before, scale = forward
    n, n_windows, k = density.shape
    after, transitions = np.ones_like(density), np.zeros((n, k, k))
    for window in range(n_windows - 1, 0, -1):
        is_inside = (window < lengths)[:, np.newaxis]
        coming = density[:, window] * after[:, window] / scale[:, window, np.newaxis]
        pairs = before[:, window - 1, :, np.newaxis] * transition * coming[:, np.newaxis, :]
        transitions += np.where(is_inside[:, :, np.newaxis], pairs, 0.0)
        after[:, window - 1] = np.where(is_inside, coming @ transition.T, 1.0)
    return after, transitions
