"""An episode that is recorded while it goes on, step by step."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Labels, RecordedEpisode, check_episode
from convscope.recording.journal import Journal
from convscope.recording.kept import KeptByAgent, KeptValues
from convscope.recording.names import column_named
from convscope.recording.plain_steps import PlainSteps, Span
from convscope.recording.presence import presence_of
from convscope.values.fields import Level
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
        if self._columns or self.length or not steps.observe(observations):
            return False
        self._plain, self._plain_from = steps, first
        return True

    def end_plain(self) -> None:
        """Go on with `act` and `observe`, because a step is not plain."""
        if self._plain is None:
            return
        span = Span(first=self._plain_from, length=self.length)
        for field, values in self._plain.entries(span).items():
            column = self._columns.get(field) or self._new_column(field)
            if isinstance(column, KeptByAgent):
                column.put_copies(range(len(values)), [self._plain.agents] * len(values), values)
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
        return self._plain_episode() or self._any_episode()

    def _plain_episode(self) -> RecordedEpisode | None:
        """Return an episode of nothing but plain steps, of all agents; None for any other."""
        if self._plain is None or self._columns or self._plain.agents != self._agents:
            return None
        span = Span(first=self._plain_from, length=self.length)
        if any(row < self.length for row in self._left.values()) or not self._joined.keys() <= set(self._agents):
            return None
        status = np.full((self.length + 1, len(self._agents)), _ACTING, np.uint8)
        status[self.length] = _WAITING
        return RecordedEpisode(
            agents=self._agents,
            length=self.length,
            rows=self.length + 1,
            end=self._end,
            status=status,
            columns=self._plain.columns(span),
            labels=self._labels,
            is_plain=True,
        )

    def _any_episode(self) -> RecordedEpisode:
        self.end_plain()
        rows = self.length + any(column.has(self.length) for column in self._columns.values())
        of_agents = [c for c in self._columns.values() if isinstance(c, KeptByAgent) and c.is_there]
        runs = {column.field: column.runs() for column in of_agents}
        presence = presence_of(self._agents, list(runs.values()), joined=self._joined, left=self._left, n_rows=rows)
        columns = {field: found.column(presence.agents, rows) for field, found in runs.items()}
        columns |= {c.field: c.column(rows) for c in self._columns.values() if isinstance(c, KeptValues)}
        episode = RecordedEpisode(
            agents=presence.agents,
            length=self.length,
            rows=rows,
            end=self._end,
            status=presence.status,
            columns=columns,
            labels=self._labels,
        )
        check_episode(episode)
        return episode

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
