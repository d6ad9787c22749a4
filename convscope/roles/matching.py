"""Which found role is which declared role, and which were merged or split."""

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from convscope.values.arrays import FloatArray
from convscope.values.roles import RoleMatch, RoleMatching

MOST = 0.5
"""Share of a role's units above which it is said to be most of the role."""
PART = 0.2
"""Share of a declared role's units that a found role must hold to be called a part of it."""


def match_roles(confusion: pl.DataFrame) -> RoleMatching:
    """Match declared and found roles one to one, and name those that were merged or split.

    It describes a table and tests nothing: whether found roles agree with declared ones beyond chance is the component
    `recovery` of the gap.

    Parameters
    ----------
    confusion
        ``declared_role``, ``role`` and ``count`` of units, as from `recovery`; at least one row.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem" (1955): the sum of units in matched cells is largest.
    """
    names = tuple(sorted(confusion["declared_role"].unique().to_list()))
    roles = tuple(sorted(confusion["role"].unique().to_list()))
    counts = np.zeros((len(names), len(roles)))
    for name, role, count in confusion.iter_rows():
        counts[names.index(name), roles.index(role)] = count
    of_declared = counts / counts.sum(axis=1, keepdims=True)
    of_found = counts / counts.sum(axis=0)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    # A match without a unit in common is none.
    column_of = {
        row: column for row, column in zip(rows.tolist(), columns.tolist(), strict=True) if counts[row, column]
    }
    return RoleMatching(
        matches=tuple(
            _match(name, roles, column_of.get(row), shares=(of_declared[row], of_found[row]))
            for row, name in enumerate(names)
        ),
        share=float(sum(counts[row, column] for row, column in column_of.items()) / counts.sum()),
        merged=_merged(names, roles, of_declared),
        split=_split(names, roles, of_declared=of_declared, of_found=of_found),
        foreign=tuple(role for column, role in enumerate(roles) if column not in column_of.values()),
    )


def _match(
    name: str, roles: tuple[int, ...], column: int | None, *, shares: tuple[FloatArray, FloatArray]
) -> RoleMatch:
    if column is None:
        return RoleMatch(declared=name, found=None, share_of_declared=0.0, share_of_found=0.0)
    of_declared, of_found = shares
    return RoleMatch(
        declared=name,
        found=roles[column],
        share_of_declared=float(of_declared[column]),
        share_of_found=float(of_found[column]),
    )


def _merged(
    names: tuple[str, ...], roles: tuple[int, ...], of_declared: FloatArray
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    held = [
        tuple(name for row, name in enumerate(names) if of_declared[row, column] > MOST) for column in range(len(roles))
    ]
    return tuple((role, players) for role, players in zip(roles, held, strict=True) if len(players) > 1)


def _split(
    names: tuple[str, ...], roles: tuple[int, ...], *, of_declared: FloatArray, of_found: FloatArray
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    is_part = (of_declared >= PART) & (of_found > MOST)
    parts = [tuple(role for column, role in enumerate(roles) if is_part[row, column]) for row in range(len(names))]
    return tuple((name, own) for name, own in zip(names, parts, strict=True) if len(own) > 1)
