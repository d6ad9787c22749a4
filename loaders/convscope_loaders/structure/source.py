"""Reads the rows of whole episodes as a plan says."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import Level
from convscope.values.log import Columns
from convscope.values.status import Status
from convscope_loaders.structure.arrays import canonical, read_lead
from convscope_loaders.structure.plan import FieldPlan, RowPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructuredSource:
    """The episodes of one container, wherever its arrays have them."""

    store: ArrayStore
    n_agents: int
    rows: RowPlan
    fields: tuple[FieldPlan, ...]
    presence: FieldPlan | None = None
    """Says in which rows each agent is in the game; None where the file does not."""
    present_values: tuple[int, ...] = ()
    """Those of ``presence`` that count; empty for all above 0."""
    leaves: FieldPlan | None = None
    """Says in which row each agent leaves the game; None where none does, or the file does not tell."""
    missing: frozenset[str] = frozenset()
    """Paths that some cells lack."""

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes and of these fields."""
        lengths = self.rows.rows[episodes]
        with self.store.open() as file:
            status = self._status(file, episodes)
            columns = {
                plan.spec.name: self._column(file, plan, episodes) for plan in self.fields if plan.spec.name in fields
            }
        return Columns(lengths=lengths, status=status, columns=columns)

    def _status(self, file: ArrayReader, episodes: IntArray) -> ByteArray:
        plan = self.rows
        first = _offsets(plan.rows[episodes])
        status = np.full((first[-1], self.n_agents), Status.ABSENT, dtype=np.uint8)
        for place, episode in enumerate(episodes.tolist()):
            rows = status[first[place] : first[place + 1]]
            _mark(rows, plan, episode)
        if self.presence is not None:
            values = self._column(file, self.presence, episodes)
            is_present = np.isin(values, self.present_values) if self.present_values else values > 0
            _apply_presence(status, is_present, first)
        if self.leaves is not None:
            leaves = self._column(file, self.leaves, episodes) > 0
            _apply_leaving(status, leaves, first, lengths=plan.length[episodes])
        return status

    def _column(self, file: ArrayReader, plan: FieldPlan, episodes: IntArray) -> FloatArray:
        first = _offsets(self.rows.rows[episodes])
        per_row = {Level.TEAM: (), Level.AGENT: (self.n_agents,), Level.PAIR: ()}[plan.spec.level]
        after = (self.n_agents, self.n_agents) if plan.spec.level is Level.PAIR else ()
        column = np.full((first[-1], *per_row, *plan.spec.shape, *after), np.nan)
        for together in _same_cell(self.rows.cell[episodes]):
            for agent in self._own(plan):
                self._fill(file, plan, column, episodes=episodes[together], first=first[together], agent=agent)
        if any(plan.is_choice):
            column[np.array(plan.is_choice)[:, None] & (column < 0)] = np.nan
        return column

    def _own(self, plan: FieldPlan) -> tuple[int | None, ...]:
        return tuple(range(self.n_agents)) if Axis.AGENT in plan.template.axes else (None,)

    def _fill(
        self,
        file: ArrayReader,
        plan: FieldPlan,
        column: FloatArray,
        *,
        episodes: IntArray,
        first: IntArray,
        agent: int | None,
    ) -> None:
        rows = self.rows
        path = plan.template.fill(rows.values_of(int(rows.cell[episodes[0]]), agent))
        stream = rows.stream_of(agent)
        here = rows.count[episodes, stream] > 0
        if path in self.missing or not here.any():
            return
        wanted = episodes[here]
        extra = (rows.has_final[wanted] & plan.has_final).astype(np.int64)
        index, start = rows.index[wanted], rows.start[wanted, stream]
        stop = start + rows.count[wanted, stream] + extra
        array, origin = read_lead(file, path, plan.axes, index=index, start=start, stop=stop)
        values = canonical(array, plan)
        target = first[here] + rows.offset[wanted, stream]
        into = column if agent is None else _of_agent(column, plan, agent)
        for place in range(len(wanted)):
            inside = values[index[place] - origin.index] if Axis.EPISODE in plan.axes else values
            piece = inside[start[place] - origin.row : stop[place] - origin.row]
            at = target[place]
            if agent is None or piece.ndim == 1:
                into[at : at + len(piece)] = piece
            else:
                into[at : at + len(piece), : piece.shape[1]] = piece


def _of_agent(column: FloatArray, plan: FieldPlan, agent: int) -> FloatArray:
    return column[..., agent, :] if plan.spec.level is Level.PAIR else column[:, agent]


def _mark(rows: ByteArray, plan: RowPlan, episode: int) -> None:
    for agent in range(len(plan.agents)) if plan.agents else (None,):
        stream = plan.stream_of(agent)
        start, count = int(plan.offset[episode, stream]), int(plan.count[episode, stream])
        mine = rows if agent is None else rows[:, agent]
        if count:
            mine[start : start + count] = Status.ACTING
            mine[start + count :] = Status.DEAD
    if plan.has_final[episode]:
        last, before = rows[-1], rows[-2]
        last[...] = np.where(before == Status.ACTING, np.uint8(Status.WAITING), before)


def _apply_presence(status: ByteArray, is_present: BoolArray, first: IntArray) -> None:
    """Mark rows before an agent's first presence absent, after its last one dead, and gaps between as waiting."""
    for start, stop in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
        here = is_present[start:stop]
        is_acting = status[start:stop] != Status.ABSENT
        is_before = ~np.logical_or.accumulate(here, axis=0)
        is_after = ~np.logical_or.accumulate(here[::-1], axis=0)[::-1]
        status[start:stop][is_acting & ~here] = Status.WAITING
        status[start:stop][is_acting & is_before] = Status.ABSENT
        status[start:stop][is_acting & is_after & ~is_before] = Status.DEAD


def _apply_leaving(status: ByteArray, leaves: BoolArray, first: IntArray, *, lengths: IntArray) -> None:
    """Mark the rows after the one in which an agent leaves dead, where that is not the last step."""
    for start, length in zip(first[:-1].tolist(), lengths.tolist(), strict=True):
        has_left = np.logical_or.accumulate(leaves[start : start + length - 1], axis=0)
        rows = status[start + 1 : start + length]
        rows[has_left & (rows != Status.ABSENT)] = Status.DEAD


def _offsets(lengths: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(lengths)])


def _same_cell(cells: IntArray) -> Iterator[slice]:
    cuts = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
    return (slice(start, stop) for start, stop in pairwise(cuts) if stop > start)
