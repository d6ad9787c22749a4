"""What becomes of the values that only a log knows, from one decision to the next: its events."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.fields import INFO, FieldSpec, Level
from convscope.values.header import LogHeader
from convscope.values.status import Status

MAX_VALUES = 32
"""Names of values of one field; more of them would drown all other features."""
MAX_FIELDS = 16
"""Fields of a kind, in log order, for the same reason."""


def categorical(header: LogHeader) -> tuple[FieldSpec, ...]:
    """Return the fields of agents whose values have names, such as ``info/held``."""
    return tuple(spec for spec in _of_agents(header) if 0 < len(spec.values) <= MAX_VALUES)[:MAX_FIELDS]


def numeric(header: LogHeader) -> tuple[FieldSpec, ...]:
    """Return the fields of agents with a bare number, such as ``info/health``."""
    return tuple(spec for spec in _of_agents(header) if not spec.values)[:MAX_FIELDS]


def short_name(spec: FieldSpec) -> str:
    """Return the name of such a field as features give it."""
    return spec.name.removeprefix(INFO).replace("_", " ")


def next_values(field: str, decisions: Decisions) -> FloatArray:
    """Value of a field at the unit's next decision, shape (D,).

    At its last one that of the row behind, if the episode goes on there with the agent in play; else NaN.
    """
    block = decisions.block
    values = decisions.vectors(field)[:, 0]
    after = np.roll(values, -1)
    is_last = ~np.roll(decisions.follows, -1)
    after[is_last] = np.nan
    behind = np.minimum(decisions.row + 1, block.n_rows - 1)
    is_closed = (block.time_of_row[behind] > 0) & (block.status[behind, decisions.agent] == Status.WAITING)
    closing = block.columns[field].reshape(block.status.shape)[behind, decisions.agent]
    return np.where(is_last & is_closed & np.isfinite(closing), closing, after)


def has_event(header: LogHeader, decisions: Decisions) -> tuple[BoolArray, BoolArray]:
    """Whether any categorical value changes after a decision, and whether that is known, both of shape (D,)."""
    flags = np.zeros(len(decisions.row), dtype=np.bool_)
    is_known = np.zeros_like(flags)
    for spec in categorical(header):
        values, after = decisions.vectors(spec.name)[:, 0], next_values(spec.name, decisions)
        is_pair = np.isfinite(values) & np.isfinite(after)
        flags |= is_pair & (values != after)
        is_known |= is_pair
    return flags, is_known


def _of_agents(header: LogHeader) -> tuple[FieldSpec, ...]:
    return tuple(
        spec
        for spec in header.fields
        if spec.name.startswith(INFO) and spec.level is Level.AGENT and spec.shape in ((), (1,))
    )
