"""An episode that is recorded while it goes on, step by step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Labels, RecordedEpisode, check_episode
from convscope.recording.journal import Journal
from convscope.recording.kept import KeptByAgent, KeptValues
from convscope.recording.names import column_named
from convscope.recording.presence import presence_of
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, Level
from convscope.values.status import EndKind


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
        self.length = 0
        self._agents = tuple(agents)
        self._labels = labels
        self._journal = journal
        self._columns: dict[str, KeptByAgent | KeptValues] = {}
        self._steps: list[tuple[Any, ...]] = []
        self._joined: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._end = EndKind.CUT
        journal.going_on[id(self)] = self

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
        self.length += 1

    def advance(
        self, actions: Mapping[str, object], rewards: Mapping[str, object], observations: Mapping[str, Any]
    ) -> None:
        """Do the same as `act` with actions and rewards, then `observe` with observations, in less time.

        Parameters
        ----------
        actions, rewards
            Single numbers.
        observations
            Arrays.
        """
        copies = [observation.copy() for observation in observations.values()]
        acting, rewarded = tuple(actions.values()), tuple(rewards.values())
        self._steps.append((self.length, tuple(actions), acting, tuple(rewards), rewarded, tuple(observations), copies))
        self.length += 1

    def finish(self, end: EndKind) -> None:
        """End the episode and hand it on; one without a timestep is nothing.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        self._end = end
        self._journal.going_on.pop(id(self), None)
        if self.length:
            self._journal.add(self)

    def cut(self) -> None:
        """End the episode in the middle."""
        self.finish(EndKind.CUT)

    @property
    def n_bytes(self) -> int:
        """Memory that the episode takes, about."""
        of_steps = (
            sum(observation.nbytes for observation in self._steps[0][-1]) * len(self._steps) if self._steps else 0
        )
        return of_steps + sum(column.n_bytes for column in self._columns.values())

    def episode(self) -> RecordedEpisode:
        """Return the finished episode.

        Raises
        ------
        UsageError
            If a column holds something else than numbers, or changes its shape.
        """
        self._unfold_steps()
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

    def _unfold_steps(self) -> None:
        if not self._steps:
            return
        rows, acting, actions, rewarded, rewards, observing, observations = zip(*self._steps, strict=True)
        found = {
            ACTIONS: (rows, acting, actions),
            REWARDS: (rows, rewarded, rewards),
            OBSERVATIONS: ([row + 1 for row in rows], observing, observations),
        }
        for name, entries in found.items():
            column = self._columns.get(name) or self._new_column(name)
            if isinstance(column, KeptByAgent):
                column.put_copies(*entries)
        self._steps = []

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
