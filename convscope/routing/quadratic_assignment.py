"""Quadratic assignment: two matrices over pairs of agents, and whether they go together beyond what others explain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations, product
from math import factorial

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

_MOST_ORDERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """How far two matrices go together."""

    correlation: float | None
    """Mean over runs of the correlation within receivers; None where one of the matrices is even."""
    p_value: float | None
    """One-sided; None where agents are too few to permute."""


def quadratic_assignment(
    first: FloatArray,
    second: FloatArray,
    *,
    controls: Sequence[FloatArray] = (),
    counts_self: bool = False,
    n_permutations: int,
    rng: np.random.Generator,
) -> Assignment:
    """Correlate two matrices over ordered pairs of agents; the null permutes the agents of one, within each run.

    Receivers are centred: of a row of shares only the differences between senders mean anything. Each run has the same
    weight. With controls the correlation is the partial one, and its null permutes what the controls leave of the first
    matrix.

    Parameters
    ----------
    first, second
        Shape (run, receiver, sender); NaN where there is no data, which counts as the receiver's mean.
    controls
        Matrices of the same shape that may explain both.
    counts_self
        Whether the diagonal counts, as it does between roles.
    n_permutations
        Draws of the null; all orders are made where they are about as few.
    rng
        Draws them.

    References
    ----------
    Krackhardt, "Predicting with networks", Social Networks 10 (1988). With controls: Freedman and Lane, "A
    nonstochastic interpretation of reported significance levels", Journal of Business & Economic Statistics 1 (1983).
    """
    standard = partial(_standard, counts_self=counts_self)
    basis = _basis([standard(control).ravel() for control in controls], first.size)
    own, other = (_left_over(standard(matrix), basis) for matrix in (first, second))
    scale = float(np.linalg.norm(own) * np.linalg.norm(other))
    if scale < 1e-9:
        return Assignment(correlation=None, p_value=None)
    observed = float((own * other).sum()) / scale
    n_runs, n_agents, _ = first.shape
    if n_agents < 3:
        return Assignment(correlation=observed, p_value=None)
    n_above, n_orders = 0, 0
    for orders in _orders(n_runs, n_agents, n_permutations=n_permutations, rng=rng):
        drawn = own[np.arange(n_runs)[:, None, None], orders[:, :, None], orders[:, None, :]]
        explained = float(np.square(basis.T @ drawn.ravel()).sum())
        length = np.sqrt(max(float(np.square(drawn).sum()) - explained, 0.0)) * np.linalg.norm(other)
        # An order that leaves nothing to compare counts against agreement.
        n_above += not (drawn * other).sum() < (observed - 1e-12) * length
        n_orders += 1
    return Assignment(correlation=observed, p_value=(1 + n_above) / (1 + n_orders))


def receiver_ranks(matrix: FloatArray) -> FloatArray:
    """Return the rank of each sender among those of its receiver, from 0, ties in the middle; NaN stays NaN.

    Where one matrix follows another by a curve, as a softmax follows its scores, only ranks can be swept out by ranks.

    Parameters
    ----------
    matrix
        Shape (..., receiver, sender). The diagonal does not count and is NaN in the result.
    """
    known = np.where(np.eye(matrix.shape[-1], dtype=np.bool_), np.nan, matrix)
    own, other = known[..., :, None], known[..., None, :]
    below = (own > other).sum(axis=-1) + 0.5 * ((own == other).sum(axis=-1) - 1)
    return np.where(np.isfinite(known), below, np.nan)


def beyond_curves(controls: Iterable[FloatArray]) -> tuple[FloatArray, ...]:
    """Return each control and its ranks: what is swept out of ranks that may follow a control by any curve."""
    return tuple(matrix for control in controls for matrix in (control, receiver_ranks(control)))


def _standard(matrix: FloatArray, *, counts_self: bool) -> FloatArray:
    """Centre each receiver and bring each run to length 1; an even run has none."""
    is_known = np.isfinite(matrix) & (counts_self | ~np.eye(matrix.shape[-1], dtype=np.bool_))
    values = np.where(is_known, matrix, 0.0)
    mean = values.sum(axis=-1, keepdims=True) / np.maximum(is_known.sum(axis=-1, keepdims=True), 1)
    centred = np.where(is_known, values - mean, 0.0)
    length = np.sqrt(np.square(centred).sum(axis=(-2, -1), keepdims=True))
    rounding = 1e-12 * np.abs(values).max(axis=(-2, -1), keepdims=True, initial=0.0) * matrix.shape[-1]
    return np.where(length > rounding, centred / np.maximum(length, 1e-300), 0.0)


def _basis(controls: Sequence[FloatArray], n_cells: int) -> FloatArray:
    """Return an orthonormal basis of what the controls span, shape (n_cells, rank)."""
    stacked = np.array(controls).reshape(len(controls), n_cells).T
    left, singular, _ = np.linalg.svd(stacked, full_matrices=False)
    return left[:, singular > 1e-9 * max(singular.max(initial=0.0), 1e-300)]


def _left_over(matrix: FloatArray, basis: FloatArray) -> FloatArray:
    flat = matrix.ravel()
    left = flat - basis @ (basis.T @ flat)
    # What rounding leaves of a matrix that the controls explain is nothing.
    is_something = np.linalg.norm(left) > 1e-9 * np.linalg.norm(flat)
    return (left if is_something else np.zeros_like(left)).reshape(matrix.shape)


def _orders(n_runs: int, n_agents: int, *, n_permutations: int, rng: np.random.Generator) -> Sequence[IntArray]:
    """Return orders of the agents of each run, shape (run, agent), other than the given one; all where they are few."""
    if factorial(n_agents) ** n_runs - 1 <= max(n_permutations, _MOST_ORDERS if n_runs == 1 else 0):
        every = list(product(permutations(range(n_agents)), repeat=n_runs))
        return [np.array(orders) for orders in every[1:]]
    return [
        np.array([rng.permutation(n_agents) for _ in range(n_runs)]).reshape(n_runs, n_agents)
        for _ in range(n_permutations)
    ]
