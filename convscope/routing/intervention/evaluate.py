"""p values: interventions are assigned again, at the level at which they were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.intervention.pairs import Arms, Assignment, PairScores, centred, in_units, is_step_pair
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.chance import at_least

MOST_UNITS = 512
"""Episodes of a run beyond this number share signs."""
_DRAWS_PER_PAIR = 40
_MOST_DRAWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmTest:
    """Episodes of one pair and run, with the outcome that arms may differ in."""

    arms: Arms
    outcome: FloatArray
    """Shape (E, m)."""


def within_test(parts: Sequence[FloatArray], freedom: Sequence[FloatArray], is_tested: BoolArray) -> "WithinTest":
    """Prepare the test by sign flips of whole episodes.

    Parameters
    ----------
    parts
        Scores of each run, shape (E, receiver, sender, m).
    freedom
        Of each run, shape (receiver,).
    is_tested
        Pairs, shape (receiver, sender).
    """
    strata: list[UnitScores] = []
    for scores, left in zip(parts, freedom, strict=True):
        own = in_units(scores, MOST_UNITS)[:, is_tested]
        scale = np.sqrt((own**2).sum(axis=0))
        scaled = np.divide(own, scale, out=np.zeros_like(own), where=scale > 0)
        n_tests, width = own.shape[1:]
        of_test = np.broadcast_to(left[:, None], is_tested.shape)[is_tested]
        strata.append(
            UnitScores(
                scores=scaled.reshape(len(own), n_tests * width),
                starts=np.arange(n_tests + 1) * width,
                freedom=of_test,
            )
        )
    return WithinTest(strata=tuple(strata), is_tested=is_tested)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WithinTest:
    """Sign flips that are ready to be drawn."""

    strata: tuple[UnitScores, ...]
    is_tested: BoolArray

    def draw(self, *, n_flips: int, q: float, rng: np.random.Generator) -> FloatArray:
        """Return p of each pair, NaN where it is not tested."""
        p_value = np.full(self.is_tested.shape, np.nan)
        if self.is_tested.any():
            p_value[self.is_tested] = quadratic_flips(self.strata, n_flips=n_flips, q=q, rng=rng)
        return p_value


def between_p(tests: Sequence[ArmTest], *, n_draws: int, rng: np.random.Generator) -> float:
    """Return p of one pair whose episodes have the intervention as a whole: labels are dealt anew within strata."""
    return float((1 + n_as_far_apart(tests, n_draws=n_draws, rng=rng)) / (1 + n_draws))


def n_as_far_apart(tests: Sequence[ArmTest], *, n_draws: int, rng: np.random.Generator) -> int:
    """Return how many deals of the labels set the arms of one pair as far apart as the log does."""
    observed, drawn = 0.0, np.zeros(n_draws)
    for test in tests:
        outcome = centred(test.outcome, test.arms.stratum)
        scale = np.sqrt((outcome**2).sum(axis=0))
        scaled = np.divide(outcome, scale, out=np.zeros_like(outcome), where=scale > 0)
        observed += float(((test.arms.label @ scaled) ** 2).sum())
        drawn += ((_dealt(test.arms, n_draws, rng) @ scaled) ** 2).sum(axis=1)
    return int(np.count_nonzero(at_least(observed, drawn)))


def n_draws_for(n_permutations: int, n_pairs: int) -> int:
    """Return how often labels are dealt anew, so that a p can be small enough for a claim among so many pairs."""
    return min(max(n_permutations, _DRAWS_PER_PAIR * n_pairs), _MOST_DRAWS)


def differences(part: PairScores, scores: FloatArray, share: float) -> FloatArray:
    """Return the size of each pair's difference of means, shape (receiver, sender); NaN where there is none.

    Parameters
    ----------
    part
        Of a run.
    scores
        Its episodes, or some of them, shape (E, receiver, sender, m).
    share
        Share of the episodes that these are.

    Notes
    -----
    The squared difference less its own error, so that noise adds nothing on average; its root is 0 where that is
    negative.
    """
    information = part.information[..., None] * share
    is_known = information > 0
    divisor = np.where(is_known, information, 1.0)
    difference = scores.sum(axis=0) / divisor
    error = ((scores - scores.mean(axis=0)) ** 2).sum(axis=0) / divisor**2
    size = difference**2 - error
    return np.where(is_known, size, np.nan)


def _dealt(arms: Arms, n_draws: int, rng: np.random.Generator) -> FloatArray:
    labels = np.tile(arms.label, (n_draws, 1))
    for stratum in np.unique(arms.stratum[arms.stratum >= 0]).tolist():
        rows = np.flatnonzero(arms.stratum == stratum)
        labels[:, rows] = rng.permuted(labels[:, rows], axis=1)
    return labels


def assignments(parts: Sequence[PairScores], kind: Assignment) -> BoolArray:
    """Return which pairs some run tests in a way; those that are tested within episodes anywhere are so everywhere."""
    any_step = np.any([is_step_pair(part.assignment) for part in parts], axis=0)
    if kind is Assignment.STEP:
        return np.asarray(any_step, dtype=np.bool_)
    any_episode = np.any([np.equal(part.assignment, kind) for part in parts], axis=0)
    return np.asarray(any_episode & ~any_step, dtype=np.bool_)
