"""Steps put in order: the sequences of one group of agents with equal spaces in one run."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.segments.conduct import ChoiceLaw, Law, NumberLaw
from convscope.roles.segments.reading import StepRows
from convscope.roles.segments.situations import MAX_CHOICES
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.header import ActionKind, ActionSpace

CLIP = 4.0
"""Standard deviations beyond which an input or act counts as this far."""
N_CURVED = 100
"""Inputs that bend: random combinations of two inputs, so that conduct need not be linear in the situation."""
MAX_WINDOWS = 200
"""Windows of an episode of median length at most; a step is a window where episodes are no longer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequences:
    """Sequences in an order that depends on nothing but what is in them."""

    inputs: FloatArray
    """Constant, standardised situation and its bends, row after row of each sequence, shape (R, D)."""
    acts: FloatArray
    """Coded, 0 where unknown, shape (R, A)."""
    is_known: BoolArray
    """Whether the act is known, shape (R,)."""
    sequence: IntArray
    """Of each row, ascending, shape (R,)."""
    window: IntArray
    """Of each row, from 0 within the sequence, shape (R,)."""
    time: IntArray
    """Timestep of each row, shape (R,)."""
    lengths: IntArray
    """Windows of each sequence, shape (S,)."""
    agent: IntArray
    """Of each sequence, shape (S,)."""
    episode: IntArray
    """Row of the log's episode table of each sequence, shape (S,)."""

    def of(self, chosen: BoolArray) -> "Sequences":
        """Return some of the sequences, shape (S,)."""
        rows = chosen[self.sequence]
        return Sequences(
            inputs=self.inputs[rows],
            acts=self.acts[rows],
            is_known=self.is_known[rows],
            sequence=(np.cumsum(chosen) - 1)[self.sequence[rows]],
            window=self.window[rows],
            time=self.time[rows],
            lengths=self.lengths[chosen],
            agent=self.agent[chosen],
            episode=self.episode[chosen],
        )

    def in_windows(self, scores: FloatArray) -> FloatArray:
        """Sum the scores (R, K) of each window's known acts, shape (S, W, K)."""
        n_windows = int(self.lengths.max(initial=1))
        cell = self.sequence * n_windows + self.window
        known = np.where(self.is_known[:, np.newaxis], scores, 0.0)
        sums = [np.bincount(cell, weights=column, minlength=len(self.lengths) * n_windows) for column in known.T]
        return np.asarray(np.stack(sums, axis=1).reshape(len(self.lengths), n_windows, -1), dtype=np.float64)


def law_of(space: ActionSpace, n_acts: int) -> Law | None:
    """Return the law that fits an action space; None where there are too many choices.

    Parameters
    ----------
    space
        Of the agents; where the log holds no actions, acts are moves and this is a continuous one.
    n_acts
        Columns of the acts.
    """
    if space.kind is ActionKind.CONTINUOUS:
        return NumberLaw() if n_acts <= MAX_CHOICES else None
    return ChoiceLaw(n=space.n) if sum(space.n) <= MAX_CHOICES else None


def sequences_of(
    rows: StepRows, chosen: BoolArray, *, law: Law, rng: np.random.Generator
) -> tuple[IntArray, Sequences]:
    """Put the chosen rows in order.

    Parameters
    ----------
    rows
        Steps of all agents.
    chosen
        Rows of one group in one run, at least one, shape (R,).
    law
        How acts are coded.
    rng
        Draws the bends.

    Returns
    -------
    IntArray
        Which row of the steps each row of the sequences is, shape (R,).
    Sequences
        The same rows, in order.
    """
    mine = np.flatnonzero(chosen)
    mine = mine[np.lexsort((rows.time[mine], rows.agent[mine], rows.episode[mine]))]
    mine = mine[_canonical(rows, mine)]
    first = _first_rows(rows, mine)
    sequence = np.cumsum(first) - 1
    starts = np.flatnonzero(first)
    step = rows.time[mine] - rows.time[mine[starts]][sequence]
    width = max(1, -(-int(np.median(np.bincount(sequence))) // MAX_WINDOWS))
    acts, is_known = _coded(rows.acts[mine], law)
    return mine, Sequences(
        inputs=_inputs(rows.situations[mine].astype(np.float64), rng),
        acts=acts,
        is_known=is_known,
        sequence=sequence,
        window=step // width,
        time=rows.time[mine],
        lengths=step[np.append(starts[1:], len(mine)) - 1] // width + 1,
        agent=rows.agent[mine[starts]],
        episode=rows.episode[mine[starts]],
    )


def _first_rows(rows: StepRows, mine: IntArray) -> BoolArray:
    first = np.ones(len(mine), dtype=np.bool_)
    same_episode = rows.episode[mine[1:]] == rows.episode[mine[:-1]]
    first[1:] = ~(same_episode & (rows.agent[mine[1:]] == rows.agent[mine[:-1]]))
    return first


def _canonical(rows: StepRows, mine: IntArray) -> IntArray:
    """Order sequences by what is in them, so that sums do not depend on the order of agents and episodes."""
    first = _first_rows(rows, mine)
    starts = np.flatnonzero(first)
    values = np.concatenate([rows.acts[mine], rows.situations[mine]], axis=1)
    sums = np.add.reduceat(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), starts, axis=0)
    rank = np.empty(len(starts), dtype=np.int64)
    rank[np.lexsort(sums.T)] = np.arange(len(starts))
    return np.argsort(rank[np.cumsum(first) - 1], kind="stable")


def _coded(acts: FloatArray, law: Law) -> tuple[FloatArray, BoolArray]:
    if isinstance(law, ChoiceLaw):
        within = (acts[:, : len(law.n)] >= 0) & (acts[:, : len(law.n)] < np.array(law.n))
        is_known = np.asarray(within.all(axis=1), dtype=np.bool_)
        codes = [acts[:, c, np.newaxis] == np.arange(n) for c, n in enumerate(law.n)]
        return np.where(is_known[:, np.newaxis], np.concatenate(codes, axis=1), 0.0), is_known
    is_known = np.asarray(np.isfinite(acts).all(axis=1), dtype=np.bool_)
    return np.where(is_known[:, np.newaxis], _standard(acts)[0], 0.0), is_known


def _inputs(found: FloatArray, rng: np.random.Generator) -> FloatArray:
    standard, varies = _standard(found)
    linear = standard[:, varies]
    if not linear.shape[1]:
        return np.ones((len(found), 1))
    first, second = rng.integers(linear.shape[1], size=(2, N_CURVED))
    angle, shift = rng.uniform(0, 2 * np.pi, size=N_CURVED), rng.normal(size=N_CURVED)
    bends = np.tanh(2.0 * (np.cos(angle) * linear[:, first] + np.sin(angle) * linear[:, second] + shift))
    return np.column_stack([np.ones(len(found)), linear, bends])


def _standard(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return standard deviations from the mean, 0 where unknown, and which columns vary."""
    is_known = np.isfinite(values)
    n = np.maximum(is_known.sum(axis=0), 1)
    mean = np.where(is_known, values, 0.0).sum(axis=0) / n
    deviation = np.where(is_known, values - mean, 0.0)
    spread = np.sqrt((deviation**2).sum(axis=0) / n)
    varies = spread > 1e-9 * np.maximum(np.abs(mean), 1.0)
    return np.clip(deviation / np.where(varies, spread, 1.0), -CLIP, CLIP), varies
