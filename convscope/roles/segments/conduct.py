"""How agents of a kind act in their situations: a law for choices, and one for acts that are numbers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from convscope.values.arrays import FloatArray

RIDGE = 5.0
"""Steps that speak for the conduct of all kinds together, along each standardised input."""
BY_CHANCE = 0.05
"""Share of choices that no model is trusted to foresee."""
LEAST_NOISE = 1e-3
"""Added to the variance of acts, which are standardised."""


class Outlook(Protocol):
    """What is expected of each kind in each step."""

    def score(self, acts: FloatArray) -> FloatArray:
        """Log-likelihood of acts under each kind, shape (R, K)."""
        ...


class Conduct(Protocol):
    """A fitted law of conduct of each kind."""

    def outlook(self, inputs: FloatArray) -> Outlook:
        """Say what each kind would do in some situations, given as inputs, shape (R, D)."""
        ...


class Law(Protocol):
    """Fits conduct. Acts are coded: a 1 for each choice made, or standardised numbers."""

    def fit(self, inputs: FloatArray, acts: FloatArray, weights: FloatArray) -> Conduct:
        """Fit the conduct of each kind.

        Parameters
        ----------
        inputs
            Situations, shape (R, D).
        acts
            Coded, shape (R, A).
        weights
            How far each step is of each kind, shape (R, K), summing to 1 over kinds.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChoiceLaw:
    """Chances of choices by least squares on their indicators, cut at 0 and renormalised.

    Least squares needs one solve where a logistic regression needs dozens of passes; on the same inputs the two gave
    the same segments. Each kind's coefficients are drawn towards those of all kinds together.

    References
    ----------
    Sugiyama, "Superfast-trainable multi-class probabilistic classifier by least-squares posterior fitting" (2010).
    """

    n: tuple[int, ...]
    """Choices of each component of an action."""

    def fit(self, inputs: FloatArray, acts: FloatArray, weights: FloatArray) -> "ChoiceConduct":
        """Solve for each kind."""
        return ChoiceConduct(n=self.n, coefficients=_solved(inputs, acts, weights))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChoiceConduct:
    """Fitted chances of choices."""

    n: tuple[int, ...]
    coefficients: FloatArray
    """Shape (K, D, A)."""

    def outlook(self, inputs: FloatArray) -> "ChoiceOutlook":
        """Return the chances, component by component."""
        edges = np.cumsum([0, *self.n])
        raw = np.stack([inputs @ each for each in self.coefficients], axis=1)
        parts: list[FloatArray] = []
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            positive = np.maximum(raw[:, :, first:last], 0.0) + 1e-9
            shares = positive / positive.sum(axis=2, keepdims=True)
            parts.append((1 - BY_CHANCE) * shares + BY_CHANCE / (last - first))
        return ChoiceOutlook(n=self.n, chances=np.concatenate(parts, axis=2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChoiceOutlook:
    """Chances of choices in some steps."""

    n: tuple[int, ...]
    chances: FloatArray
    """Shape (R, K, A)."""

    def score(self, acts: FloatArray) -> FloatArray:
        """Sum the log-chances of what was chosen."""
        return np.asarray(np.einsum("rka,ra->rk", np.log(self.chances), acts))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberLaw:
    """Acts that are numbers: a linear regression and a normal spread around it, both of each kind."""

    def fit(self, inputs: FloatArray, acts: FloatArray, weights: FloatArray) -> "NumberConduct":
        """Solve for each kind; its spread is drawn towards that of all kinds by as many steps as there are acts."""
        coefficients = _solved(inputs, acts, weights)
        residuals = [acts - inputs @ each for each in coefficients]
        scatters = [(r * w[:, np.newaxis]).T @ r for r, w in zip(residuals, weights.T, strict=True)]
        size = weights.sum(axis=0)
        pooled = np.sum(scatters, axis=0) / max(float(size.sum()), 1.0)
        drawn = acts.shape[1] + 10.0
        least = LEAST_NOISE * np.eye(acts.shape[1])
        covariances = [(s + drawn * pooled) / (n + drawn) + least for s, n in zip(scatters, size, strict=True)]
        return NumberConduct(coefficients=coefficients, factors=np.linalg.cholesky(np.stack(covariances)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberConduct:
    """Fitted regressions."""

    coefficients: FloatArray
    """Shape (K, D, A)."""
    factors: FloatArray
    """Lower triangles of the covariances, shape (K, A, A)."""

    def outlook(self, inputs: FloatArray) -> "NumberOutlook":
        """Return the expected acts."""
        means = np.stack([inputs @ each for each in self.coefficients], axis=1)
        return NumberOutlook(means=means, factors=self.factors)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberOutlook:
    """Expected acts in some steps, and their spread."""

    means: FloatArray
    """Shape (R, K, A)."""
    factors: FloatArray
    """As in `NumberConduct`."""

    def score(self, acts: FloatArray) -> FloatArray:
        """Return normal log-densities, without the constant that all kinds share."""
        columns: list[FloatArray] = []
        for kind, factor in enumerate(self.factors):
            scaled = np.linalg.solve(factor, (acts - self.means[:, kind]).T)
            columns.append(-0.5 * (scaled**2).sum(axis=0) - np.log(np.diag(factor)).sum())
        return np.stack(columns, axis=1)


def _solved(inputs: FloatArray, acts: FloatArray, weights: FloatArray) -> FloatArray:
    """Ridge regression of each kind, drawn towards that of all, shape (K, D, A)."""
    ridge = RIDGE * np.eye(inputs.shape[1])
    gram, moment = inputs.T @ inputs, inputs.T @ acts
    drawn = ridge @ np.linalg.solve(gram + ridge, moment)
    weighted = [inputs * weight[:, np.newaxis] for weight in weights.T[:-1]]
    # The weights of a step sum to 1, so the last kind has what the others leave: a product less, the largest cost.
    grams, moments = [each.T @ inputs for each in weighted], [each.T @ acts for each in weighted]
    grams.append(gram - sum(grams))
    moments.append(moment - sum(moments))
    return np.stack([np.linalg.solve(g + ridge, m + drawn) for g, m in zip(grams, moments, strict=True)])
