"""Names of coded values over several files: one list for all, and what each file's codes become in it."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from convscope.errors import LogFormatError
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_MASKS, ACTION_PROBABILITIES, ACTIONS, FieldSpec
from convscope.values.header import ActionKind, ActionSpace, LogHeader

_COUNT_ACTIONS = frozenset({ACTION_MASKS, ACTION_LOGITS, ACTION_PROBABILITIES})
"""Fields with a column for each action, by its code."""


def united_values(specs: Sequence[FieldSpec]) -> tuple[str, ...]:
    """Return the names of a field's values in all files, those of the first file first.

    Raises
    ------
    LogFormatError
        If some files name the values and others do not: whether they are the same, nothing says.
    """
    lists = list(dict.fromkeys(spec.values for spec in specs))
    if len(lists) == 1:
        return lists[0]
    name = specs[0].name
    if () in lists:
        raise LogFormatError(f"the field {name} has names for its values in some of the files only; give those alone")
    if any(len(set(values)) < len(values) for values in lists):
        raise LogFormatError(f"the field {name} names two values alike, and other files name them otherwise")
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def code_tables(header: LogHeader, united: Mapping[str, tuple[str, ...]]) -> dict[str, IntArray]:
    """Return what each code of a file becomes, by field; fields that keep theirs are left out.

    Parameters
    ----------
    header
        Of the file.
    united
        Names of the values of each field, in all files.

    Raises
    ------
    LogFormatError
        If the actions change their codes where another field has a column for each, or agents have several.
    """
    tables: dict[str, IntArray] = {}
    for spec in header.fields:
        table = np.array([united[spec.name].index(value) for value in spec.values], dtype=np.int64)
        if (table != np.arange(len(table))).any():
            tables[spec.name] = table
    if ACTIONS in tables:
        _check_actions(header)
    return tables


def renumbered_space(space: ActionSpace, table: IntArray | None) -> ActionSpace:
    """Return an agent's actions as the joined log counts them."""
    if table is None or not space.n:
        return space
    return ActionSpace(kind=space.kind, n=(int(table[: space.n[0]].max()) + 1,), width=space.width)


def renumbered(column: FloatArray, table: IntArray, field: str) -> FloatArray:
    """Return a column with its codes as the joined log counts them; what is missing or negative stands for no value.

    Raises
    ------
    LogFormatError
        If a code has no name in its file.
    """
    is_code = column >= 0
    codes = column[is_code]
    if (codes != np.floor(codes)).any() or codes.max(initial=0) >= len(table):
        raise LogFormatError(f"the field {field} holds values without a name, and other files name them otherwise")
    filled = column.copy()
    filled[is_code] = table[codes.astype(np.int64)]
    return filled


def _check_actions(header: LogHeader) -> None:
    counted = sorted(spec.name for spec in header.fields if spec.name in _COUNT_ACTIONS)
    if counted:
        raise LogFormatError(
            f"files number their actions in different ways, and {counted[0]} has a column for each; give them alone"
        )
    n_names = len(header.field(ACTIONS).values)
    for agent in header.agents:
        if agent.action_space.kind is not ActionKind.DISCRETE or agent.action_space.n[0] > n_names:
            raise LogFormatError(
                f"files name actions in different ways, and agent {agent.name} has others besides; give them alone"
            )
