"""Room around values that many units share, so that gaps between counts of few events are no valleys."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.randomness import generator
from convscope.roles.units import Units, numbered
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MIN_SHARE = 0.2
"""Share of units at one value that makes a feature's values coarse: a count of four events or fewer has such a one."""
MIN_LEVEL = 0.08
"""Share of units that makes a value of a coarse feature a level: between two of them there are cells, and no gap."""

UNITS_PER_STEP = 4
"""Units to each distinct value from which on values are taken to lie on steps."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """How far units may move within their cells: half the way to the neighbouring levels of each coarse feature."""

    below: FloatArray
    """Way down of each feature, in its standard deviations, at most 0, shape (U, F)."""
    above: FloatArray
    """Way up, at least 0, shape (U, F)."""
    loadings: FloatArray
    """What each feature adds to the units' coordinates, shape (F, C)."""
    place: FloatArray
    """Even draws, where in its cell each unit is put, 0 to 1, shape (U,)."""

    @property
    def is_coarse(self) -> BoolArray:
        """Which features give any unit room, shape (F,)."""
        return np.asarray((self.above > self.below).any(axis=0), dtype=np.bool_)

    def of(self, chosen: IntArray | BoolArray) -> "Ties":
        """Return those of some units."""
        return replace(self, below=self.below[chosen], above=self.above[chosen], place=self.place[chosen])

    def shift(self, direction: FloatArray) -> FloatArray:
        """Return how far each unit moves along a direction in the coordinates (C,), shape (U,).

        A cell is a box with a side for each feature; a unit is put anywhere on its shadow. All sides move together,
        since features that count the same few events have their gaps at the same units.
        """
        weight = self.loadings @ direction
        up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        low = self.below @ up + self.above @ down
        high = self.above @ up + self.below @ down
        return np.asarray(low + self.place * (high - low), dtype=np.float64)


def ties_of(units: Units, seed: int) -> Ties:
    """Find the cells of the fitted units' coarse features; all other features leave units where they are.

    Parameters
    ----------
    units
        Units of the analysed agents. Cells lie between the values of one condition, from which its mean was taken.
    seed
        Of the run.
    """
    condition = numbered(units.frame.select("condition"))
    # Rounded, for the same count can come out of sums in other orders.
    values = np.round(units.centred / units.deviation, 9)
    below, above = np.zeros(values.shape), np.zeros(values.shape)
    for column in range(values.shape[1]):
        for code in range(int(condition.max(initial=-1)) + 1):
            rows = np.flatnonzero((condition == code) & units.is_fitted & np.isfinite(values[:, column]))
            below[rows, column], above[rows, column] = _ways(values[rows, column])
    place = generator(seed, "roles", "ties").uniform(size=len(units.row))
    return Ties(below=below, above=above, loadings=units.axes, place=place)


def steps_of(units: Units, seed: int) -> Ties:
    """Return room of half a step to either side of features whose values lie on steps, as counts do.

    A step is the usual distance of neighbouring values: gaps that are wider stay gaps.

    Parameters
    ----------
    units
        Units of the analysed agents.
    seed
        Of the run.
    """
    condition = numbered(units.frame.select("condition"))
    values = np.round(units.centred / units.deviation, 9)
    half = np.zeros(values.shape)
    for column in range(values.shape[1]):
        for code in range(int(condition.max(initial=-1)) + 1):
            rows = np.flatnonzero((condition == code) & units.is_fitted & np.isfinite(values[:, column]))
            points = np.unique(values[rows, column])
            if 2 < len(points) <= len(rows) / UNITS_PER_STEP:
                half[rows, column] = np.median(np.diff(points)) / 2
    place = generator(seed, "roles", "ties").uniform(size=len(units.row))
    return Ties(below=-half, above=half, loadings=units.axes, place=place)


def _ways(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ways down and up to the ends of each value's cell, zero where values are not coarse or lie outside all levels."""
    points, counts = np.unique(values, return_counts=True)
    levels = points[counts >= MIN_LEVEL * len(values)]
    if len(levels) < 2 or counts.max() < MIN_SHARE * len(values):
        return np.zeros(len(values)), np.zeros(len(values))
    half = np.diff(levels) / 2
    # The outermost cells are as wide outwards as inwards; rare values between two levels go with the nearer one.
    ends = np.concatenate([levels[:1] - half[:1], levels[:-1] + half, levels[-1:] + half[-1:]])
    cell = np.searchsorted(ends[1:-1], values)
    is_inside = (values >= levels[0]) & (values <= levels[-1])
    return np.where(is_inside, ends[cell] - values, 0.0), np.where(is_inside, ends[cell + 1] - values, 0.0)
