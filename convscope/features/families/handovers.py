"""Who hands what over to whom, as the values that only this log knows tell it."""

import numpy as np

from convscope.features.changes import categorical, next_values
from convscope.features.crowd import norm, present_positions, reach
from convscope.features.decisions import Decisions
from convscope.features.family import features_of, holds
from convscope.features.sides import side_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray, ranges
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS, FieldSpec
from convscope.values.header import LogHeader

NOTHING = frozenset({"", "none", "nothing", "no", "null", "nil", "nan", "empty", "free", "idle", "false", "off", "0"})
"""Names of values that nobody can hand over."""


class Handovers:
    """How often an agent hands a value over to an ally, and how often it takes one over.

    A value is handed over when an agent gives it up at the very step at which an ally comes to it and, where the log
    holds positions, the two are in contact (as in the family of relations). Values such as ``none`` are nothing that
    could be handed over. What is put down and taken later is no hand-over: a log does not say whether it is the same.

    References
    ----------
    Altmann, "Observational study of behavior: sampling methods" (1974), of events and their rates.
    """

    name = "hand-overs"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the named values, and the positions."""
        return frozenset(
            {spec.name for spec in categorical(header)} | ({POSITIONS} if holds(header, POSITIONS) else set())
        )

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no named values, or no allies."""
        has_allies = int(np.bincount(side_numbers(header)).max()) > 1
        if not has_allies:
            return "no agent has an ally"
        return None if categorical(header) else "the log holds no further fields whose values have names"

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("hands over to allies", "events per step", "hands things over", "hands nothing over"),
            ("takes over from allies", "events per step", "takes things over", "takes nothing over"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Count the hand-overs of all named fields."""
        given, taken, known = (np.zeros(len(decisions.row)) for _ in range(3))
        near = _Nearness(header, decisions)
        for spec in categorical(header):
            values, after = decisions.vectors(spec.name)[:, 0], next_values(spec.name, decisions)
            giver, taker = _pairs(spec, values, after, decisions=decisions)
            is_real = near.are_allies_in_contact(giver, taker)
            given[np.unique(giver[is_real])] += 1.0
            taken[np.unique(taker[is_real])] += 1.0
            known += np.isfinite(values) & np.isfinite(after)
        per_step = [np.where(known > 0, events, np.nan) for events in (given, taken)]
        return np.column_stack([decisions.mean(events) for events in per_step])


HANDOVERS = Handovers()


def _pairs(
    spec: FieldSpec, values: FloatArray, after: FloatArray, *, decisions: Decisions
) -> tuple[IntArray, IntArray]:
    """Decisions of the same row of which one gives up what the other comes to, shape (pairs,) each."""
    is_change = np.isfinite(values) & np.isfinite(after) & (values != after)
    is_thing = np.array([name.strip().lower() not in NOTHING for name in spec.values])
    given = np.flatnonzero(is_change & _is_thing(values, is_thing))
    taken = np.flatnonzero(is_change & _is_thing(after, is_thing))
    n_values = len(spec.values)
    wanted = decisions.row[taken] * n_values + after[taken].astype(np.int64)
    order = np.argsort(wanted, kind="stable")
    offered = decisions.row[given] * n_values + values[given].astype(np.int64)
    start, stop = (np.searchsorted(wanted[order], offered, side=side) for side in ("left", "right"))
    return np.repeat(given, stop - start), taken[order][ranges(start, stop)]


def _is_thing(values: FloatArray, is_thing: BoolArray) -> BoolArray:
    is_valid = (values >= 0) & (values < len(is_thing))
    return np.asarray(is_valid & is_thing[np.where(is_valid, values, 0.0).astype(np.int64)], dtype=np.bool_)


class _Nearness:
    """Who is whose ally, and where everybody is."""

    def __init__(self, header: LogHeader, decisions: Decisions) -> None:
        self._side = side_numbers(header)
        self._decisions = decisions
        self._positions = present_positions(decisions) if holds(header, POSITIONS) else None
        self._reach = None if self._positions is None else reach(self._positions, decisions)

    def are_allies_in_contact(self, giver: IntArray, taker: IntArray) -> BoolArray:
        """Whether two decisions of the same row are of allies in contact, shape (pairs,)."""
        first, second = self._decisions.agent[giver], self._decisions.agent[taker]
        are_allies = np.asarray((first != second) & (self._side[first] == self._side[second]), dtype=np.bool_)
        if self._positions is None or self._reach is None:
            return are_allies
        row = self._decisions.row[giver]
        distance = norm(self._positions[row, first] - self._positions[row, second])
        return are_allies & (distance <= self._reach[row])
