"""Episodes of several environments that step together, cut out of what they hand over in one piece."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.recording.episode import GivenColumn, Labels, Numbers, recorded_episode
from convscope.recording.journal import Journal
from convscope.values.arrays import BoolArray
from convscope.values.status import EndKind

_STATUS = "status"
_Column: TypeAlias = Numbers | Mapping[str, Numbers]
_Columns: TypeAlias = Mapping[str, _Column]


class EpisodeBatch:
    """Records environments that step together; made by `Recorder.start_vector`.

    Each step is `observe`, then `act`, then `end` where an episode is over. Arrays have the axis of environments first:
    (B, N, ...) for agents, or a mapping from agents to (B, ...); (B, ...) for the team; (B, ..., receiver, sender) for
    pairs. They are copied.

    Parameters
    ----------
    agents
        In the order of the agent axis.
    n_envs
        Number of environments, B.
    journal
        Takes the episodes.
    """

    def __init__(self, agents: Sequence[str], n_envs: int, journal: Journal) -> None:
        self._agents = tuple(agents)
        self._journal = journal
        self._seen: list[_Columns] = []
        self._acted: list[_Columns] = []
        self._start = np.full(n_envs, -1)
        self._labels = [Labels()] * n_envs
        journal.going_on[id(self)] = self

    @property
    def is_open(self) -> BoolArray:
        """Whether each environment is in an episode, shape (B,)."""
        return np.asarray(self._start >= 0)

    def observe(self, columns: Mapping[str, GivenColumn], begins: npt.ArrayLike | None = None) -> None:
        """Keep what is there before the next action; a timestep begins.

        Parameters
        ----------
        columns
            By name, as `recorded_episode` takes them, after the axis of environments.
        begins
            Which environments begin an episode with it, shape (B,); one that is in an episode is cut. Left out: those
            that are in none.
        """
        is_new = ~self.is_open if begins is None else np.asarray(begins, dtype=np.bool_)
        self.end(is_new, [EndKind.CUT] * len(is_new), self._unanswered)
        del self._seen[len(self._acted) :]
        self._seen.append(_copied(columns))
        self._start[is_new] = len(self._seen) - 1
        for env in np.flatnonzero(is_new).tolist():
            self._labels[env] = self._journal.labels

    def act(self, columns: Mapping[str, GivenColumn], status: npt.ArrayLike | None = None) -> None:
        """Keep what happens in the timestep.

        Parameters
        ----------
        columns
            As for `observe`.
        status
            `Status` of each agent, (B, N); all act where it is left out.
        """
        self._acted.append(_copied(columns if status is None else {**columns, _STATUS: status}))

    def end(self, is_over: npt.ArrayLike, kinds: Sequence[EndKind], final: Mapping[str, GivenColumn]) -> None:
        """End episodes.

        Parameters
        ----------
        is_over
            Of which environments, shape (B,); those that are in none are left alone.
        kinds
            How each ends, of all environments.
        final
            What is observed after the last step, as for `observe`; empty where nobody knows.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        last = _copied(final)
        for env in np.flatnonzero(np.asarray(is_over, dtype=np.bool_) & self.is_open).tolist():
            self._end(env, kinds[env], last)
        self._forget()

    def cut(self) -> None:
        """End all episodes in the middle."""
        self._journal.going_on.pop(id(self), None)
        self.end(self.is_open, [EndKind.CUT] * len(self._start), self._unanswered)

    @property
    def _unanswered(self) -> _Columns:
        """What was observed last, if nobody has acted since."""
        return self._seen[-1] if len(self._seen) > len(self._acted) else {}

    def _end(self, env: int, kind: EndKind, final: _Columns) -> None:
        start, self._start[env] = int(self._start[env]), -1
        acted = self._acted[start:]
        if not acted:
            return
        seen = [*self._seen[start : start + len(acted)], *([final] if final else [])]
        names = {name: rows for rows in (seen, acted) for row in rows for name in row}
        columns = {name: _of_env([row.get(name) for row in rows], env) for name, rows in names.items()}
        status = columns.pop(_STATUS, None)
        self._journal.add(
            recorded_episode(
                columns,
                agents=self._agents,
                end=kind,
                length=len(acted),
                status=None if isinstance(status, Mapping) else status,
                labels=self._labels[env],
            )
        )

    def _forget(self) -> None:
        """Drop what no episode that goes on needs."""
        first = int(self._start[self.is_open].min(initial=len(self._seen)))
        del self._seen[:first], self._acted[:first]
        self._start[self.is_open] -= first


def _copied(columns: Mapping[str, GivenColumn]) -> _Columns:
    return {
        name: {agent: np.array(part) for agent, part in values.items()}
        if isinstance(values, Mapping)
        else np.array(values)
        for name, values in columns.items()
    }


def _of_env(rows: Sequence[_Column | None], env: int) -> _Column:
    """Return a column of one environment, time first; rows without it are missing."""
    by_agent = [row for row in rows if isinstance(row, Mapping)]
    arrays = [row for row in rows if row is not None and not isinstance(row, Mapping)]
    given = [number for number, row in enumerate(rows) if row is not None]
    if arrays:
        return _with_holes(np.array([row[env] for row in arrays]), given, len(rows))
    return {
        agent: _with_holes(np.array([row[agent][env] for row in by_agent]), given, len(rows)) for agent in by_agent[0]
    }


def _with_holes(values: Numbers, given: Sequence[int], n_rows: int) -> Numbers:
    if len(given) == given[-1] + 1 >= n_rows - 1:
        return values
    rows = np.full((n_rows, *values.shape[1:]), np.nan)
    rows[list(given)] = values
    return rows
