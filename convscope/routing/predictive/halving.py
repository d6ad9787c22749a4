"""Weights of random halves of the episodes."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.halves import N_SPLITS
from convscope.routing.predictive.fits import Question, design_fits
from convscope.routing.predictive.study import Part
from convscope.routing.predictive.weights import first_order_gains
from convscope.values.arrays import FloatArray, IntArray

_Half = list[FloatArray]


def half_weights(question: Question, parts: Sequence[Part], *, rng: np.random.Generator) -> list[tuple[_Half, _Half]]:
    """Return the weights of each run from two random halves of its units, several times over.

    Parameters
    ----------
    question
        What was asked of the whole.
    parts
        One of each run. Without two units in every run there are no halves.
    rng
        Draws the halves.
    """
    if any(len(part.units.key) < 2 for part in parts):
        return []
    orders = [[rng.permutation(len(part.units.key)) for part in parts] for _ in range(N_SPLITS)]
    by_part = [_weights(question, part, [of[number] for of in orders]) for number, part in enumerate(parts)]
    return [
        ([halves[split] for halves, _ in by_part], [halves[split] for _, halves in by_part])
        for split in range(N_SPLITS)
    ]


def _weights(question: Question, part: Part, orders: Sequence[IntArray]) -> tuple[_Half, _Half]:
    """Return the weights of all first halves of a part, and of all second ones."""
    is_first = np.zeros((len(orders), len(part.units.key)), dtype=np.bool_)
    for number, order in enumerate(orders):
        is_first[number, order[: len(order) // 2]] = True
    halves = [
        part.fits.rate * first_order_gains(question, tuple(design_fits(question, sums)), part.fits.n_free)
        for sums in part.units.sums(np.concatenate([is_first, ~is_first]))
    ]
    return halves[: len(orders)], halves[len(orders) :]
