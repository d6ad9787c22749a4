"""Whether neighbouring groups of units are set apart, by a valley between them or by the agents that they belong to."""

from itertools import combinations

import numpy as np

from convscope.roles.dip import dip_p_value, dip_statistic
from convscope.roles.method import Partition
from convscope.roles.spread import spread_within
from convscope.roles.ties import Ties
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MIN_BALANCE = 4
"""A group that holds less than one in so many units of a pair is looked for at its end of the line."""
ROUNDING = 1e-9
"""Spread within groups, relative to that of all units, that is none."""
MIN_CONTRAST = 0.5
"""Difference of shares that sets two classes of agents apart: half of their units."""


def widest_p(
    values: FloatArray, partition: Partition, class_of_unit: IntArray | None = None, *, ties: Ties | None = None
) -> float:
    """Return the largest p of a valley over the pairs of neighbouring groups that agents do not set apart.

    Parameters
    ----------
    values
        Coordinates of the units, shape (U, C).
    partition
        Of the units into groups.
    class_of_unit
        Class of each unit's agent, -1 for none, shape (U,), where classes were told apart by a test of their own. Two
        groups are then set apart as well when two classes differ in their use of both, in opposite directions, by at
        least half of their units. None: only valleys count.
    ties
        Room around values that many units share: what lies between two of them is no valley. None: there is none.

    Returns
    -------
    float
        Small: all neighbours are set apart; 1 when a group has no units. Two groups are neighbours when no third
        centre is nearer to the middle between them.
    """
    centres, group = partition.centres, partition.assign(values)
    if len(np.unique(group)) < len(centres):
        return 1.0
    # As in Fisher's discriminant: along the mere difference of centres, what varies for all units may hide a valley.
    ways = _ways(values, values - centres[group])
    shares = None if class_of_unit is None else _shares(group, class_of_unit, len(centres))
    return max(
        (
            _valley_p(
                values,
                ways @ (centres[i] - centres[j]),
                (group == i) | (group == j),
                n_near=int((group == i).sum()),
                ties=ties,
            )
            for i, j in combinations(range(len(centres)), 2)
            if _are_neighbours(centres, i, j) and not (shares is not None and _are_held_apart(shares[:, [i, j]]))
        ),
        default=0.0,
    )


def _ways(values: FloatArray, deviations: FloatArray) -> FloatArray:
    """Return what turns a difference of centres into the direction that tells two groups apart best, shape (C, C)."""
    # Units of equal values have no spread within their groups.
    floor = ROUNDING * values.var(axis=0).sum()
    return np.asarray(np.linalg.inv(spread_within(deviations) + floor * np.eye(values.shape[1])), dtype=np.float64)


def _valley_p(values: FloatArray, direction: FloatArray, is_in: BoolArray, *, n_near: int, ties: Ties | None) -> float:
    """P of a valley on the line between two groups; the first, of ``n_near`` units, lies at its upper end."""
    line = values[is_in] @ direction + (0.0 if ties is None else ties.of(is_in).shift(direction))
    whole = dip_p_value(dip_statistic(line), len(line))
    n_small = min(n_near, len(line) - n_near)
    if n_small * MIN_BALANCE >= len(line):
        return whole
    # A dip is at most half the share of the smaller mode, so a small group cannot show on the whole line. The part of
    # a single mode beyond any point is a single mode as well: the end of the line is tested by itself.
    end = np.sort(line if n_near == n_small else -line)[-2 * n_small :]
    return min(1.0, 2 * min(whole, dip_p_value(dip_statistic(end), len(end))))


def _are_neighbours(centres: FloatArray, i: int, j: int) -> bool:
    squares = ((centres - (centres[i] + centres[j]) / 2) ** 2).sum(axis=1)
    others = np.delete(squares, [i, j])
    return bool((others >= min(squares[i], squares[j])).all())


def _shares(group: IntArray, class_of_unit: IntArray, k: int) -> FloatArray:
    """Share of each group among the units of each class, shape (classes, k)."""
    counts = np.zeros((int(class_of_unit.max(initial=-1)) + 1, k))
    is_member = class_of_unit >= 0
    np.add.at(counts, (class_of_unit[is_member], group[is_member]), 1.0)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))


def _are_held_apart(shares: FloatArray) -> bool:
    """Whether two classes differ enough in their use of both of two groups, shares (classes, 2)."""
    contrast = shares[:, np.newaxis] - shares
    return bool(((contrast[:, :, 0] >= MIN_CONTRAST) & (contrast[:, :, 1] <= -MIN_CONTRAST)).any())
