"""What the intervention test reads of a block: which senders were meddled with, and what a receiver did then."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import TARGET_KINDS, Column, column_bank
from convscope.routing.predictive.reading import read_columns
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.fields import ACTIONS, INTERVENTIONS, PAIR_INTERVENTIONS
from convscope.values.header import LogHeader
from convscope.values.log import Block

FIELDS = frozenset({ACTIONS, INTERVENTIONS, PAIR_INTERVENTIONS})
"""Names of the fields that are read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """One receiver: what was done to whom before it acted, and what it did."""

    now: FloatArray
    """1 where the sender was intervened on and the receiver's action of this row may show it first, shape (T, N)."""
    is_known: BoolArray
    """Whether that is known, shape (T, N); ``now`` is 0 elsewhere."""
    outcome: FloatArray
    """The receiver's action, shape (T, m); 0 where it is not its own choice."""
    is_choice: BoolArray
    """Rows in which the receiver acts by its own choice, shape (T,)."""
    is_counted: BoolArray
    """Those of them that an intervention could touch, shape (T,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meddling:
    """Who was intervened on in the rows of a block."""

    agents: FloatArray
    """1 where an agent's action was not its own, shape (T, N)."""
    is_known: BoolArray
    """Shape (T, N)."""
    has_agents: bool
    """Whether interventions on agents are logged; their first trace is in the next row."""
    pairs: FloatArray | None
    """1 where the channel was cut, shape (T, receiver, sender); NaN unknown; None where none are logged."""


def outcome_columns(header: LogHeader) -> tuple[tuple[Column, ...], ...]:
    """Return the columns of each agent's action: 1 for the one taken, or the components of a continuous one."""
    bank = [column for column in column_bank(header) if column.kind in TARGET_KINDS]
    return tuple(tuple(column for column in bank if column.agent == agent) for agent in range(len(header.agents)))


def read_meddling(block: Block) -> Meddling:
    """Return who was intervened on; cells of agents that do not act are unknown, whatever stands there."""
    is_acting = block.is_acting
    codes = block.columns.get(INTERVENTIONS)
    has_agents = codes is not None
    held = np.zeros(is_acting.shape) if codes is None else codes
    is_known = is_acting & np.isfinite(held)
    pairs = block.columns.get(PAIR_INTERVENTIONS)
    both = is_acting[:, :, None] & is_acting[:, None, :]
    cut = None if pairs is None else np.where(both & np.isfinite(pairs), pairs > 0, np.nan)
    return Meddling(
        agents=np.where(is_known, held > 0, 0.0).astype(np.float64), is_known=is_known, has_agents=has_agents, pairs=cut
    )


def read_outcomes(block: Block, columns: tuple[tuple[Column, ...], ...]) -> FloatArray:
    """Return what each agent did, shape (T, N, m); NaN where it does not act, 0 in columns that it lacks."""
    width = max(len(own) for own in columns)
    outcome = np.zeros((block.n_rows, len(columns), width))
    for agent, own in enumerate(columns):
        outcome[:, agent, : len(own)] = read_columns(block, own)
    return outcome


def exposure(block: Block, meddling: Meddling, outcomes: FloatArray, *, receiver: int) -> Exposure:
    """Return one receiver's part of a block."""
    now, is_known = np.zeros(meddling.agents.shape), np.ones(meddling.agents.shape, dtype=np.bool_)
    own = outcomes[:, receiver]
    is_choice = block.is_acting[:, receiver] & np.isfinite(own).all(axis=1)
    is_counted = is_choice
    if meddling.has_agents:
        has_before = is_followed(block)
        is_known &= shifted(meddling.is_known.astype(np.float64), has_before) > 0
        now = np.maximum(now, shifted(meddling.agents, has_before))
        is_choice &= meddling.is_known[:, receiver] & (meddling.agents[:, receiver] <= 0)
        is_counted = is_choice & has_before
    if meddling.pairs is not None:
        cut = meddling.pairs[:, receiver]
        is_known &= np.isfinite(cut)
        now = np.maximum(now, np.nan_to_num(cut))
    return Exposure(
        now=np.where(is_known, now, 0.0),
        is_known=is_known,
        outcome=np.where(is_choice[:, None], own, 0.0),
        is_choice=is_choice,
        is_counted=is_counted,
    )


def is_followed(block: Block) -> BoolArray:
    """Return which rows have one before them in their episode, shape (T,)."""
    return block.time_of_row > 0


def shifted(values: FloatArray, has_before: BoolArray) -> FloatArray:
    """Return the values of the row before, 0 where there is none."""
    before = np.roll(values, 1, axis=0)
    before[~has_before] = 0
    return before


def history(now: FloatArray, block: Block) -> FloatArray:
    """Return what was done earlier: in the row before, and the share of all earlier rows; shape (T, 2 N)."""
    has_before, time = is_followed(block), block.time_of_row
    total = np.cumsum(now, axis=0)
    starts = block.offsets[:-1][block.episode_of_row]
    earlier = total - now - np.where(starts[:, None] > 0, total[starts - 1], 0.0)
    return np.concatenate([shifted(now, has_before), earlier / np.maximum(time, 1)[:, None]], axis=1)


def first_chances(exposed: Exposure, block: Block) -> BoolArray:
    """Return the rows up to the first intervention of an episode that may touch the receiver, shape (T,).

    What the receiver did in the row before such a row was untouched: it can only foretell an intervention.
    """
    has_before = is_followed(block)
    earlier = history(exposed.now, block)[:, exposed.now.shape[1] :]
    return (
        exposed.is_counted
        & (shifted(exposed.is_choice.astype(np.float64), has_before) > 0)
        & ~(earlier > 0).any(axis=1)
    )
