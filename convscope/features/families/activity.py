"""How much of an episode an agent takes part in."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.features import Feature
from convscope.values.header import LogHeader
from convscope.values.status import Status


class Activity:
    """Acting, waiting and survival, from the status alone, over the steps in which anybody acts.

    Survival is the share of the episode until the agent's last decision.
    """

    name = "activity"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return nothing: every log has a status."""
        return frozenset()

    def lacking(self, header: LogHeader) -> str | None:
        """Return None: every log has a status."""
        return None

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("share of steps acting", "acts at most steps", "acts at few steps"),
            ("share of steps waiting", "waits often", "waits seldom"),
            ("survival", "stays to the end", "out of the game early"),
        )
        return tuple(Feature(name=n, unit="share of steps", family=self.name, high=h, low=low) for n, h, low in rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Count statuses per unit."""
        status = decisions.block.status
        is_step: BoolArray = np.asarray(decisions.block.is_acting.any(axis=1))
        n_steps = np.repeat(_per_episode(is_step[:, np.newaxis], decisions)[:, 0], decisions.n_agents)
        acting = decisions.total(np.ones(len(decisions.row)))
        waiting = _per_episode((status == Status.WAITING) & is_step[:, np.newaxis], decisions).reshape(-1)
        last = np.zeros(decisions.n_units)
        np.maximum.at(last, decisions.unit, decisions.block.time_of_row[decisions.row] + 1.0)
        return np.column_stack([ratio(acting, n_steps), ratio(waiting, n_steps), np.minimum(ratio(last, n_steps), 1.0)])


ACTIVITY = Activity()


def _per_episode(flags: BoolArray, decisions: Decisions) -> FloatArray:
    """Count the rows with a flag (T, n) in each episode, shape (episodes, n)."""
    row, column = np.nonzero(flags)
    cell = decisions.block.episode_of_row[row] * flags.shape[1] + column
    n_cells = len(decisions.block.episodes) * flags.shape[1]
    return np.bincount(cell, minlength=n_cells).reshape(-1, flags.shape[1]).astype(np.float64)
