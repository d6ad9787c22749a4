"""The fractional conditional logit behind role preference, for many fits at once."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray

TOLERANCE = 1e-12
"""Largest change of a preference in the last step of a fit that counts as converged."""
MAX_STEPS = 20_000
_RADIX_LIMIT = 2**62


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """Rows of routing, summed over all that share fit, receiving role and composition of the valid senders."""

    mass: FloatArray
    """Routed mass from receiving to sending role of each fit, shape (F, R, R)."""
    weight: FloatArray
    """Routed mass of each fit, receiving role and composition, shape (F, R, C)."""
    compositions: FloatArray
    """Valid senders of each role, shape (C, R)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Fitted preferences."""

    preference: FloatArray
    """Shape (F, R, R), row = receiving role, rows sum to 1; NaN = nothing to identify."""
    last_change: FloatArray
    """Largest change in the last step, shape (F, R); above the tolerance where the fit was stopped early."""


def collapse(
    receiving: IntArray, counts: IntArray, role_mass: FloatArray, *, fit_of_row: IntArray, n_fits: int
) -> Choices:
    """Sum rows that the likelihood cannot tell apart.

    Parameters
    ----------
    receiving
        Role of the receiver, -1 to leave the row out, shape (K,).
    counts
        Valid senders of each role, shape (K, R). Rows with fewer than two carry no choice and are left out.
    role_mass
        Weight routed to each role, shape (K, R). Rows without any are left out.
    fit_of_row
        The fit that each row belongs to, shape (K,).
    n_fits
        Number of fits, F.
    """
    n_roles = counts.shape[1]
    row_mass = role_mass.sum(axis=1)
    keep = (receiving >= 0) & (counts.sum(axis=1) >= 2) & (row_mass > 0)
    cell = (fit_of_row * n_roles + receiving)[keep]
    compositions, composition = _distinct(counts[keep])
    n_cells, n_compositions = n_fits * n_roles, len(compositions)
    weight = np.bincount(cell * n_compositions + composition, row_mass[keep], n_cells * n_compositions)
    sender = cell[:, None] * n_roles + np.arange(n_roles)
    mass = np.bincount(sender.ravel(), role_mass[keep].ravel(), n_cells * n_roles)
    return Choices(
        mass=mass.reshape(n_fits, n_roles, n_roles).astype(np.float64),
        weight=weight.reshape(n_fits, n_roles, n_compositions).astype(np.float64),
        compositions=compositions.astype(np.float64),
    )


def fit(choices: Choices) -> Fit:
    """Fit the preferences by minorise-maximise steps.

    Each step is ``θ_ab ← M_ab / Σ_c (w_ac n_cb / Σ_b' θ_ab' n_cb')`` over the compositions c, then normalised; it never
    lowers the likelihood. Where all rows of a role see one composition the first step is exact.

    Returns
    -------
    Fit
        Cells that no chain of shared choices links to the row's bulk of mass are NaN: nothing tells their size
        relative to it. So is a row with one single cell, which carries no choice.

    References
    ----------
    Papke and Wooldridge, "Econometric methods for fractional response variables", Journal of Applied Econometrics 11
    (1996); Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32 (2004).
    """
    n_fits, n_roles, _ = choices.mass.shape
    n_rows = n_fits * n_roles
    weight = choices.weight.reshape(n_rows, len(choices.compositions))
    known = _linked(weight, choices)
    mass = np.where(known, choices.mass.reshape(n_rows, n_roles), 0.0)
    theta = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    change = np.zeros(len(theta))
    active = np.flatnonzero(known.any(axis=1))
    for _ in range(MAX_STEPS):
        if active.size == 0:
            break
        stepped = _step(theta[active], mass[active], weight[active], compositions=choices.compositions)
        change[active] = np.abs(stepped - theta[active]).max(axis=1)
        theta[active] = stepped
        active = active[change[active] > TOLERANCE]
    preference = np.where(known, theta, np.nan)
    return Fit(preference=preference.reshape(choices.mass.shape), last_change=change.reshape(choices.mass.shape[:2]))


def _distinct(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct rows and the number of each row among them."""
    radix = counts.max(axis=0, initial=0) + 1
    if np.log2(radix).sum() >= np.log2(_RADIX_LIMIT):
        rows, number = np.unique(counts, axis=0, return_inverse=True)
        return rows, number.ravel()
    # One whole number a row sorts an order of magnitude faster than rows do.
    place = np.concatenate([[1], np.cumprod(radix[:-1])])
    keys, first, number = np.unique(counts @ place, return_index=True, return_inverse=True)
    return counts[first].reshape(len(keys), counts.shape[1]), number.ravel()


def _linked(weight: FloatArray, choices: Choices) -> BoolArray:
    """Return which cells of each row belong to its heaviest set of linked cells, shape (F * R, R)."""
    n_roles = choices.compositions.shape[1]
    present = choices.compositions > 0
    together = (present[:, :, None] & present[:, None, :]).reshape(-1, n_roles * n_roles)
    link = ((weight > 0).astype(np.float64) @ together.astype(np.float64) > 0).reshape(-1, n_roles, n_roles)
    for _ in range(int(np.ceil(np.log2(max(n_roles, 2))))):
        link = link | (link[:, :, :, None] & link[:, None, :, :]).any(axis=2)
    mass = choices.mass.reshape(-1, n_roles)
    heaviest = (link * mass[:, None, :]).sum(axis=2).argmax(axis=1)
    cells = link[np.arange(len(link)), heaviest]
    return np.asarray(cells & (cells.sum(axis=1, keepdims=True) >= 2))


def _step(theta: FloatArray, mass: FloatArray, weight: FloatArray, *, compositions: FloatArray) -> FloatArray:
    attraction = theta @ compositions.T
    share = np.divide(weight, attraction, out=np.zeros_like(weight), where=attraction > 0)
    exposure = share @ compositions
    stepped = np.divide(mass, exposure, out=np.zeros_like(mass), where=exposure > 0)
    return np.asarray(stepped / stepped.sum(axis=1, keepdims=True))
