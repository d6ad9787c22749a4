"""Units of a pass: single episodes, or groups of them where there are many, told apart by what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.digests import episode_digests
from convscope.routing.predictive.panel import Panel
from convscope.routing.predictive.plan import Plan
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


def unit_labels(plan: Plan, block: Block, panel: Panel) -> tuple[IntArray, IntArray]:
    """Return the units of a block's episodes.

    Parameters
    ----------
    plan
        Says how many units each run and checkpoint has.
    block
        Its episodes.
    panel
        Their columns.

    Returns
    -------
    labels, place
        Group, key and episode of each unit, in order, shape (K, 3); the episode is -1 where a unit is a group of them.
        Unit of each episode, shape (E,).
    """
    digest = episode_digests(block, [panel.values, block.status])
    group = plan.clock.group_of[block.episodes]
    n_units = plan.n_units[group]
    is_grouped = plan.clock.n_episodes[group] > n_units
    labels = [group, np.where(is_grouped, digest % n_units, digest), np.where(is_grouped, -1, block.episodes)]
    identity, place = np.unique(np.column_stack(labels), axis=0, return_inverse=True)
    return identity, place.ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Union:
    """The units of two states of a fold."""

    labels: IntArray
    """Of the units of either, shape (K, 3)."""
    of_first: IntArray
    """Places of the first state's units."""
    of_second: IntArray
    """Places of the second's."""

    def added(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return sums by unit, of arrays whose first axis is each state's units; may add to the first where it is."""
        # These are the largest arrays of a pass: nothing is copied that need not be.
        if len(first) == len(self.labels):
            first[self.of_second] += second
            return first
        total = np.empty((len(self.labels), *first.shape[1:]))
        total[np.setdiff1d(self.of_second, self.of_first)] = 0.0
        total[self.of_first] = first
        total[self.of_second] += second
        return total


def unite(first: Sequence[IntArray], second: Sequence[IntArray]) -> Union:
    """Return the units of two states, given each one's group, key and episode."""
    labels = np.concatenate([np.column_stack(first), np.column_stack(second)])
    identity, place = np.unique(labels, axis=0, return_inverse=True)
    of_first, of_second = np.split(place.ravel(), [len(first[0])])
    return Union(labels=identity, of_first=of_first, of_second=of_second)
