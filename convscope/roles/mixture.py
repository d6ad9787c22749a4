"""A mixture in which the units of an agent share their mixing weights: evidence pools over an agent's episodes."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

MAX_ITERATIONS = 100
TOLERANCE = 1e-6
"""Change of the mean log-likelihood at which the fit is finished."""
RIDGE = 1e-3
"""Added to variances of coordinates, which are at most of order 1."""
PRIOR_UNITS = 1.0
"""Weight of the whole log's mixing weights in those of an agent, in units."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Components:
    """Gaussian components, one a role."""

    means: FloatArray
    """Shape (k, C)."""
    covariances: FloatArray
    """Shape (k, C, C)."""
    weights: FloatArray
    """Share of each role over all fitted units, shape (k,)."""


def fit_components(values: FloatArray, label: IntArray, group: IntArray) -> Components:
    """Fit the components by expectation-maximisation, starting from a division into groups.

    Each component's covariance is drawn towards the pooled one by as many units as there are coordinates plus one, so
    that a small role gets a sound shape. The fit stops before a component would lose its last two units.

    Parameters
    ----------
    values
        Coordinates, shape (U, C).
    label
        Where the fit starts: role of each unit, from 0, every role present, shape (U,).
    group
        Units with the same number share mixing weights: those of one agent in one run and checkpoint, shape (U,).

    References
    ----------
    Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm" (1977); covariances
    after Friedman, "Regularized discriminant analysis" (1989).
    """
    responsibility = np.eye(int(label.max()) + 1)[label]
    components = _maximise(values, responsibility)
    last = -np.inf
    for _ in range(MAX_ITERATIONS):
        log_density = _log_density(values, components)
        responsibility, likelihood = _expect(
            log_density, _group_weights(responsibility, group, components.weights)[group]
        )
        if responsibility.sum(axis=0).min() < 2 or likelihood - last < TOLERANCE:
            break
        last, components = likelihood, _maximise(values, responsibility)
    return components


def posterior(values: FloatArray, components: Components, group: IntArray) -> FloatArray:
    """Probability of each role for each unit, given all units of its group.

    Parameters
    ----------
    values
        Coordinates of units, also of some that were not fitted, shape (U, C).
    components
        From `fit_components`; they stay as they are, only the groups' mixing weights are found.
    group
        As in `fit_components`, shape (U,).

    Returns
    -------
    FloatArray
        Shape (U, k), rows sum to 1.
    """
    log_density = _log_density(values, components)
    responsibility, last = _expect(log_density, components.weights)
    for _ in range(MAX_ITERATIONS):
        weights = _group_weights(responsibility, group, components.weights)
        responsibility, likelihood = _expect(log_density, weights[group])
        if likelihood - last < TOLERANCE:
            break
        last = likelihood
    return responsibility


def _maximise(values: FloatArray, responsibility: FloatArray) -> Components:
    size = responsibility.sum(axis=0)
    n_columns = values.shape[1]
    means = (responsibility.T @ values) / size[:, np.newaxis]
    deviations = values - means[:, np.newaxis]
    scatters = np.stack([(d * r[:, np.newaxis]).T @ d for d, r in zip(deviations, responsibility.T, strict=True)])
    pooled = scatters.sum(axis=0) / size.sum()
    drawn = n_columns + 1.0
    covariances = (scatters + drawn * pooled) / (size + drawn)[:, np.newaxis, np.newaxis]
    return Components(
        means=means,
        covariances=covariances + RIDGE * np.eye(n_columns),
        weights=(size + 1.0) / (size.sum() + len(size)),
    )


def _log_density(values: FloatArray, components: Components) -> FloatArray:
    """Log-density of each unit under each component, without the constant that all share, shape (U, k)."""
    columns: list[FloatArray] = []
    for mean, covariance in zip(components.means, components.covariances, strict=True):
        lower = np.linalg.cholesky(covariance)
        scaled = np.linalg.solve(lower, (values - mean).T)
        columns.append(-0.5 * (scaled**2).sum(axis=0) - np.log(np.diag(lower)).sum())
    return np.stack(columns, axis=1)


def _expect(log_density: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    """Responsibilities (U, k) and the mean log-likelihood."""
    joint = log_density + np.log(weights)
    highest = joint.max(axis=1, keepdims=True)
    shares = np.exp(joint - highest)
    total = shares.sum(axis=1, keepdims=True)
    return shares / total, float((highest + np.log(total)).mean())


def _group_weights(responsibility: FloatArray, group: IntArray, overall: FloatArray) -> FloatArray:
    """Mixing weights of each group, drawn a little towards those of all units, shape (groups, k)."""
    total = np.zeros((int(group.max()) + 1, len(overall)))
    np.add.at(total, group, responsibility)
    size = total.sum(axis=1, keepdims=True)
    return np.asarray((total + PRIOR_UNITS * overall) / (size + PRIOR_UNITS))
