"""From rows of a log to what one agent's policy is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.ingest.policy.asking import Questions, first_states
from convscope.routing.attribution.sample import LAST
from convscope.values.arrays import FloatArray
from convscope.values.fields import ACTION_MASKS, OBSERVATIONS
from convscope.values.header import ActionKind
from convscope.values.policy import AgentPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One analysed agent, and the policy that it acts by."""

    place: int
    """In the log's agent axis."""
    policy: AgentPolicy
    number: int
    """What the policy calls it."""
    kind: ActionKind
    fellows: tuple[int, ...]
    """Places of all agents that the policy takes at once; empty where it takes one at a time."""


def questions_of(seat: Seat, columns: Mapping[str, FloatArray], width: int) -> Questions:
    """Return what the agent's policy is asked in some rows, hidden states still at zero.

    Parameters
    ----------
    seat
        The agent.
    columns
        Observations, masks and last actions, shape (R, N, ...).
    width
        Columns of its observations.
    """
    observations = columns[OBSERVATIONS]
    n_rows = len(observations)
    return Questions(
        observations=observations.reshape(*observations.shape[:2], -1)[:, seat.place, :width],
        last_actions=_last_actions(seat, columns[LAST][:, seat.place]) if LAST in columns else _none(seat, n_rows),
        masks=_masks(seat, columns.get(ACTION_MASKS), n_rows),
        numbers=np.full(n_rows, seat.number),
        states=first_states(seat.policy.wiring, n_rows),
        # What an agent that is not there would see is nothing: zeros, as frameworks pad it.
        company=np.nan_to_num(observations.reshape(*observations.shape[:2], -1)[:, list(seat.fellows), :width]),
    )


def _last_actions(seat: Seat, actions: FloatArray) -> FloatArray:
    if seat.kind is not ActionKind.DISCRETE:
        return np.nan_to_num(actions[:, : seat.policy.n_actions])
    return np.equal(actions[:, :1], np.arange(seat.policy.n_actions)).astype(np.float64)


def _none(seat: Seat, n_rows: int) -> FloatArray:
    return np.zeros((n_rows, seat.policy.n_actions))


def _masks(seat: Seat, masks: FloatArray | None, n_rows: int) -> FloatArray:
    if masks is None:
        return np.ones((n_rows, seat.policy.n_actions))
    own = np.nan_to_num(masks[:, seat.place, : seat.policy.n_actions])
    # A row without any legal action is one in which masks were not logged.
    return np.where(own.any(axis=1, keepdims=True), own, 1.0)
