"""Whether interventions were assigned at random: what receivers did before must not foretell them."""

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincc

from convscope.routing.intervention.clock import TimeSums
from convscope.routing.intervention.evaluate import assignments, between_p, n_draws_for
from convscope.routing.intervention.pairs import Assignment
from convscope.routing.intervention.study import Part, Study, arm_tests
from convscope.routing.residual.evaluate import whitening
from convscope.values.arrays import BoolArray, FloatArray, IntArray

_FEWEST_ONSETS = 6


def foretold_p(
    study: Study,
    parts: Sequence[Part],
    sums: TimeSums,
    *,
    has_first_rows: bool,
    n_permutations: int,
    rng: np.random.Generator,
) -> float | None:
    """Return p of the check, corrected for all that it looked at; None where it could look at nothing.

    Within episodes: the first intervention of an episode against what the receiver did in the row before, among all
    episodes that had none up to then. Between episodes: interventions against what the receiver did in the first row.

    Parameters
    ----------
    study
        The study.
    parts
        Runs.
    sums
        Of the first pass.
    has_first_rows
        Whether first rows come before any trace of an intervention; they do not where channels are cut.
    n_permutations
        Deals of labels between episodes, at least.
    rng
        Deals them.
    """
    pairs = [part.pairs for part in parts]
    p_values = _within(sums, [part.cells for part in parts], assignments(pairs, Assignment.STEP) & study.is_analysed)
    as_wholes = assignments(pairs, Assignment.EPISODE) & study.is_analysed
    if has_first_rows and as_wholes.any():
        n_draws = n_draws_for(n_permutations, int(as_wholes.sum()))
        p_values += [
            between_p(arm_tests(parts, receiver=receiver, sender=sender, of_first_rows=True), n_draws=n_draws, rng=rng)
            for receiver, sender in zip(*np.nonzero(as_wholes), strict=True)
        ]
    return min(1.0, min(p_values) * len(p_values)) if p_values else None


def _within(sums: TimeSums, cells: Sequence[IntArray], is_tested: BoolArray) -> list[float]:
    """Return p of each pair, and of each receiver with all its senders together."""
    is_looked_at = np.concatenate([is_tested, is_tested.any(axis=1, keepdims=True)], axis=1)
    value, n_dimensions, n_onsets = (np.zeros(is_looked_at.shape) for _ in range(3))
    for own in cells:
        score, variance = _score(sums, own)
        by = whitening(variance)
        value += (by.turn(score[None])[0] ** 2).sum(axis=-1)
        n_dimensions += by.n_dimensions
        n_onsets += sums.onsets[own].sum(axis=0)
    is_looked_at &= (n_onsets >= _FEWEST_ONSETS) & (n_dimensions > 0)
    p_value = np.asarray(gammaincc(np.maximum(n_dimensions, 1) / 2, value / 2), dtype=np.float64)
    return [float(p) for p in p_value[is_looked_at]]


def _score(sums: TimeSums, cells: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return what receivers did before first interventions, beyond all who waited for one at that time; (N, N + 1, m).

    And its variance if the intervention came to any of these, which is a hypergeometric draw; (N, N + 1, m, m).
    """
    n_first, onsets, before = sums.n_first[cells], sums.onsets[cells], sums.before[cells]
    share = onsets / np.maximum(n_first, 1)[..., None]
    score = (sums.together[cells] - share[..., None] * before[:, :, None]).sum(axis=0)
    spread = sums.scatter[cells] - before[..., None] * before[..., None, :] / np.maximum(n_first, 1)[..., None, None]
    factor = share * (n_first[..., None] - onsets) / np.maximum(n_first - 1, 1)[..., None]
    return score, np.einsum("cjs,cjab->jsab", factor, spread)
