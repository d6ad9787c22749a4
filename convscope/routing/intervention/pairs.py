"""From episodes to what each pair's test rests on: one score an episode, whichever way interventions were assigned."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from convscope.routing.intervention.interactions import Interactions
from convscope.routing.intervention.scores import EpisodeScores
from convscope.values.arrays import BoolArray, FloatArray, IntArray

_FEWEST_EPISODES = 6
"""With interventions and without, for a test within episodes."""
_FEWEST_IN_ARM = 3
_LEAST_OWN = 1e-3
"""Share of an intervention's variance that those on others leave, for the two to be told apart."""
_RIDGE = 1e-9


class Assignment(IntEnum):
    """How interventions on a sender were assigned."""

    NONE = 0
    """There are too few, or none without, or they never come alone."""
    STEP = 1
    """They come and go within episodes."""
    EPISODE = 2
    """An episode has them from its first row to its last, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairScores:
    """Scores of one run and checkpoint; their sum over episodes is 0 on average where there is no influence."""

    assignment: IntArray
    """`Assignment`, shape (receiver, sender)."""
    scores: FloatArray
    """Of each episode, shape (E, receiver, sender, m)."""
    information: FloatArray
    """What the sum of the scores is divided by to give the difference of means, shape (receiver, sender)."""
    freedom: FloatArray
    """Share of the rows that the means of each time leave, shape (receiver,)."""
    variance: FloatArray
    """Of each receiver's action columns around the time's means, shape (receiver, m)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arms:
    """Episodes of one pair with and without interventions, comparable within strata."""

    label: FloatArray
    """1 with, 0 without, shape (E,)."""
    stratum: IntArray
    """Of each episode; -1 for those that say nothing, shape (E,)."""


def pair_scores(
    scores: EpisodeScores,
    gram: FloatArray,
    conditions: IntArray,
    *,
    n_cells: int,
    interactions: Interactions | None = None,
) -> PairScores:
    """Return what each pair's test rests on.

    Parameters
    ----------
    scores
        Episodes of one run and checkpoint.
    gram
        Products of the causes, shape (N, 3 N, 3 N).
    conditions
        Condition of each episode, shape (E,).
    n_cells
        Means of times that were swept out.
    interactions
        Of the same episodes, where channels are cut; their columns follow those of the actions.
    """
    n_agents, width = gram.shape[0], scores.effects.shape[2]
    assignment = _assignments(scores)
    n_columns = width if interactions is None else width + width**2
    by_pair = np.zeros((len(scores.episode), n_agents, n_agents, n_columns))
    information = np.zeros((n_agents, n_agents))
    for receiver, sender in zip(*np.nonzero(assignment), strict=True):
        if assignment[receiver, sender] == Assignment.STEP:
            turn, left = alone(gram[receiver], sender)
            own = np.einsum("o,eom->em", turn, scores.products[:, receiver])
            if interactions is not None:
                own = np.concatenate([own, interactions.scores[:, receiver, sender]], axis=1)
        else:
            arms = pair_arms(scores, conditions, receiver=receiver, sender=sender)
            own, left = _between(arms, outcomes(scores, interactions, receiver=receiver, sender=sender))
        if left > 0:
            by_pair[:, receiver, sender], information[receiver, sender] = own, left
        else:
            assignment[receiver, sender] = Assignment.NONE
    n_rows = scores.n_rows.sum(axis=0)
    taken = n_cells + 3 * n_agents
    return PairScores(
        assignment=assignment,
        scores=by_pair,
        information=information,
        freedom=np.clip(1 - taken / np.maximum(n_rows, 1), 0.05, 1.0),
        variance=scores.squares.sum(axis=0) / np.maximum(n_rows, 1)[:, None],
    )


