"""Is this the policy that made the log? Its answers against the logged probabilities, or the logged actions."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from convscope.ingest.policy.asking import Answers
from convscope.routing.attribution.laws import Choices, Laws, choices, normals
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.policy import OutputKind

LEAST_EPSILON = 0.01
"""Of action values: no log can show that a greedy policy never explores."""
LEAST_SPREAD = 0.01
"""Of the spread of the logged actions: the noise of a continuous policy that has none."""

_EQUAL = 1e-3
_MOST_DEVIATION = 5.0
_LEAST_GAIN = 0.01
_RARE = 1e-9


class Verdict(StrEnum):
    """How well a policy fits a log."""

    EXACT = "exact"
    """It gives the logged probabilities."""
    CONSISTENT = "consistent"
    """The logged actions are as probable as its own would be."""
    DOUBTFUL = "doubtful"
    """It says something of the logged actions, less than it should; or nothing can be checked."""
    FOREIGN = "foreign"
    """It says no more of the logged actions than chance, or contradicts the logged probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a policy says of one agent's logged steps."""

    verdict: Verdict
    words: str
    """Why, in a clause with the figures."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logged:
    """What one agent really did in some rows."""

    masks: FloatArray
    """1 where an action was legal, shape (B, A)."""
    actions: FloatArray
    """Number of the choice, or components, shape (B, K)."""
    probabilities: FloatArray | None
    """As logged, shape (B, A); None where there are none, NaN in rows without."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """How a policy's answers become laws, with what only the log tells."""

    kind: OutputKind
    epsilon: float
    spread: FloatArray
    """Standard deviation of each component about the policy's mean, shape (A,)."""

    def laws(self, answers: Answers, masks: FloatArray) -> Laws:
        """Return the laws of the next actions."""
        if self.kind is OutputKind.MEAN:
            return normals(answers, self.spread)
        return choices(answers, masks, self.kind, epsilon=self.epsilon)


def reading_of(kind: OutputKind, answers: Answers, logged: Logged) -> Reading:
    """Take from the log what the policy does not say: how often it explores, or how noisily it acts."""
    if kind is OutputKind.MEAN:
        width = answers.output.shape[1]
        errors = logged.actions[:, :width] - answers.output
        known = np.isfinite(errors).all(axis=1)
        floor = LEAST_SPREAD * logged.actions[known, :width].std(axis=0) if known.any() else np.zeros(width)
        noise = np.sqrt((errors[known] ** 2).mean(axis=0)) if known.any() else np.ones(width)
        spread = np.maximum(np.maximum(noise, floor), np.finfo(np.float64).tiny)
        return Reading(kind=kind, epsilon=0.0, spread=spread)
    return Reading(kind=kind, epsilon=_epsilon(answers, logged), spread=np.zeros(0))


def fit_of(reading: Reading, answers: Answers, logged: Logged) -> Fit:
    """Hold a policy's answers against what the log shows.

    Parameters
    ----------
    reading
        From `reading_of`.
    answers
        In some rows at which the agent acts.
    logged
        Of the same rows.
    """
    laws = reading.laws(answers, logged.masks)
    if not isinstance(laws, Choices):
        return _of_components(answers, logged)
    if reading.kind is OutputKind.VALUES:
        return _of_best(reading.epsilon)
    if logged.probabilities is not None and np.isfinite(logged.probabilities).all(axis=1).any():
        return _of_probabilities(laws, logged.probabilities, logged.masks)
    return _of_choices(laws, _numbers(logged), logged.masks)


def _of_probabilities(laws: Choices, logged: FloatArray, masks: FloatArray) -> Fit:
    is_known = np.isfinite(logged).all(axis=1)
    own, told = np.exp(laws.log_p[is_known]), logged[is_known]
    even = masks[is_known] / masks[is_known].sum(axis=1, keepdims=True)
    apart = np.abs(own - told).sum(axis=1) / 2
    chance = float((np.abs(even - told).sum(axis=1) / 2).mean())
    share = float((apart <= _EQUAL).mean())
    words = f"its probabilities equal the logged ones at {share:.1%} of {len(apart):,} steps"
    if share >= 0.99:
        return Fit(verdict=Verdict.EXACT, words=words)
    words += f" and differ by {apart.mean():.2f} on average (total variation)"
    is_foreign = apart.mean() > max(0.05, chance / 2)
    return Fit(verdict=Verdict.FOREIGN if is_foreign else Verdict.DOUBTFUL, words=words)


