"""Conditional replacement: which other steps of the log lend their values of a slot."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_DRAWS = 16
"""Replacements of each step."""
_CHUNK = 256
_TIE = 1e-4
"""Steps whose squared distances differ by less than this share of the usual one are equally near."""


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
    found = [
        _within(steps, np.flatnonzero(key == each), patterns[kind.ravel()[key == each][0]], rng=rng)
        for each in np.unique(key[key >= 0]).tolist()
    ]
    held = [donors for donors in found if donors is not None]
    if not held:
        empty = np.zeros((0, N_DRAWS), dtype=np.int64)
        return Donors(rows=empty[:, 0], lenders=empty, closeness=float("nan"))
    rows = np.concatenate([rows for rows, _, _ in held])
    order = np.argsort(rows, kind="stable")
    near, all_of = (float(np.sum([ratio[part] for _, _, ratio in held])) for part in (0, 1))
    return Donors(
        rows=rows[order],
        lenders=np.concatenate([lenders for _, lenders, _ in held])[order],
        closeness=near / all_of if all_of > 0 else 0.0,
    )


def _within(
    steps: Context, rows: IntArray, replaced: BoolArray, *, rng: np.random.Generator
) -> tuple[IntArray, IntArray, tuple[float, float]] | None:
    kept = np.concatenate([steps.observations[rows][:, ~replaced], steps.memory[rows]], axis=1).astype(np.float32)
    episode = steps.episode[rows]
    n_lenders = len(rows) - np.bincount(episode, minlength=1)[episode]
    borrowers = np.flatnonzero(n_lenders >= N_DRAWS)
    if len(borrowers) == 0:
        return None
    squares = (kept**2).sum(axis=1)
    lenders: list[IntArray] = []
    near = far = 0.0
    tie = np.float32(_TIE * max(float(squares.mean()), 1e-30))
    for start in range(0, len(borrowers), _CHUNK):
        part = borrowers[start : start + _CHUNK]
        apart = np.maximum(squares[part, None] + squares - 2 * kept[part] @ kept.T, 0.0)
        is_same = np.equal(episode[part, None], episode)
        apart[is_same] = 0.0
        far += float((apart.sum(axis=1) / n_lenders[part]).sum())
        apart[is_same] = np.inf
        broken = apart + tie * rng.random(apart.shape, dtype=np.float32)
        chosen = np.argpartition(broken, N_DRAWS - 1, axis=1)[:, :N_DRAWS]
        near += float(np.take_along_axis(apart, chosen, axis=1).mean(axis=1).sum())
        lenders.append(chosen)
    return rows[borrowers], rows[np.concatenate(lenders)], (near, far)


def _scaled(values: FloatArray) -> FloatArray:
    spread = values.std(axis=0) if len(values) > 0 else np.ones(values.shape[1])
    centred = values - values.mean(axis=0) if len(values) > 0 else values
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), 0.0)
