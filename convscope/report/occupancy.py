"""Who plays which role, as shares."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.report.matrix import Matrix, shares_of_rows
from convscope.report.scope import is_analysed_unit
from convscope.values.evidence import Evidence
from convscope.values.figures import count

MAX_ROWS = 24
"""Agents that have a row each; larger teams are shown by declared role, or cut."""

_UNDECLARED = "undeclared"


def occupancy_matrix(evidence: Evidence) -> Matrix | None:
    """Return the share of each agent's episodes in which it plays each role; None when there are not two.

    Where names do not persist over episodes, or the team is large, rows are declared roles instead; None when the
    table of declared against found roles shows the same.
    """
    if _is_by_role(evidence) and evidence.roles.confusion is not None:
        return None
    table = evidence.roles.table.filter(is_analysed_unit(evidence), pl.col("role").is_not_null())
    if table["role"].n_unique() < 2:
        return None
    who = "declared_role" if _is_by_role(evidence) else "agent"
    counts = table.with_columns(pl.col(who).fill_null(_UNDECLARED)).group_by(who, "role").len("units")
    note = "Shares of each row's episodes, at the analysed checkpoints."
    order = evidence.header.roles if who == "declared_role" else evidence.analysed
    return _shares(counts, order, title=f"Share of episodes by {who.replace('_', ' ')}", note=note)


def _is_by_role(evidence: Evidence) -> bool:
    has_roles = bool(evidence.roles.table["declared_role"].is_not_null().any())
    return has_roles and (len(evidence.analysed) > MAX_ROWS or not evidence.header.identities_persist)


def confusion_matrix(confusion: pl.DataFrame, declared_roles: Sequence[str]) -> Matrix | None:
    """Return how the units of each declared role spread over found roles, as shares; None when there is one of each."""
    known = confusion.drop_nulls()
    if max(known.n_unique(name) for name in known.columns[:2]) < 2:
        return None
    note = "Shares of each declared role's units; one dark cell a row and a column is a full recovery."
    return _shares(known, declared_roles, title="Declared against found roles", note=note)


def _shares(counts: pl.DataFrame, order: Sequence[str], *, title: str, note: str) -> Matrix:
    """Return shares of rows of a table whose columns are a name, a role and a number of units."""
    names, numbers, _ = counts.columns
    present = set(counts[names].to_list())
    everyone = [name for name in (*order, _UNDECLARED) if name in present]
    rows, n_left = everyone[:MAX_ROWS], max(0, len(everyone) - MAX_ROWS)
    roles = sorted(set(counts[numbers].to_list()))
    units = np.zeros((len(rows), len(roles)))
    for name, role, n in counts.iter_rows():
        if name in rows:
            units[rows.index(name), roles.index(role)] = n
    shares = units / np.maximum(units.sum(axis=1, keepdims=True), 1)
    return shares_of_rows(shares, rows, [f"role {role}" for role in roles], title=title, note=_cut(note, n_left))


def _cut(note: str, n_left: int) -> str:
    return f"{note} {count(n_left, 'row')} more in tables/roles.parquet." if n_left else note
