"""Reads the rows of whole episodes as a plan says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.ingest.hdf5.gathering import StoredArrays
from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import ACTIONS, Level
from convscope.values.log import Columns, EpisodeSource
from convscope.values.status import Status
from convscope_loaders.structure.arrays import canonical, read_lead
from convscope_loaders.structure.dead import looks_out, sees_nothing
from convscope_loaders.structure.gathered import GatheredField, StoredFields, of_agent, own_agents
from convscope_loaders.structure.idle import Idle
from convscope_loaders.structure.numbers import is_set
from convscope_loaders.structure.plan import FieldPlan, RowPlan
from convscope_loaders.structure.presence import mark_leaving, mark_out, mark_presence
from convscope_loaders.structure.templates import PathValues, Template


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
    signs: tuple[FieldPlan | None, FieldPlan] | None = None
    """Action masks, if there are any, and observations, by which the dead are told who see nothing; None where they are
    not."""
    idle: Idle | None = None
    """What agents are that should act and have no action; None where all have one."""
    turns: FieldPlan | None = None
    """Says in which rows an agent in the game takes its action; None where it always does."""
    missing: frozenset[str] = frozenset()
    """Paths that some cells lack."""
    stored: StoredFields = field(default_factory=dict[tuple[str, int | None], StoredArrays])
    """Where arrays lie of which every group has its own."""

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        rows, cells = self.rows.of(episodes)
        stored = {name: arrays.of(cells) for name, arrays in self.stored.items()}
        return replace(self, rows=rows, stored=stored), np.arange(len(episodes))

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
        lasts = first[1:] - plan.has_final[episodes]
        if self.presence is not None:
            values = self._column(file, self.presence, episodes)
            is_told = np.isin(values, self.present_values)
            is_present = is_told if self.present_values else is_set(values, is_negated=self.presence.is_negated)
            mark_presence(status, is_present, zip(first.tolist(), lasts.tolist(), strict=False))
        if self.leaves is not None:
            has_flag = is_set(self._column(file, self.leaves, episodes), is_negated=self.leaves.is_negated)
            mark_leaving(status, has_flag, zip(first.tolist(), lasts.tolist(), strict=False))
        if self.signs is not None:
            mark_out(status, self._looks_out(file, *self.signs, episodes=episodes), pairwise(first.tolist()))
        if self.turns is not None:
            is_turn = is_set(self._column(file, self.turns, episodes), is_negated=self.turns.is_negated)
            status[(status == Status.ACTING) & ~is_turn] = Status.WAITING
        if self.idle is not None:
            self._mark_idle(file, status, episodes, spans=zip(first.tolist(), lasts.tolist(), strict=False))
        finals = lasts[plan.has_final[episodes]]
        before = status[finals - 1]
        status[finals] = np.where(before == Status.ACTING, np.uint8(Status.WAITING), before)
        return status

    def _looks_out(
        self, file: ArrayReader, masks: FieldPlan | None, observations: FieldPlan, *, episodes: IntArray
    ) -> BoolArray:
        observed = partial(self._column, file, observations, episodes)
        if masks is None:
            return sees_nothing(observed())
        return looks_out(self._column(file, masks, episodes), observed, 2)

    def _mark_idle(
        self, file: ArrayReader, status: ByteArray, episodes: IntArray, *, spans: Iterable[tuple[int, int]]
    ) -> None:
        actions = next(plan for plan in self.fields if plan.spec.name == ACTIONS)
        column = self._column(file, actions, episodes)
        has_action: BoolArray = ~np.all(np.isnan(column).reshape(*status.shape, -1), axis=2)
        if self.idle is Idle.WAITING:
            status[(status == Status.ACTING) & ~has_action] = Status.WAITING
        else:
            mark_presence(status, has_action, spans)

    def _column(self, file: ArrayReader, plan: FieldPlan, episodes: IntArray) -> FloatArray:
        first = _offsets(self.rows.rows[episodes])
        per_row = {Level.TEAM: (), Level.AGENT: (self.n_agents,), Level.PAIR: ()}[plan.spec.level]
        after = (self.n_agents, self.n_agents) if plan.spec.level is Level.PAIR else ()
        column = np.full((first[-1], *per_row, *plan.spec.shape, *after), np.nan)
        for agent in own_agents(plan, self.rows):
            stored = self.stored.get((plan.template.text, agent))
            if stored is not None:
                GatheredField(plan=plan, rows=self.rows, agent=agent, stored=stored).fill(file, column, episodes)
                continue
            into = column if agent is None else of_agent(column, plan, agent)
            for together in _same_cell(self.rows.cell[episodes]):
                part = self._part(plan, episodes[together], first=first[together], agent=agent)
                self._fill(file, plan.template, plan, part=part, into=into)
                if plan.next_template is not None and not self.rows.final_is_inside:
                    self._fill(file, plan.next_template, plan, part=part.after_last_step(), into=into)
        if any(plan.is_choice):
            column[np.array(plan.is_choice)[:, None] & (column < 0)] = np.nan
        return column

    def _part(self, plan: FieldPlan, episodes: IntArray, *, first: IntArray, agent: int | None) -> "_Part":
        rows = self.rows
        stream = rows.stream_of(agent)
        here = rows.count[episodes, stream] > 0
        wanted = episodes[here]
        extra = (rows.has_final[wanted] & plan.has_final & rows.final_is_inside).astype(np.int64)
        start, steps = rows.start[wanted, stream], rows.offset[wanted, stream] + rows.count[wanted, stream]
        return _Part(
            values=rows.values_of(int(rows.cell[episodes[0]]), agent),
            index=rows.index[wanted],
            start=start,
            stop=start + rows.count[wanted, stream] + extra,
            target=first[here] + rows.offset[wanted, stream],
            is_followed=rows.has_final[wanted] & (steps == rows.length[wanted]),
        )

    def _fill(self, file: ArrayReader, template: Template, plan: FieldPlan, *, part: "_Part", into: FloatArray) -> None:
        path = template.fill(part.values)
        if not len(part.index) or path in self.missing:
            return
        array, origin = read_lead(file, path, plan.axes, index=part.index, start=part.start, stop=part.stop)
        values = canonical(array, plan)
        is_own = Axis.AGENT in plan.template.axes
        for index, start, stop, at in zip(part.index, part.start, part.stop, part.target, strict=True):
            inside = values[index - origin.index] if Axis.EPISODE in plan.axes else values
            piece = inside[start - origin.row : stop - origin.row]
            if not is_own or piece.ndim == 1:
                into[at : at + len(piece)] = piece
            else:
                into[at : at + len(piece), : piece.shape[1]] = piece


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Some episodes of one stream: where they are in its arrays, and where they belong in a column."""

    values: PathValues
    index: IntArray
    start: IntArray
    stop: IntArray
    target: IntArray
    is_followed: BoolArray
    """Whether a closing row follows the stream's last one: the agent lived to see it."""

    def after_last_step(self) -> "_Part":
        """Return each episode's last row, which belongs behind it."""
        kept = self.is_followed
        return _Part(
            values=self.values,
            index=self.index[kept],
            start=self.stop[kept] - 1,
            stop=self.stop[kept],
            target=(self.target + self.stop - self.start)[kept],
            is_followed=kept[kept],
        )


def _mark(rows: ByteArray, plan: RowPlan, episode: int) -> None:
    for agent in range(len(plan.agents)) if plan.agents else (None,):
        stream = plan.stream_of(agent)
        start, count = int(plan.offset[episode, stream]), int(plan.count[episode, stream])
        mine = rows if agent is None else rows[:, agent]
        if count:
            mine[start : start + count] = Status.ACTING
            mine[start + count :] = Status.DEAD


def _offsets(lengths: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(lengths)])


def _same_cell(cells: IntArray) -> Iterator[slice]:
    cuts = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
    return (slice(start, stop) for start, stop in pairwise(cuts) if stop > start)
