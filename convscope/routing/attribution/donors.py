"""Conditional replacement: which other steps of the log lend their values of a slot."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.routing.attribution.nearest import Nearest, nearest
from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_DRAWS = 16
"""Replacements of each step."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Context:
    """What of one receiver's steps is matched, and which of them may lend to each other."""

    observations: FloatArray
    """In standard deviations of each column, constant columns 0, shape (R, D)."""
    memory: FloatArray
    """Hidden state and the last action, scaled the same way, shape (R, H)."""
    stratum: IntArray
    """Steps lend only within one: the same agents act, shape (R,)."""
    episode: IntArray
    """Steps of one episode never lend to each other: they are alike because they are near in time, shape (R,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Donors:
    """Who lends to whom."""

    rows: IntArray
    """Steps that are replaced, shape (B,)."""
    lenders: IntArray
    """Shape (B, N_DRAWS)."""
    closeness: float
    """Mean squared distance of the lenders, in what is not replaced, over that of any allowed step: 0 where all else is
    equal, 1 where the lenders are no nearer than any; NaN without any."""


def context(observations: FloatArray, memory: FloatArray, *, stratum: IntArray, episode: IntArray) -> Context:
    """Return what is matched, each column on its own scale; memory as a whole never outweighs the observation."""
    scaled = _scaled(memory)
    # A hidden state has many columns that say much the same: as many as the observation's, they would outvote it.
    weight = np.sqrt(min(1.0, observations.shape[1] / max(scaled.shape[1], 1)))
    return Context(observations=_scaled(observations), memory=scaled * weight, stratum=stratum, episode=episode)


def find_donors(steps: Context, columns: BoolArray, is_there: BoolArray, *, rng: np.random.Generator) -> Donors:
    """Return, for each step, the steps of other episodes that are nearest in everything but the slot.

    Each is of another episode, as far as there are so many: steps of one episode are much the same draw, and two
    episodes that lend everything to each other are one witness, not two.

    Parameters
    ----------
    steps
        Of one receiver.
    columns
        Which columns of the observation are replaced at each step, shape (R, D).
    is_there
        Whether the sender is described at each step, shape (R,); only such steps borrow, and only from such as have
        the same columns to lend.
    rng
        Chooses between steps that are equally near, as where observations are of a few kinds only.

    Returns
    -------
    Donors
        Steps with fewer than `N_DRAWS` possible lenders are left out.

    Notes
    -----
    The nearest neighbours stand for draws from the law of the slot given all else. Where they are far (``closeness``
    near 1) the replacement is from the marginal law, and the policy is asked about observations that may never occur.
    """
    patterns, kind = np.unique(columns, axis=0, return_inverse=True)
    key = np.where(is_there, kind.ravel() * (steps.stratum.max(initial=0) + 1) + steps.stratum, -1)
    held: list[Nearest] = []
    for each in np.unique(key[key >= 0]).tolist():
        rows = np.flatnonzero(key == each)
        replaced = patterns[kind.ravel()[rows[0]]]
        kept = np.concatenate([steps.observations[rows][:, ~replaced], steps.memory[rows]], axis=1)
        found = nearest(kept, steps.episode[rows], n_nearest=N_DRAWS, rng=rng)
        held.append(replace(found, rows=rows[found.rows], others=rows[found.others]))
    rows = np.concatenate([found.rows for found in held]) if held else np.zeros(0, dtype=np.int64)
    if len(rows) == 0:
        empty = np.zeros((0, N_DRAWS), dtype=np.int64)
        return Donors(rows=empty[:, 0], lenders=empty, closeness=float("nan"))
    order = np.argsort(rows, kind="stable")
    far = sum(found.far for found in held)
    return Donors(
        rows=rows[order],
        lenders=np.concatenate([found.others for found in held])[order],
        closeness=sum(found.near for found in held) / far if far > 0 else 0.0,
    )


def _scaled(values: FloatArray) -> FloatArray:
    spread = values.std(axis=0) if len(values) > 0 else np.ones(values.shape[1])
    centred = values - values.mean(axis=0) if len(values) > 0 else values
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), 0.0)
