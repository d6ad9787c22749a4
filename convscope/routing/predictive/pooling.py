"""Scores of exchangeable pairs of agents, added: what one pair shows too weakly, all pairs of two roles show."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from convscope.routing.predictive.columns import Column, Kind
from convscope.routing.predictive.evaluate import ActionScores
from convscope.values.arrays import BoolArray, FloatArray

_Key = tuple[Column, int]


def pooled_scores(pairs: Sequence[tuple[ActionScores, BoolArray]], n_units: int) -> FloatArray:
    """Add up the scores of pairs of agents by what was done, whoever did it.

    Every sum is put on the scale of its own units, so that no action counts for being frequent.

    Parameters
    ----------
    pairs
        Scores of each pair, and the units in which it counts.
    n_units
        Number of units.

    Returns
    -------
    FloatArray
        Shape (U, columns); columns without a score are left out.
    """
    summed: dict[tuple[_Key, _Key], FloatArray] = {}
    for pair, is_counted in pairs:
        done, scores = _whole(list(pair.done), pair.scores)
        after, turned = _whole([(column, 0) for column in pair.next], scores.transpose(0, 2, 1))
        for (row, own), (column, its) in product(enumerate(done), enumerate(after)):
            counted = np.where(is_counted, turned[:, column, row], 0.0)
            summed[own, its] = summed[own, its] + counted if (own, its) in summed else counted
    lengths = {key: float(np.square(scores).sum()) for key, scores in summed.items()}
    kept = [summed[key] / np.sqrt(length) for key, length in lengths.items() if length > 0]
    return np.stack(kept, axis=1) if kept else np.zeros((n_units, 0))


def _whole(keys: list[_Key], scores: FloatArray) -> tuple[list[_Key], FloatArray]:
    """Add the action that was left out because it follows from the others of the same agent, shape (U, keys, rest)."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place, (column, lag) in enumerate(keys):
        if column.kind == Kind.SYMBOL:
            groups.setdefault((column.component, lag), []).append(place)
    added_keys, added = list(keys), [scores]
    for (component, lag), places in groups.items():
        held = {keys[place][0].value for place in places}
        left_out = next(value for value in range(len(held) + 1) if value not in held)
        added_keys.append((Column(kind=Kind.SYMBOL, agent=-1, component=component, value=left_out), lag))
        added.append(-scores[:, places].sum(axis=1, keepdims=True))
    return added_keys, np.concatenate(added, axis=1)
