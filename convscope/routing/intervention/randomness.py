"""Whether interventions were assigned at random: what receivers did before must not foretell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from scipy.special import gammaincc

from convscope.routing.intervention.clock import TimeSums
from convscope.routing.intervention.evaluate import assignments, between_p, n_draws_for
from convscope.routing.intervention.notices import LEAST_RANDOM
from convscope.routing.intervention.pairs import Assignment
from convscope.routing.intervention.redraw import Chances, redrawn_p
from convscope.routing.intervention.study import Part, Study, arm_tests
from convscope.routing.predictive.columns import Column
from convscope.routing.residual.evaluate import whitening
from convscope.values.arrays import BoolArray, IntArray

_FEWEST_ONSETS = 6


def foretold_p(
    study: Study,
    parts: Sequence[Part],
    sums: TimeSums,
    *,
    columns: Sequence[Sequence[Column]],
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
    columns
        Of each agent's actions.
    has_first_rows
        Whether first rows come before any trace of an intervention; they do not where channels are cut.
    n_permutations
        Deals of labels between episodes, at least.
    rng
        Deals them.
    """
    pairs = [part.pairs for part in parts]
    is_tested = assignments(pairs, Assignment.STEP) & study.is_analysed
    questions = _questions(sums, [part.cells for part in parts], is_tested, columns=columns)
    as_wholes = assignments(pairs, Assignment.EPISODE) & study.is_analysed
    p_values: list[float] = []
    if has_first_rows and as_wholes.any():
        n_draws = n_draws_for(n_permutations, int(as_wholes.sum()))
        p_values += [
            between_p(arm_tests(parts, receiver=receiver, sender=sender, of_first_rows=True), n_draws=n_draws, rng=rng)
            for receiver, sender in zip(*np.nonzero(as_wholes), strict=True)
        ]
    n_looked = len(questions) + len(p_values)
    for question in sorted(questions, key=lambda each: each.p_value):
        p_value = question.p_value
        if question.is_choice and p_value * n_looked < LEAST_RANDOM:
            p_value = redrawn_p(question.parts, n_looked=n_looked, rng=rng)
        p_values.append(p_value)
        if p_value * n_looked < LEAST_RANDOM:
            break
    return min(1.0, min(p_values) * n_looked) if p_values else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    """One component of a receiver's action, and one sender, or all of them together."""

    parts: tuple[Chances, ...]
    """Of each run."""
    p_value: float
    """From the chi-square distribution, which is wrong in its tail where an action is rare."""
    is_choice: bool


def _questions(
    sums: TimeSums, cells: Sequence[IntArray], is_tested: BoolArray, *, columns: Sequence[Sequence[Column]]
) -> list[_Question]:
    """Return what there is to ask of each receiver: about each sender, and about all its senders together."""
    is_looked_at = np.concatenate([is_tested, is_tested.any(axis=1, keepdims=True)], axis=1)
    found: list[_Question] = []
    for receiver, sender in zip(*map(np.ndarray.tolist, np.nonzero(is_looked_at)), strict=True):
        for own, is_choice in _components(columns[receiver]):
            parts = tuple(Chances.of(sums, part, own, receiver=receiver, sender=sender) for part in cells)
            value, n_dimensions = 0.0, 0.0
            for part in parts:
                score, variance = part.score()
                by = whitening(variance)
                value += float((by.turn(score[None])[0] ** 2).sum())
                n_dimensions += float(by.n_dimensions)
            if sum(part.onsets.sum() for part in parts) >= _FEWEST_ONSETS and n_dimensions > 0:
                p_value = float(gammaincc(n_dimensions / 2, value / 2))
                found.append(_Question(parts=parts, p_value=p_value, is_choice=is_choice))
    return found


def _components(columns: Sequence[Column]) -> list[tuple[IntArray, bool]]:
    """Return the columns of each choice; components of a continuous action are asked together."""
    if not columns or any(column.value < 0 for column in columns):
        return [(np.arange(len(columns)), False)]
    numbered = groupby(enumerate(columns), key=lambda each: each[1].component)
    return [(np.array([number for number, _ in own]), True) for _, own in numbered]