def pair_arms(scores: EpisodeScores, conditions: IntArray, *, receiver: int, sender: int) -> Arms:
    """Return the episodes with and without interventions on a sender, where all else that was done is the same."""
    known = scores.n_known[:, receiver]
    is_with = scores.n_exposed[:, receiver] * 2 > known
    others = np.delete(is_with, sender, axis=1)
    pattern = np.column_stack([conditions, others])
    stratum = np.unique(pattern, axis=0, return_inverse=True)[1].ravel()
    label = is_with[:, sender].astype(np.float64)
    is_told = known[:, sender] > 0
    n_with, n_all = (np.bincount(stratum, weights * is_told) for weights in (label, np.ones_like(label)))
    is_mixed = (n_with > 0) & (n_with < n_all)
    return Arms(label=label, stratum=np.where(is_told & is_mixed[stratum], stratum, -1))


def centred(values: FloatArray, stratum: IntArray) -> FloatArray:
    """Return values less the mean of their stratum, 0 for those that say nothing."""
    told = stratum >= 0
    result = np.zeros(values.shape)
    for one in np.unique(stratum[told]).tolist():
        rows = stratum == one
        result[rows] = values[rows] - values[rows].mean(axis=0)
    return result


def _assignments(scores: EpisodeScores) -> IntArray:
    is_some, is_all = scores.n_exposed > 0, scores.n_exposed >= scores.n_known
    is_told = scores.n_known > 0
    n_varying = (is_some & ~is_all).sum(axis=0)
    n_with, n_without = (is_told & is_some & is_all).sum(axis=0), (is_told & ~is_some).sum(axis=0)
    is_step = n_varying >= _FEWEST_EPISODES
    is_episode = ~is_step & (np.minimum(n_with, n_without) >= _FEWEST_IN_ARM)
    assignment = np.where(is_step, Assignment.STEP, np.where(is_episode, Assignment.EPISODE, Assignment.NONE))
    np.fill_diagonal(assignment, Assignment.NONE)
    return assignment


def alone(gram: FloatArray, sender: int) -> tuple[FloatArray, float]:
    """Return what turns one receiver's causes into interventions on a sender alone.

    Parameters
    ----------
    gram
        Products of the causes, shape (3 N, 3 N).
    sender
        The sender.

    Returns
    -------
    turn
        Weights of the causes: 1 for the intervention, less what those on all others, now and earlier, tell of it;
        shape (3 N,).
    left
        Its variance, summed over rows; 0 where interventions on others tell it.
    """
    n_agents = len(gram) // 3
    others = np.flatnonzero(np.arange(3 * n_agents) % n_agents != sender)
    scale = max(float(np.trace(gram)) / len(gram), 1e-12)
    inner = gram[np.ix_(others, others)] + _RIDGE * scale * np.eye(len(others))
    turn = np.zeros(len(gram))
    turn[sender], turn[others] = 1.0, -np.linalg.solve(inner, gram[others, sender])
    left = float(turn @ gram[:, sender])
    return turn, left if left > _LEAST_OWN * gram[sender, sender] else 0.0


def outcomes(scores: EpisodeScores, interactions: Interactions | None, *, receiver: int, sender: int) -> FloatArray:
    """Return what a receiver does in each episode, and how it answers the sender where that is known, (E, columns)."""
    effects = scores.effects[:, receiver]
    return (
        effects if interactions is None else np.concatenate([effects, interactions.means[:, receiver, sender]], axis=1)
    )


def _between(arms: Arms, effects: FloatArray) -> tuple[FloatArray, float]:
    label = centred(arms.label, arms.stratum)
    n_with = int((arms.label[arms.stratum >= 0] > 0).sum())
    n_without = int((arms.stratum >= 0).sum()) - n_with
    is_enough = min(n_with, n_without) >= _FEWEST_IN_ARM
    return label[:, None] * centred(effects, arms.stratum), float((label**2).sum()) if is_enough else 0.0


def in_units(values: FloatArray, most: int) -> FloatArray:
    """Return sums over units of episodes, at most so many, shape (U, ...)."""
    if len(values) <= most:
        return values
    total = np.zeros((most, *values.shape[1:]))
    np.add.at(total, np.arange(len(values)) % most, values)
    return total


def is_step_pair(assignment: IntArray) -> BoolArray:
    """Return which pairs are tested within episodes."""
    return np.equal(assignment, Assignment.STEP)
