"""Where things are in a design's Gram matrix."""

import numpy as np

from convscope.routing.predictive.plan import Design
from convscope.values.arrays import BoolArray, IntArray


def outcome_places(design: Design, agent: int) -> IntArray:
    """Return the places of what an agent does now."""
    return np.flatnonzero(design.is_target & np.equal(design.lag, 0) & np.equal(design.agent, agent))


def own_places(design: Design, agent: int, *, lag: int) -> IntArray:
    """Return the places of an agent's own past, back to a lag."""
    return np.flatnonzero(_is_past(design, lag) & np.equal(design.agent, agent))


def regressor_places(design: Design, *, lag: int) -> IntArray:
    """Return the places of everything that may predict: all pasts back to a lag, and the conditions."""
    return np.flatnonzero(_is_past(design, lag) | ~design.is_own)


def _is_past(design: Design, lag: int) -> BoolArray:
    is_past: BoolArray = design.is_own & np.greater(design.lag, 0) & np.less_equal(design.lag, lag)
    return is_past
