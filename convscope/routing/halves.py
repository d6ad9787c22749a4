"""Random halves of the episodes, several times over: the noise floor of routing comes from these."""

import numpy as np

from convscope.values.arrays import BoolArray
from convscope.values.routing import RoutingTallies

N_SPLITS = 10
"""How often the episodes are halved."""


def split_in_halves(
    tallies: RoutingTallies, *, rng: np.random.Generator, n_splits: int = N_SPLITS
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    """Halve the units of each run at random.

    Parameters
    ----------
    tallies
        Units are taken in the order of their numbers.
    rng
        Draws the halves.
    n_splits
        How often.
    """
    masks = [_is_first_half(tallies, rng) for _ in range(n_splits)]
    return tuple((tallies.rows(mask), tallies.rows(~mask)) for mask in masks)


def _is_first_half(tallies: RoutingTallies, rng: np.random.Generator) -> BoolArray:
    is_first = np.zeros(len(tallies.unit), dtype=np.bool_)
    for run in range(len(tallies.runs)):
        of_run = np.equal(tallies.run, run)
        units = rng.permutation(np.unique(tallies.unit[of_run]))
        is_first |= of_run & np.isin(tallies.unit, units[: len(units) // 2])
    return is_first
