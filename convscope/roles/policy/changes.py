"""The episode from which on agents act otherwise than before on what they see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.roles.policy.decisions import Seen
from convscope.roles.policy.models import Predicted
from convscope.roles.policy.scores import summed
from convscope.values.arrays import FloatArray

FEWEST_EPISODES = 40
"""Episodes of a stretch under which no change is looked for in it."""
_MOST_BINS = 240
_SHORTEST = 8
"""Bins on either side of a change."""
_MOST_CHANGES = 8
_FARTHEST_LAG = 5
_N_DIVISIONS = 2
_N_ORDERS = 49
_DOUBT = 0.2
"""Level of the test whether anything carries over: where in doubt, it is taken to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that was found."""

    place: int
    """Of the first episode after it."""
    p_value: float


def residual_scores(seen: Seen, predicted: Sequence[Predicted], basis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the residuals of each member's own model, summed by episode with each function of what it saw.

    Then the residuals along what each member's model expects: a change that bends with the situation shows there. Each
    member's model is fitted to episodes of all times, so that after a change of policy the residuals of both sides lie
    apart, while a member that merely sees other things leaves none.

    Parameters
    ----------
    seen
        Decisions of comparable members.
    predicted
        Each part of the action.
    basis
        From `situations`.

    Returns
    -------
    tuple
        Both, of shape (units, P).
    """
    smooth: list[FloatArray] = []
    along: list[FloatArray] = []
    for member in range(len(seen.members)):
        rows = np.flatnonzero(np.equal(seen.member, member))
        unit = seen.unit[rows]
        for part in predicted:
            left = (part.outcomes[rows] - part.expected[member, rows]) / part.spread
            smooth.append(summed((left, basis[rows]), unit, seen.n_units))
            # What any member would do there, beyond its plain habits, shape (members, rows, A).
            ways = part.expected[:, rows] - part.expected[:, rows].mean(axis=1, keepdims=True)
            fits = (left * ways / part.spread).sum(axis=2).T
            along.append(summed((np.ones((len(rows), 1)), fits), unit, seen.n_units))
    return np.concatenate(along, axis=1), np.concatenate(smooth, axis=1)


def find_changes(scores: FloatArray, *, alpha: float, n_draws: int, rng: np.random.Generator) -> tuple[Change, ...]:
    """Find changes one after the other: the largest one first, then within the stretches that it divides.

    Null: the episodes in random order. Where the scores of episodes near each other are alike beyond one change, what
    carries over from episode to episode has to be in the null too: series of the same spectra with random phases.

    Parameters
    ----------
    scores
        Of the episodes of one run in the order of play, shape (E, P).
    alpha
        Level of each test.
    n_draws
        Draws of the null.
    rng
        Draws it.

    References
    ----------
    Prichard and Theiler, "Generating surrogate data for time series with several simultaneously measured variables",
    Physical Review Letters 73 (1994).
    """
    found = _divided(scores, (0, len(scores)), alpha=alpha, n_draws=n_draws, rng=rng)
    return tuple(sorted(found, key=lambda change: change.place))[:_MOST_CHANGES]


def _divided(
    scores: FloatArray, stretch: tuple[int, int], *, alpha: float, n_draws: int, rng: np.random.Generator
) -> Iterator[Change]:
    start, stop = stretch
    if stop - start < FEWEST_EPISODES:
        return
    change = largest_change(scores[start:stop], n_draws=n_draws, rng=rng)
    if change.p_value > alpha:
        return
    middle = start + change.place
    yield Change(place=middle, p_value=change.p_value)
    yield from _divided(scores, (start, middle), alpha=alpha, n_draws=n_draws, rng=rng)
    yield from _divided(scores, (middle, stop), alpha=alpha, n_draws=n_draws, rng=rng)


def largest_change(scores: FloatArray, *, n_draws: int, rng: np.random.Generator) -> Change:
    """Return the place that divides a stretch of episodes best, and its p.

    Parameters
    ----------
    scores
        A row per episode, shape (E, P).
    n_draws, rng
        As in `find_changes`.
    """
    edges = np.linspace(0, len(scores), min(len(scores), _MOST_BINS) + 1).astype(np.int64)
    binned = np.add.reduceat(scores, edges[:-1], axis=0)
    binned -= binned.mean(axis=0)
    jumps = _jumps(binned)
    place = int(jumps.argmax()) + _SHORTEST
    draw = _surrogate if _carries_over(binned, rng) else _reordered
    reached = 1 + sum(bool(_jumps(draw(binned, rng)).max() >= jumps.max()) for _ in range(n_draws))
    return Change(place=int(edges[place]), p_value=reached / (n_draws + 1))


def _jumps(centred: FloatArray) -> FloatArray:
    """Return how far the means of both sides lie apart at each place that leaves enough on either, scaled."""
    n_bins = len(centred)
    before = np.cumsum(centred, axis=0)[_SHORTEST - 1 : n_bins - _SHORTEST]
    n_before = np.arange(_SHORTEST, n_bins - _SHORTEST + 1)
    size = max(float((centred**2).sum()), 1e-300)
    return np.asarray(np.sqrt((before**2).sum(axis=1) / size * n_bins / (n_before * (n_bins - n_before))))


def _carries_over(centred: FloatArray, rng: np.random.Generator) -> bool:
    """Whether the scores of episodes near each other are alike beyond a few changes, which would make them so too."""
    left = _within(centred, _N_DIVISIONS)
    products = left @ left.T
    observed = _near(products)
    orders = (rng.permutation(len(left)) for _ in range(_N_ORDERS))
    return 1 + sum(_near(products[np.ix_(order, order)]) >= observed for order in orders) <= _DOUBT * (_N_ORDERS + 1)


def _within(scores: FloatArray, n_divisions: int) -> FloatArray:
    """Return what is left of the scores within stretches, each divided where it divides best so many times."""
    centred: FloatArray = scores - scores.mean(axis=0)
    if not n_divisions or len(scores) < 4 * _SHORTEST:
        return centred
    place = int(_jumps(centred).argmax()) + _SHORTEST
    sides = [_within(side, n_divisions - 1) for side in (scores[:place], scores[place:])]
    return np.asarray(np.concatenate(sides), dtype=np.float64)


def _near(products: FloatArray) -> float:
    return float(sum(np.diagonal(products, lag).sum() for lag in range(1, _FARTHEST_LAG + 1)))


def _reordered(centred: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the bins in random order: nothing carries over from one to the next."""
    return centred[rng.permutation(len(centred))]


def _surrogate(centred: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return scores of the same spectra and cross-spectra, with other phases: all that carries over is kept."""
    n_bins = len(centred)
    # Mirrored, so that a series that ends elsewhere than it began has no jump where the two ends meet.
    spectrum = np.fft.rfft(np.concatenate([centred, centred[::-1]]), axis=0)
    phases = rng.uniform(0.0, 2 * np.pi, len(spectrum))
    phases[[0, -1]] = 0.0
    drawn = np.fft.irfft(spectrum * np.exp(1j * phases)[:, np.newaxis], 2 * n_bins, axis=0)[:n_bins]
    drawn -= drawn.mean(axis=0)
    return np.asarray(drawn, dtype=np.float64)