def _of_choices(laws: Choices, actions: IntArray, masks: FloatArray) -> Fit:
    rows = np.flatnonzero(actions >= 0)
    if len(rows) == 0:
        return Fit(verdict=Verdict.DOUBTFUL, words="no logged action can be held against it")
    log_p, share = laws.log_p[rows], np.exp(laws.log_p[rows])
    finite = np.where(share > 0, log_p, 0.0)
    entropy = -(share * finite).sum(axis=1)
    variance = (share * finite**2).sum(axis=1) - entropy**2
    own = np.maximum(log_p[np.arange(len(rows)), actions[rows]], np.log(_RARE))
    most = np.log(masks[rows].sum(axis=1))
    gain, expected = ((most + part).mean() / np.log(2) for part in (own, -entropy))
    error = np.sqrt(max(float(variance.sum()), 0.0)) / len(rows) / np.log(2)
    words = f"it gives the logged actions {gain:.3g} bits more than chance, where its own would get {expected:.3g}"
    if expected < _LEAST_GAIN and gain > -_LEAST_GAIN:
        return Fit(verdict=Verdict.DOUBTFUL, words=f"it acts almost evenly, so that the log cannot tell it: {words}")
    is_low = gain < expected - _MOST_DEVIATION * error - 1e-6
    if not is_low:
        return Fit(verdict=Verdict.CONSISTENT, words=words)
    return Fit(verdict=Verdict.FOREIGN if gain < expected / 2 else Verdict.DOUBTFUL, words=words)


def _of_best(epsilon: float) -> Fit:
    words = f"the logged actions are its best ones as if it drew {epsilon:.0%} of them evenly"
    if epsilon < 0.5:
        return Fit(verdict=Verdict.CONSISTENT, words=words)
    return Fit(verdict=Verdict.DOUBTFUL if epsilon < 0.9 else Verdict.FOREIGN, words=words)


def _of_components(answers: Answers, logged: Logged) -> Fit:
    actions = logged.actions[:, : answers.output.shape[1]]
    known = np.isfinite(actions).all(axis=1)
    if not known.any():
        return Fit(verdict=Verdict.DOUBTFUL, words="no logged action can be held against it")
    errors = ((actions[known] - answers.output[known]) ** 2).sum()
    spread = ((actions[known] - actions[known].mean(axis=0)) ** 2).sum()
    explained = 1.0 - float(errors / spread) if spread > 0 else 0.0
    words = f"its means explain {explained:.1%} of the variance of the logged actions"
    if explained >= 0.5:
        return Fit(verdict=Verdict.CONSISTENT, words=words)
    return Fit(verdict=Verdict.DOUBTFUL if explained > 0.02 else Verdict.FOREIGN, words=words)


def _epsilon(answers: Answers, logged: Logged) -> float:
    actions, masks = _numbers(logged), logged.masks
    rows = np.flatnonzero(actions >= 0)
    best = np.where(masks > 0, answers.output, -np.inf).argmax(axis=1)
    # An action drawn evenly is the best one by chance, too.
    drawn = float((1.0 - 1.0 / masks[rows].sum(axis=1)).sum())
    other = float(np.not_equal(actions[rows], best[rows]).sum())
    return float(np.clip(other / drawn, LEAST_EPSILON, 1.0)) if drawn > 0 else 1.0


def _numbers(logged: Logged) -> IntArray:
    """Return the choice of each row; -1 where there is none that the policy has."""
    values = logged.actions[:, 0]
    is_choice = np.isfinite(values) & (values >= 0) & (values < logged.masks.shape[1])
    return np.where(is_choice, np.where(is_choice, values, 0.0).astype(np.int64), -1)
