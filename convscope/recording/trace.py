"""An episode that is recorded while it goes on, step by step."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Labels, RecordedColumn, RecordedEpisode, check_episode
from convscope.recording.journal import Journal
from convscope.recording.kept import KeptByAgent, KeptValues
from convscope.recording.names import column_named
from convscope.recording.plain_steps import PlainSteps, Span
from convscope.recording.presence import Presence, presence_of
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, Level
from convscope.values.status import EndKind, Status

_ACTING, _WAITING = int(Status.ACTING), int(Status.WAITING)


class EpisodeTrace:
    """Takes what happens in an episode; made by `Recorder.start_episode`.

    Each timestep is `observe`, then `act`; what is observed after the last action is the final observation. Columns are
    named as `column_named` has it. A column of agents is a mapping from agents to values, or an array with an entry per
    agent; any other is one value. Values are copied at once and looked at when the episode is committed.

    Parameters
    ----------
    agents
        In the order of the agent axis; others join when they are first named.
    labels
        What the episode belongs to.
    journal
        Takes the finished episode.
    """

    def __init__(self, agents: Sequence[str], labels: Labels, journal: Journal) -> None:
        self._n_acted = 0
        self._is_over = False
        self._agents = tuple(agents)
        self._labels = labels
        self._journal = journal
        self._columns: dict[str, KeptByAgent | KeptValues] = {}
        self._plain: PlainSteps | None = None
        self._plain_from = (0, 0)
        self._joined: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._end = EndKind.CUT
        journal.going_on[id(self)] = self

    @property
    def length(self) -> int:
        """Timesteps so far."""
        if self._plain is None or self._is_over:  # others may go on where plain steps are kept
            return self._n_acted
        return self._plain.end[0] - self._plain_from[0]

    def join(self, agents: Iterable[str]) -> None:
        """Say that agents are there from now on; one of which anything is recorded is there in any case."""
        for agent in agents:
            self._joined.setdefault(agent, self.length)

    def leave(self, agents: Iterable[str]) -> None:
        """Say that agents are out for the rest of the episode; what they observe next is their last."""
        for agent in agents:
            self._left.setdefault(agent, self.length)

    def observe(self, columns: Mapping[str, object]) -> None:
        """Keep what is there before the next action: observations, masks, positions, the state.

        Raises
        ------
        UsageError
            If a column is called like nothing, or a column of agents has no entry for each of them.
        """
        for name, values in columns.items():
            column = self._columns.get(name) or self._new_column(name)
            if isinstance(column, KeptValues):
                column.put(self.length, values)
            else:
                column.put(self.length, values if isinstance(values, dict) else self._by_agent(name, values))

    def act(self, columns: Mapping[str, object]) -> None:
        """Keep what happens in this timestep: actions, rewards, messages, attention. The next timestep begins.

        Agents that have actions act. Others wait if they are there, and are dead once they left.

        Raises
        ------
        UsageError
            As for `observe`.
        """
        self.observe(columns)
        self._n_acted += 1

    def begin_plain(self, steps: PlainSteps, observations: Mapping[str, object]) -> bool:
        """Keep the first observations as the beginning of plain steps; return whether that can be.

        Until `end_plain` the steps that are added there are those of this episode, instead of `act` and `observe`.

        Parameters
        ----------
        steps
            Where they are kept, together with those of other episodes.
        observations
            Arrays, of the agents that the steps are of.
        """
        first = steps.end
        if self.length or not steps.observe(observations):
            return False
        self._plain, self._plain_from = steps, first
        return True

    def end_plain(self) -> None:
        """Go on with `act` and `observe`, because a step is not plain."""
        if self._plain is None:
            return
        span = Span(first=self._plain_from, length=self.length)
        for field, rows in self._plain.entries(span).items():
            column = self._columns.get(field) or self._new_column(field)
            if isinstance(column, KeptByAgent):
                column.put_first(self._plain.agents, rows)
        self._n_acted, self._plain = self.length, None

    def finish(self, end: EndKind) -> None:
        """End the episode and hand it on; one without a timestep is nothing.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        self._end, self._n_acted, self._is_over = end, self.length, True
        self._journal.going_on.pop(id(self), None)
        if self.length:
            self._journal.add(self)

    def cut(self) -> None:
        """End the episode in the middle."""
        self.finish(EndKind.CUT)

    @property
    def n_bytes(self) -> int:
        """Memory that the episode takes, about."""
        of_steps = 0 if self._plain is None else self._plain.row_bytes * self.length
        return of_steps + sum(column.n_bytes for column in self._columns.values())

    def episode(self) -> RecordedEpisode:
        """Return the finished episode.

        Raises
        ------
        UsageError
            If a column holds something else than numbers, or changes its shape.
        """
        if not self._is_plain:
            self.end_plain()
        rows = self.length + (self._plain is not None or any(c.has(self.length) for c in self._columns.values()))
        columns = {column.field: column.column(rows) for column in self._columns.values()}
        if self._plain is not None:
            columns |= self._plain.columns(Span(first=self._plain_from, length=self.length))
        presence = self._presence(columns, rows)
        episode = RecordedEpisode(
            agents=presence.agents,
            length=self.length,
            rows=rows,
            end=self._end,
            status=presence.status,
            columns={field: column for field, column in columns.items() if column.parts},
            labels=self._labels,
            is_plain=self._plain is not None,
        )
        check_episode(episode)
        return episode

    def _presence(self, columns: Mapping[str, RecordedColumn], n_rows: int) -> Presence:
        if self._plain is None:
            of_agents = {field: column for field, column in columns.items() if column.level is Level.AGENT}
            return presence_of(self._agents, of_agents, joined=self._joined, left=self._left, n_rows=n_rows)
        status = np.full((n_rows, len(self._agents)), _ACTING, np.uint8)
        status[self.length :] = _WAITING
        return Presence(agents=self._agents, status=status)

    @property
    def _is_plain(self) -> bool:
        """Whether the steps are plain ones of all agents, who are there from the beginning to the end."""
        if self._plain is None or self._plain.agents != self._agents:
            return False
        others = [column for column in self._columns.values() if isinstance(column, KeptByAgent)]
        named = {*self._joined, *(agent for column in others for agent in column.agents)}
        is_twice = any(column.field in {ACTIONS, REWARDS, OBSERVATIONS} for column in others)
        return not is_twice and named <= set(self._agents) and all(row >= self.length for row in self._left.values())

    def _new_column(self, name: str) -> KeptByAgent | KeptValues:
        field, level = column_named(name)
        if any(column.field == field for column in self._columns.values()):
            raise UsageError(f"two columns are the field {field}; {name} needs another name")
        column = KeptByAgent(field) if level is Level.AGENT else KeptValues(field, level)
        return self._columns.setdefault(name, column)

    def _by_agent(self, name: str, values: object) -> Mapping[str, object]:
        if isinstance(values, Mapping):
            return values
        entries = np.asarray(values)
        if entries.shape[:1] != (len(self._agents),):
            n_agents = len(self._agents)
            raise UsageError(f"{name} has shape {entries.shape}; expected an entry for each of {n_agents} agents")
        return dict(zip(self._agents, entries, strict=True))
