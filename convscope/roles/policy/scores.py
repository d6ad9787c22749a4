"""What is left of a pair's actions once the situation is held equal: nats and scores by episode."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.columns import basis_of
from convscope.roles.policy.decisions import Seen
from convscope.roles.policy.models import Predicted
from convscope.values.arrays import FloatArray, IntArray

_MOST_DIRECTIONS = 16
_ROUNDING = 1e-9
_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Information:
    """What knowing the member tells of an action beyond the observation, summed by episode."""

    gain: FloatArray
    """Sum of nats, shape (units,)."""
    n_decisions: FloatArray
    """Shape (units,)."""

    def nats(self) -> float:
        """Nats per decision."""
        return float(self.gain.sum() / max(self.n_decisions.sum(), 1.0))

    def interval(self, weights: FloatArray) -> tuple[float, float]:
        """Return the 95 % interval over resampled episodes.

        Parameters
        ----------
        weights
            How often each episode was drawn, shape (draws, units).
        """
        drawn = (weights @ self.gain) / np.maximum(weights @ self.n_decisions, 1.0)
        low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
        return low, high


def together(parts: Sequence[Information]) -> Information:
    """Return the sums over members of several kinds of space, at least one."""
    return Information(
        gain=np.sum([part.gain for part in parts], axis=0),
        n_decisions=np.sum([part.n_decisions for part in parts], axis=0),
    )


def information(
    seen: Seen, predicted: Sequence[Predicted], probability: FloatArray, *, members: IntArray
) -> Information:
    """Return the conditional mutual information of some members and their actions given what they saw, held out.

    The action is predicted from the observation by the mixture of the members' own models, each weighted by how
    probable that member is to see this: where one of them alone comes, nothing can be told of policies, and the mixture
    is that one's model.

    Parameters
    ----------
    seen
        Decisions of comparable members.
    predicted
        Each part of the action; parts add up.
    probability
        Of each member given what was seen, shape (members, n).
    members
        Numbers of those that are compared.
    """
    rows = np.flatnonzero(np.isin(seen.member, members))
    share = shares(probability, rows, members)
    place = np.searchsorted(members, seen.member[rows])
    gain = np.zeros(len(rows))
    for part in predicted:
        likely = part.likelihoods()[np.ix_(members, rows)]
        own = likely[place, np.arange(len(rows))]
        gain += np.log(np.maximum(own, _TINY)) - np.log(np.maximum((share * likely).sum(axis=0), _TINY))
    unit = seen.unit[rows]
    return Information(
        gain=np.bincount(unit, gain, seen.n_units).astype(np.float64),
        n_decisions=np.bincount(unit, minlength=seen.n_units).astype(np.float64),
    )


def shares(probability: FloatArray, rows: IntArray, members: IntArray) -> FloatArray:
    """Return how probable each of some members is in each row, given that it is one of them, shape (members, rows)."""
    picked = probability[np.ix_(members, rows)]
    return np.asarray(picked / np.maximum(picked.sum(axis=0), _TINY), dtype=np.float64)


def overlap(seen: Seen, probability: FloatArray, pair: IntArray) -> float:
    """Return how far two members meet the same situations: the mean of 4 e (1 - e), e = probability of the first.

    1 where nothing that is seen tells the two apart, 0 where it always does.
    """
    rows = np.flatnonzero(np.isin(seen.member, pair))
    first = shares(probability, rows, pair)[0]
    return float((4 * first * (1 - first)).mean()) if len(rows) else 0.0


def situations(seen: Seen) -> FloatArray:
    """Return a constant and smooth functions of what was seen, each kind with the same weight, shape (n, F).

    A difference of policies may be the same everywhere, or turn around with a direction of what is seen, or with its
    size.
    """
    columns = seen.columns - seen.columns.mean(axis=0)
    spread = columns.std(axis=0)
    columns = np.clip(columns / np.where(spread > 0, spread, 1.0), -5.0, 5.0)
    if columns.shape[1] > _MOST_DIRECTIONS:
        variance, axes = np.linalg.eigh(columns.T @ columns)
        # What varies by rounding alone is no direction.
        is_real = variance > _ROUNDING * variance[-1]
        columns = columns @ axes[:, is_real][:, ::-1][:, :_MOST_DIRECTIONS]
    basis = basis_of(columns).reshape(len(columns), -1, 3)
    n_directions = basis.shape[1]
    bent = basis[:, :, 1:].reshape(len(basis), -1) - 1.0
    scaled = (np.ones((len(basis), 1)), basis[:, :, 0] / np.sqrt(n_directions), bent / np.sqrt(2.0 * n_directions))
    return np.concatenate(scaled, axis=1)


def pair_scores(
    seen: Seen,
    predicted: Sequence[Predicted],
    probability: FloatArray,
    *,
    pair: IntArray,
) -> FloatArray:
    """Return what a pair's actions say of who it was, beyond the observation, by episode, shape (units,).

    Above 0 on average where the two act differently on what they see, of mean zero where they act alike; exchanging
    the labels of the two in an episode turns its score around. Each is a product of two things that nothing seen
    explains: which of the two it was, and what was done. An error of either model does no harm by itself: where only
    one of the two goes, it is no surprise who it was. Situations count by how far both meet them (overlap weights).
    What was done is seen along the difference of the two that models of earlier parts of the episodes foresee: two
    parts that learned from each other would count one finding twice.

    Parameters
    ----------
    seen
        Decisions of comparable members.
    predicted
        Each part of the action.
    probability
        Of each member given what was seen, shape (members, n).
    pair
        Numbers of the two members.

    References
    ----------
    Shah and Peters, "The hardness of conditional independence testing and the generalised covariance measure", Annals
    of Statistics 48 (2020). Scheidegger, Hoerrmann and Buehlmann, "The weighted generalised covariance measure",
    Journal of Machine Learning Research 23 (2022). Lundborg, Kim, Shah and Samworth, "The projected covariance measure
    for assumption-lean variable significance testing", Annals of Statistics 52 (2024). Li, Morgan and Zaslavsky,
    "Balancing covariates via propensity score weighting", Journal of the American Statistical Association 113 (2018).
    """
    rows = np.flatnonzero(np.isin(seen.member, pair))
    share = shares(probability, rows, pair)
    # Situations that only one of them meets count little: there, a small error of the models is a large surprise.
    surprise = 4 * share[0] * share[1] * (np.equal(seen.member[rows], pair[0]) - share[0])
    along = np.zeros(len(rows))
    for part in predicted:
        expected = (share[:, :, np.newaxis] * part.expected[np.ix_(pair, rows)]).sum(axis=0)
        left = surprise[:, np.newaxis] * (part.outcomes[rows] - expected) / part.spread
        first, second = part.foreseen[np.ix_(pair, rows)]
        along += (left * (first - second) / part.spread).sum(axis=1)
    return np.bincount(seen.unit[rows], along, seen.n_units).astype(np.float64)


def summed(factors: tuple[FloatArray, FloatArray], unit: IntArray, n_units: int) -> FloatArray:
    """Return the sums by unit of every product of a column of the first factor and one of the second.

    Parameters
    ----------
    factors
        Shapes (n, A) and (n, F).
    unit
        Of each row, shape (n,).
    n_units
        How many there are.

    Returns
    -------
    FloatArray
        Shape (units, A F).
    """
    left, right = factors
    order = np.argsort(unit, kind="stable")
    present, starts = np.unique(unit[order], return_index=True)
    result = np.zeros((n_units, left.shape[1] * right.shape[1]))
    for number, column in enumerate(left[order].T):
        sums = np.add.reduceat(column[:, np.newaxis] * right[order], starts)
        result[present, number * right.shape[1] : (number + 1) * right.shape[1]] = sums
    return result
