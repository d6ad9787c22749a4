"""An episode that is recorded while it goes on, step by step."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Labels, Numbers, RecordedColumn, RecordedEpisode, check_episode
from convscope.recording.journal import Journal
from convscope.recording.names import column_named
from convscope.recording.track import Track
from convscope.values.arrays import BoolArray, ByteArray
from convscope.values.fields import ACTIONS, ATTENTION, OBSERVATIONS, Level
from convscope.values.status import EndKind, Status

_CAPACITY = 32
"""Rows to have room for at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracks:
    name: str
    """Of the field."""
    level: Level
    of: dict[str, Track] = field(default_factory=dict)
    """By agent; under the empty name for the team and for pairs."""


class EpisodeTrace:
    """Takes what happens in an episode; made by `Recorder.start_episode`.

    Each timestep is `observe`, then `act`; what is observed after the last action is the final observation. Columns are
    named as `column_named` has it. A column of agents is a mapping from agents to values, or an array with an entry per
    agent; any other is one value.

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
        self._slot_of = {agent: slot for slot, agent in enumerate(agents)}
        self._labels = labels
        self._journal = journal
        self._columns: dict[str, _Tracks] = {}
        self._present: set[str] = set()
        self._left: set[str] = set()
        self._actors: Collection[str] = ()
        self._status: list[bytes] = []
        self._is_status_stale = True
        journal.going_on[id(self)] = self

    def join(self, agents: Iterable[str]) -> None:
        """Say that agents are there from now on; one of which anything is recorded is there in any case."""
        self._present.update(agents)
        self._is_status_stale = True

    def leave(self, agents: Iterable[str]) -> None:
        """Say that agents are out for the rest of the episode; what they observe next is their last."""
        self._left.update(agents)
        self._is_status_stale = True

    def observe(self, columns: Mapping[str, object]) -> None:
        """Keep what is there before the next action: observations, masks, positions, the state.

        Raises
        ------
        UsageError
            If a column is called like nothing or holds no numbers, or its shape has changed.
        """
        for name, values in columns.items():
            self._put(name, values)

    def act(self, columns: Mapping[str, object]) -> None:
        """Keep what happens in this timestep: actions, rewards, messages, attention. The next timestep begins.

        Agents that have actions act. Others wait if they are there, and are dead once they left.

        Raises
        ------
        UsageError
            As for `observe`.
        """
        for name, values in columns.items():
            self._put(name, values)
        actions = columns.get(ACTIONS)
        actors = actions.keys() if isinstance(actions, Mapping) else self._slot_of.keys()
        if self._is_status_stale or actors != self._actors:
            self._actors = set(actors)
            self._status.append(self._status_row(self._actors))
        else:
            self._status.append(self._status[-1])
        self.length += 1

    def finish(self, end: EndKind) -> None:
        """End the episode and hand it on; one without a timestep is nothing.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        self._journal.going_on.pop(id(self), None)
        if self.length:
            episode = self._episode(end)
            check_episode(episode)
            self._journal.add(episode)

    def cut(self) -> None:
        """End the episode in the middle."""
        self.finish(EndKind.CUT)

    def _put(self, name: str, values: object) -> None:
        tracks = self._columns.get(name) or self._new_tracks(name)
        row = self.length
        if tracks.level is not Level.AGENT:
            self._track(tracks, "").put(row, values)
            return
        for agent, value in self._by_agent(tracks.name, values):
            track = tracks.of.get(agent) or self._track(tracks, agent)
            track.put(row, value)

    def _by_agent(self, field: str, values: object) -> Iterable[tuple[str, object]]:
        if isinstance(values, Mapping):
            return values.items()
        entries = np.asarray(values)
        if entries.shape[:1] != (len(self._slot_of),):
            raise UsageError(
                f"{field} has shape {entries.shape}; expected an entry for each of {len(self._slot_of)} agents"
            )
        return zip(self._slot_of, entries, strict=True)

    def _new_tracks(self, name: str) -> _Tracks:
        field, level = column_named(name)
        if any(tracks.name == field for tracks in self._columns.values()):
            raise UsageError(f"two columns are the field {field}; {name} needs another name")
        return self._columns.setdefault(name, _Tracks(name=field, level=level))

    def _track(self, tracks: _Tracks, agent: str) -> Track:
        if tracks.level is Level.AGENT:
            self._slot_of.setdefault(agent, len(self._slot_of))
            self._present.add(agent)
            self._is_status_stale = True
        return tracks.of.setdefault(agent, Track(tracks.name, _CAPACITY))

    def _status_row(self, actors: Collection[str]) -> bytes:
        observed = self._columns.get(OBSERVATIONS)
        status = bytearray(len(self._slot_of))
        self._is_status_stale = False
        for agent, slot in self._slot_of.items():
            if agent in actors:
                status[slot] = Status.ACTING
            elif agent in self._left:
                # What an agent sees after its last action is kept, in a row in which it waits.
                is_last_seen = observed is not None and agent in observed.of and observed.of[agent].has(self.length)
                status[slot] = Status.WAITING if is_last_seen else Status.DEAD
                self._is_status_stale |= is_last_seen
            elif agent in self._present:
                status[slot] = Status.WAITING
        return bytes(status)

    def _episode(self, end: EndKind) -> RecordedEpisode:
        tracks = [track for column in self._columns.values() for track in column.of.values()]
        rows = self.length + any(track.has(self.length) for track in tracks)
        if rows > self.length:
            self._status.append(self._status_row(()))
        return RecordedEpisode(
            agents=tuple(self._slot_of),
            length=self.length,
            rows=rows,
            end=end,
            status=_status_array(self._status, len(self._slot_of)),
            columns={column.name: _column(column, rows) for column in self._columns.values() if column.of},
            labels=self._labels,
        )


def _status_array(rows: Sequence[bytes], n_agents: int) -> ByteArray:
    # Agents that joined later are absent in the rows before.
    status = np.frombuffer(b"".join(row.ljust(n_agents, b"\0") for row in rows), np.uint8).reshape(len(rows), n_agents)
    is_dead = status == Status.DEAD
    # An agent that came back had only paused: dead is for the rest of the episode.
    comes_back = np.logical_or.accumulate(~is_dead[::-1], axis=0)[::-1]
    return np.where(is_dead & comes_back, np.uint8(Status.WAITING), status)


def _column(tracks: _Tracks, n_rows: int) -> RecordedColumn:
    parts = {agent: track.part(n_rows) for agent, track in tracks.of.items()}
    if tracks.level is Level.AGENT:
        return RecordedColumn(
            level=tracks.level,
            by_agent={agent: values for agent, (values, _) in parts.items()},
            is_given={agent: is_given for agent, (_, is_given) in parts.items()},
        )
    values = _with_holes(*parts[""])
    is_one_head = tracks.name == ATTENTION and values.ndim == 3
    return RecordedColumn(level=tracks.level, values=values[:, np.newaxis] if is_one_head else values)


def _with_holes(values: Numbers, is_given: BoolArray) -> Numbers:
    if is_given.all():
        return values
    holed = values if values.dtype.kind == "f" else values.astype(np.float64)
    holed[~is_given] = np.nan
    return holed
