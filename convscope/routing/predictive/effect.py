"""How large an influence is: conditional transfer entropy in bits per step, less its bias."""

import numpy as np

from convscope.values.arrays import FloatArray


def gaussian_entropy_gain(explained: FloatArray) -> float:
    """Return the conditional transfer entropy between continuous actions, in nats.

    Parameters
    ----------
    explained
        Effect of the sender's orthonormal directions on the receiver's orthonormal residuals, shape (b, d).

    Notes
    -----
    Exact for Gaussian variables: half the log ratio of the residual covariances without and with the sender.

    References
    ----------
    Barnett, Barrett and Seth, Physical Review Letters 103 (2009).
    """
    shares = np.linalg.svd(explained, compute_uv=False) ** 2
    return float(-0.5 * np.log1p(-np.minimum(shares, 1 - 1e-12)).sum())


def mixed_entropy_gain(explained: FloatArray) -> float:
    """Return the same for a discrete receiver and a sender that is more than its actions, to first order, in nats."""
    return float(0.5 * np.square(explained).sum())


def discrete_entropy_gain(shift: FloatArray, together: FloatArray, transitions: FloatArray) -> float:
    """Return what a sender's action tells of a receiver's next action, given the receiver's last one, in nats.

    Parameters
    ----------
    shift
        Change of the probability of each of the receiver's actions by each of the sender's, everything else equal, up
        to a constant, shape (S, A).
    together
        How often each of the receiver's last actions stood beside each of the sender's, shape (A, S).
    transitions
        How often each of the receiver's actions followed each of its last actions, shape (A, A).

    Notes
    -----
    The receiver's law is taken to be ``p(y | z) + shift[s, y]`` with the shift centred given z: exact for a receiver
    that copies the sender with some probability, whatever it does otherwise. Mean over z of the mutual information of
    s and y, which is the conditional transfer entropy.
    """
    joint = together / max(float(together.sum()), 1.0)
    source = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
    law = transitions / np.maximum(transitions.sum(axis=1, keepdims=True), 1)
    given = np.maximum((law - source @ shift)[:, None, :] + shift, 0.0)
    given /= np.maximum(given.sum(axis=2, keepdims=True), 1e-300)
    mean = np.einsum("zs,zsy->zy", source, given)
    ratio = np.divide(given, mean[:, None, :], out=np.ones_like(given), where=(given > 0) & (mean[:, None, :] > 0))
    return float(np.einsum("zs,zsy->", joint, given * np.log(ratio)))


def less_bias(first_order: FloatArray, *, n_free: FloatArray, n_samples: float) -> FloatArray:
    """Return a gain to first order less what chance explains, in nats; may be below 0 where there is no effect.

    Parameters
    ----------
    first_order
        From `mixed_entropy_gain`; its bias is ``n_free / (2 n_samples)``.
    n_free
        Coefficients of the fit.
    n_samples
        Samples, less what all regressors and intercepts use up.
    """
    return first_order - n_free / (2 * max(n_samples, 1.0))


def entropy_left(transitions: FloatArray) -> float:
    """Return what an agent's last action leaves open of its next one, in bits, less the bias of counts.

    Parameters
    ----------
    transitions
        How often each action followed each, shape (A, A); NaN without any, or where the next action is certain.

    References
    ----------
    Miller, "Note on the bias of information estimates" (1955): plug-in entropies are low by (cells - 1) / 2N.
    """
    total = float(transitions.sum())
    rows = transitions[transitions.sum(axis=1) > 0]
    law = rows / rows.sum(axis=1, keepdims=True)
    logs = np.log(law, out=np.zeros_like(law), where=law > 0)
    n_free = float((rows > 0).sum() - len(rows))
    if total <= 0 or n_free <= 0:
        return float("nan")
    return (-float((rows * logs).sum()) + n_free / 2) / total / float(np.log(2))
