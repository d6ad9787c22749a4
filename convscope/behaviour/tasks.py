"""Models of what an agent does given what it saw, fitted with scikit-learn on whole episodes and used on others."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import ActionKind, ActionSpace

# So much of every prediction is the plain frequency: no action is ever impossible to a model.
_PRIOR = 1e-3


class Predictor(Protocol):
    """A fitted model."""

    def predict(self, columns: FloatArray) -> FloatArray:
        """Return the probability of each choice, shape (n, A), or the expected action, shape (n, K)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """One choice of several: the loss is the logarithmic one."""

    n_choices: int

    def outcomes(self, actions: FloatArray) -> FloatArray:
        """Return indicators of the choices taken, shape (n, A)."""
        return np.equal(actions[:, :1], np.arange(self.n_choices)).astype(np.float64)

    def bits(self, outcomes: FloatArray, predicted: FloatArray, spread: FloatArray) -> FloatArray:
        """Return the log loss of each row, in bits."""
        del spread
        floor = np.finfo(np.float64).tiny
        return np.asarray(-np.log2(np.maximum((outcomes * predicted).sum(axis=1), floor)), dtype=np.float64)

    def spread(self, residuals: FloatArray) -> FloatArray:
        """Return ones: probabilities are their own scale."""
        return np.ones(residuals.shape[1])

    def linear(self, columns: FloatArray, outcomes: FloatArray, *, degree: int) -> Predictor:
        """Fit a multinomial logit on standardised columns, and on their products where the degree is 2."""
        strength = 0.3 if degree == 1 else 0.03
        model = _on_products(LogisticRegression(C=strength, max_iter=100, tol=1e-3), degree)
        with warnings.catch_warnings():
            # A fit that stops early is a fit all the same: it is judged by what it predicts.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self._fitted(model, columns, outcomes)

    def trees(self, columns: FloatArray, outcomes: FloatArray) -> Predictor:
        """Fit boosted trees."""
        model = HistGradientBoostingClassifier(
            max_iter=40,
            learning_rate=0.2,
            max_leaf_nodes=15,
            l2_regularization=1.0,
            early_stopping=False,  # pyright: ignore[reportArgumentType]  the stubs know "auto" alone
            random_state=0,
        )
        return self._fitted(model, columns, outcomes)

    def _fitted(self, model: Any, columns: FloatArray, outcomes: FloatArray) -> Predictor:  # noqa: ANN401  as above
        frequency = (outcomes.sum(axis=0) + 0.5) / (len(outcomes) + 0.5 * self.n_choices)
        taken = outcomes.argmax(axis=1)
        if len(np.unique(taken)) > 1:
            model.fit(columns, taken)
            return _Chosen(model=model, frequency=frequency)
        return _Chosen(model=None, frequency=frequency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Continuous actions: the loss is that of a normal law around the expected action."""

    width: int

    def outcomes(self, actions: FloatArray) -> FloatArray:
        """Return the actions themselves, shape (n, K)."""
        return actions

    def bits(self, outcomes: FloatArray, predicted: FloatArray, spread: FloatArray) -> FloatArray:
        """Return the log loss of each row, in bits."""
        scaled = (outcomes - predicted) / spread
        nats = 0.5 * scaled**2 + np.log(spread) + 0.5 * np.log(2 * np.pi)
        return np.asarray(nats.sum(axis=1) / np.log(2), dtype=np.float64)

    def spread(self, residuals: FloatArray) -> FloatArray:
        """Return the standard deviation of each component around what was expected."""
        return np.asarray(np.sqrt((residuals**2).mean(axis=0)) + 1e-9, dtype=np.float64)

    def linear(self, columns: FloatArray, outcomes: FloatArray, *, degree: int) -> Predictor:
        """Fit a ridge regression on standardised columns, and on their products where the degree is 2."""
        model = _on_products(Ridge(alpha=1.0 if degree == 1 else 10.0), degree)
        model.fit(columns, outcomes)
        return _Expected(models=(model,))

    def trees(self, columns: FloatArray, outcomes: FloatArray) -> Predictor:
        """Fit boosted trees, for each component of its own."""
        models = [
            HistGradientBoostingRegressor(
                max_iter=60,
                learning_rate=0.2,
                max_leaf_nodes=15,
                l2_regularization=1.0,
                early_stopping=False,  # pyright: ignore[reportArgumentType]  the stubs know "auto" alone
                random_state=0,
            ).fit(columns, outcome)
            for outcome in outcomes.T
        ]
        return _Expected(models=tuple(models))


Task = Choices | Numbers


class _Classifier(Protocol):
    classes_: IntArray

    def fit(self, X: FloatArray, y: IntArray) -> object: ...  # noqa: N803  scikit-learn's own names

    def predict_proba(self, X: FloatArray) -> FloatArray: ...  # noqa: N803


class _Regressor(Protocol):
    def predict(self, X: FloatArray) -> FloatArray: ...  # noqa: N803


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Chosen:
    model: _Classifier | None
    frequency: FloatArray

    def predict(self, columns: FloatArray) -> FloatArray:
        found = np.tile(self.frequency, (len(columns), 1))
        if self.model is None or not len(columns):
            return found
        modelled = np.zeros_like(found)
        modelled[:, self.model.classes_] = self.model.predict_proba(columns)
        return np.asarray((1 - _PRIOR) * modelled + _PRIOR * found, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Expected:
    models: Sequence[_Regressor]

    def predict(self, columns: FloatArray) -> FloatArray:
        found = [model.predict(columns).reshape(len(columns), -1) for model in self.models]
        return np.concatenate(found, axis=1)


def _on_products(model: object, degree: int) -> Any:  # noqa: ANN401  scikit-learn is not typed

    products = PolynomialFeatures(degree=degree, interaction_only=True, include_bias=False)
    return make_pipeline(StandardScaler(), products, model)


def tasks_of(space: ActionSpace) -> tuple[tuple[slice, Task], ...]:
    """Return what is to be predicted of an agent's actions: which components, and how."""
    if space.kind is ActionKind.CONTINUOUS:
        return ((slice(0, space.width), Numbers(width=space.width)),)
    return tuple((slice(place, place + 1), Choices(n_choices=n)) for place, n in enumerate(space.n))
