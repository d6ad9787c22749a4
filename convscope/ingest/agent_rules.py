"""Rules about what each agent does in each row of a convscope log."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convscope.ingest.problems import Severity
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.status import Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Consecutive rows of one group of agents."""

    status: IntArray
    """Shape (T, n)."""
    status_before: IntArray
    """Of the row before, shape (T, n); 0 where an episode starts."""
    is_final: BoolArray
    """Whether the row is a final observation, shape (T,)."""
    n_actions: int | None
    """Choices of a discrete action; None for other kinds."""
    actions: FloatArray | None
    """Shape (T, n, k), NaN for missing."""
    masks: FloatArray | None
    observations: FloatArray | None

    @property
    def is_acting(self) -> BoolArray:
        """Who takes an action, shape (T, n)."""
        return np.asarray(self.status == Status.ACTING, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """Finds agents in rows that break a rule."""

    rule: str
    dataset: str
    """Within the group, for the report."""
    message: str
    fix: str
    find: Callable[[Stretch], BoolArray]
    """Returns what breaks the rule, shape (T, n)."""
    severity: Severity = Severity.VIOLATION


def _unknown_status(rows: Stretch) -> BoolArray:
    return np.asarray(rows.status > max(Status), dtype=np.bool_)


def _back_from_death(rows: Stretch) -> BoolArray:
    return np.asarray((rows.status_before == Status.DEAD) & (rows.status != Status.DEAD), dtype=np.bool_)


def _acts_at_the_end(rows: Stretch) -> BoolArray:
    return np.asarray(rows.is_acting & rows.is_final[:, None], dtype=np.bool_)


def _acts_without_action(rows: Stretch) -> BoolArray:
    if rows.actions is None:
        return np.zeros_like(rows.is_acting)
    is_missing = np.asarray(np.isnan(rows.actions).any(axis=2), dtype=np.bool_)
    return rows.is_acting & is_missing


def _acts_outside(rows: Stretch) -> BoolArray:
    if rows.actions is None or rows.n_actions is None:
        return np.zeros_like(rows.is_acting)
    action = rows.actions[..., 0]
    is_outside = (action < 0) | (action >= rows.n_actions) | (action != np.round(action))
    return np.asarray(rows.is_acting & is_outside & ~np.isnan(action), dtype=np.bool_)


def _acts_illegally(rows: Stretch) -> BoolArray:
    if rows.actions is None or rows.masks is None or rows.n_actions is None:
        return np.zeros_like(rows.is_acting)
    n_choices = rows.masks.shape[2]
    if n_choices == 0:
        return rows.is_acting
    choice = np.clip(np.nan_to_num(rows.actions[..., 0]), 0, n_choices - 1).astype(np.int64)
    is_legal = np.take_along_axis(rows.masks, choice[..., None], axis=2)[..., 0] != 0
    return np.asarray(rows.is_acting & ~is_legal & ~_acts_without_action(rows), dtype=np.bool_)


def _sees_nothing(rows: Stretch) -> BoolArray:
    if rows.observations is None:
        return np.zeros_like(rows.is_acting)
    return rows.is_acting & ~np.isfinite(rows.observations).all(axis=2)


RULES = (
    RowRule(
        rule="status",
        dataset="status",
        message="status beyond the four that the format knows",
        fix="use 0 absent, 1 acting, 2 waiting, 3 dead",
        find=_unknown_status,
        severity=Severity.CRITICAL,
    ),
    RowRule(
        rule="dead-stays-dead",
        dataset="status",
        message="agents that are dead and take part again in the same episode",
        fix="use waiting (2) for a pause; dead (3) lasts until the episode ends",
        find=_back_from_death,
    ),
    RowRule(
        rule="final-row-acting",
        dataset="status",
        message="agents that act in the row of the final observation",
        fix="use waiting (2) there: no step follows",
        find=_acts_at_the_end,
    ),
    RowRule(
        rule="acting-without-action",
        dataset="action",
        message="agents that act without an action",
        fix="write the action, or another status",
        find=_acts_without_action,
    ),
    RowRule(
        rule="action-range",
        dataset="action",
        message="actions outside the action space",
        fix="number actions from 0 and state how many there are in action_space",
        find=_acts_outside,
    ),
    RowRule(
        rule="illegal-action",
        dataset="action_mask",
        message="actions that the mask forbids",
        fix="write the mask that was in force when the action was chosen",
        find=_acts_illegally,
    ),
    RowRule(
        rule="missing-observation",
        dataset="observation",
        message="acting agents whose observation has missing or infinite numbers",
        fix="write what the agent saw, or another status",
        find=_sees_nothing,
    ),
)
"""Checked on every group; a new rule is a function and a line here."""
