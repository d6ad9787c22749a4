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
    return [_split(question, parts, rng) for _ in range(N_SPLITS)]


def _split(question: Question, parts: Sequence[Part], rng: np.random.Generator) -> tuple[_Half, _Half]:
    orders = [rng.permutation(len(part.units.key)) for part in parts]
    firsts = [order[: len(order) // 2] for order in orders]
    seconds = [order[len(order) // 2 :] for order in orders]
    first = [_weights(question, part, half) for part, half in zip(parts, firsts, strict=True)]
    return first, [_weights(question, part, half) for part, half in zip(parts, seconds, strict=True)]


def _weights(question: Question, part: Part, half: IntArray) -> FloatArray:
    fits = tuple(design_fits(question, part.units.taken(half)))
    return part.fits.rate * first_order_gains(question, fits, part.fits.n_free)
