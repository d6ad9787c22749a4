"""What the residual test reads of a block: probabilities, the part of each action that is chance, and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_MASKS, ACTION_PROBABILITIES, ACTIONS
from convscope.values.header import LogHeader
from convscope.values.log import Block

MOST_ACTIONS = 6
"""Actions of an agent that are told apart: its most frequent ones, and the others together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActionGroups:
    """Which actions of each agent are told apart."""

    group_of: IntArray
    """Group of each action by agent, shape (N, A)."""
    n_groups: int
    """At most `MOST_ACTIONS`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Policies:
    """Probabilities and actions of a block, by groups of actions."""

    probabilities: FloatArray
    """As logged, shape (T, N, M); 0 where the agent does not act or nothing was logged."""
    taken: FloatArray
    """1 for the action taken, shape (T, N, M); 0 where there is none."""
    is_known: BoolArray
    """Whether an agent acts and its probabilities are known, shape (T, N)."""

    @property
    def dice(self) -> FloatArray:
        """What the agent's own random draw added: ``1[action] - probability``, shape (T, N, M)."""
        return self.taken - self.probabilities


def policy_fields(header: LogHeader) -> frozenset[str]:
    """Return the fields that probabilities are read from; empty where none are logged."""
    held = {spec.name for spec in header.fields}
    if ACTION_PROBABILITIES in held:
        return frozenset({ACTIONS, ACTION_PROBABILITIES})
    return frozenset({ACTIONS, ACTION_LOGITS, ACTION_MASKS} & held) if ACTION_LOGITS in held else frozenset()


def full_policies(block: Block) -> tuple[FloatArray, IntArray, BoolArray]:
    """Return the probabilities of all actions, the action taken, and whether both are known.

    Returns
    -------
    probabilities
        Shape (T, N, A), each row summing to 1; logits are taken through a softmax over the legal actions.
    actions
        Shape (T, N), 0 where there is none.
    is_known
        Shape (T, N).
    """
    probabilities = logged_probabilities(block.columns)
    actions = block.columns[ACTIONS][..., 0]
    total = probabilities.sum(axis=-1)
    n_actions = probabilities.shape[-1]
    is_action = np.isfinite(actions) & (actions >= 0) & (actions < n_actions)
    is_known = block.is_acting & is_action & np.isfinite(total) & (total > 0)
    safe = np.where(is_known[..., None], probabilities, 0.0)
    shares = safe / np.where(is_known, total, 1.0)[..., None]
    return shares, np.where(is_known, actions, 0).astype(np.int64), is_known


def policies(block: Block, groups: ActionGroups) -> Policies:
    """Return probabilities and actions of a block, by groups of actions."""
    shares, actions, is_known = full_policies(block)
    member = np.equal(groups.group_of[..., None], np.arange(groups.n_groups)).astype(np.float64)
    agent = np.arange(shares.shape[1])
    taken = np.where(is_known[..., None], member[agent, actions], 0.0)
    return Policies(probabilities=np.einsum("tna,nam->tnm", shares, member), taken=taken, is_known=is_known)


def logged_probabilities(columns: Mapping[str, FloatArray]) -> FloatArray:
    """Return probabilities as logged, or from logits by a softmax over the legal actions; NaN where there are none.

    Parameters
    ----------
    columns
        By field, with actions on the last axis; one of ``action_probabilities`` and ``action_logits`` is there.
    """
    if ACTION_PROBABILITIES in columns:
        return np.where(columns[ACTION_PROBABILITIES] < 0, np.nan, columns[ACTION_PROBABILITIES])
    logits = columns[ACTION_LOGITS]
    # Columns that an agent lacks are NaN; an agent without any logit has no probabilities.
    weights = np.where(np.isnan(logits), -np.inf, logits)
    if ACTION_MASKS in columns:
        weights = np.where(columns[ACTION_MASKS] == 0, -np.inf, weights)
    highest = weights.max(axis=-1, keepdims=True)
    powers = np.exp(weights - np.where(np.isfinite(highest), highest, 0.0))
    return np.where(np.isfinite(highest), powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-300), np.nan)
