"""Environments that step together; each goes from episode to episode in its own time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.errors import UsageError
from convscope.recording.episode import GivenColumn, Labels, Numbers, RecordedEpisode, recorded_episode
from convscope.recording.journal import Journal
from convscope.recording.stacking import stacked
from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.status import EndKind, Status

_Key: TypeAlias = tuple[str, str | None]
"""Name of a column, and the agent that an array is of; None where it is of all."""
_Arrays: TypeAlias = dict[_Key, Numbers]
_ACTING, _OUT = ("", "acting"), ("", "out")
"""Keys of who acts, and of who is out after the step, among the columns."""


class BatchTrace:
    """Takes the steps of E environments with N agents each; made by `Recorder.start_batch`.

    An environment begins an episode with the first step in which it takes part, and ends it with one of its steps.

    Parameters
    ----------
    agents
        In the order of the agent axis.
    n_envs
        Environments.
    journal
        Takes the finished episodes.
    sees_death
        Whether what there is of an agent after the step that puts it out is its own last observation.

    Raises
    ------
    UsageError
        If there are no agents.
    """

    def __init__(self, agents: Sequence[str], n_envs: int, journal: Journal, *, sees_death: bool) -> None:
        if not agents:
            raise UsageError("environments that step together have an axis of agents: name them (agents=[...])")
        self.is_open: BoolArray = np.zeros(n_envs, np.bool_)
        """Which environments are in an episode."""
        self.lengths: IntArray = np.zeros(n_envs, np.int64)
        """Steps of these episodes so far."""
        self.agents = tuple(agents)
        """In the order of the agent axis."""
        self._everybody: BoolArray = np.ones((n_envs, len(self.agents)), np.bool_)
        self._journal = journal
        self._sees_death = sees_death
        self._labels = [Labels()] * n_envs
        self._starts: IntArray = np.zeros(n_envs, np.int64)
        self._steps: list[_Kept] = []
        self._n_forgotten = 0

    def begin(self, envs: npt.ArrayLike, labels: Labels | None = None) -> None:
        """Begin an episode in some environments; one that goes on there is cut.

        It is needed after a reset in the middle of an episode, and where steps that belong to none come in between.

        Parameters
        ----------
        envs
            Whether each is one of them, shape (E,).
        labels
            What the episodes belong to; the labels of the recorder at this moment when left out.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        chosen = self._flags(envs)
        self.end(dict.fromkeys(np.flatnonzero(chosen).tolist(), EndKind.CUT))
        self.is_open |= chosen
        self.lengths[chosen] = 0
        self._starts[chosen] = self._n_forgotten + len(self._steps)
        for env in np.flatnonzero(chosen).tolist():
            self._labels[env] = labels or self._journal.labels
        if self.is_open.any():
            self._journal.going_on[id(self)] = self

    def step(
        self,
        columns: Mapping[str, GivenColumn],
        *,
        after: Mapping[str, GivenColumn] | None = None,
        ends: Mapping[int, EndKind] | None = None,
        is_acting: npt.ArrayLike | None = None,
        is_out: npt.ArrayLike | None = None,
        takes_part: npt.ArrayLike | None = None,
    ) -> None:
        """Keep a copy of a step, and hand on the episodes that end with it.

        Parameters
        ----------
        columns
            By name, as `Recorder.add_episode` has them, with environments in the place of time: what there is before
            agents act, what they do, and what they get for it.
        after
            Those of the columns that are there after the step as well, before any reset.
        ends
            How episodes end with this step, by environment.
        is_acting
            Who acts, shape (E, N); all who are in the game when left out.
        is_out
            Who is out of the game after the step, shape (E, N); nobody when left out.
        takes_part
            Environments that step, shape (E,); all when left out. One whose episode is over must not take part before
            it was reset.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        part = np.ones_like(self.is_open) if takes_part is None else self._flags(takes_part)
        before, following = _parts(columns), _parts(after or {})
        _check_copied(before, following)
        kept = _Kept(columns=self._copied(before), after=self._copied(following), takes_part=part)
        kept.columns[_ACTING] = self._everybody if is_acting is None else self._flags(is_acting, of_agents=True)
        kept.columns[_OUT] = ~self._everybody if is_out is None else self._flags(is_out, of_agents=True)
        is_new = part & ~self.is_open
        if is_new.any():
            self.begin(is_new)
        if self._steps and part.all():  # what there was after an environment's last step alone is needed
            self._steps[-1].after.clear()
        self._steps.append(kept)
        self.lengths += part
        self.end({env: end for env, end in (ends or {}).items() if part[env]})

    def end(self, ends: Mapping[int, EndKind], is_out: npt.ArrayLike | None = None) -> None:
        """End episodes with the last step, where that is known only now.

        Parameters
        ----------
        ends
            How, by environment; one that is in no episode is left alone.
        is_out
            Who is out of the game after that step, shape (E, N).

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        if self._steps and is_out is not None:
            self._steps[-1].columns[_OUT] = self._flags(is_out, of_agents=True)
        end_of = {env: ends[env] for env in sorted(ends) if self.is_open[env]}
        if not end_of:
            return
        envs = np.array(list(end_of), dtype=np.int64)
        self.is_open[envs] = False
        starts = self._starts[envs]
        finished: list[RecordedEpisode] = []
        refused: UsageError | None = None
        for start in sorted(set(starts.tolist())):
            try:
                finished += self._episodes(self._steps[start - self._n_forgotten :], envs[starts == start], end_of)
            except UsageError as error:
                refused = error
        self._forget()
        if finished:
            self._journal.add(*finished)
        if refused is not None:
            raise refused

    def cut(self) -> None:
        """End all episodes in the middle."""
        self.end(dict.fromkeys(range(len(self.is_open)), EndKind.CUT))

    def _forget(self) -> None:
        """Drop what no episode that goes on needs."""
        first = int(self._starts[self.is_open].min(initial=self._n_forgotten + len(self._steps)))
        del self._steps[: first - self._n_forgotten]
        self._n_forgotten = first
        if not self.is_open.any():
            self._journal.going_on.pop(id(self), None)

    def _episodes(
        self, steps: Sequence["_Kept"], envs: IntArray, end_of: Mapping[int, EndKind]
    ) -> Iterator[RecordedEpisode]:
        """Make episodes of environments that began one in the same step; one without a step is nothing."""
        if not steps:
            return
        keys = dict.fromkeys(key for step in steps for key in step.columns)
        tables = {key: _table(steps, key, envs) for key in keys}
        has_part = np.stack([step.takes_part[envs] for step in steps])
        for place, env in enumerate(envs.tolist()):
            own = np.flatnonzero(has_part[:, place])
            if not len(own):
                continue
            columns = {key: table[own, place] for key, table in tables.items()}
            acting, out = columns.pop(_ACTING), columns.pop(_OUT)
            after = steps[own[-1]].after
            for key in columns.keys() & after.keys():
                columns[key] = np.concatenate([columns[key], after[key][env : env + 1]])
            yield recorded_episode(
                _by_name(columns),
                agents=self.agents,
                end=end_of[env],
                length=len(own),
                status=_status(acting != 0, out != 0, has_final=bool(after), sees_death=self._sees_death),
                labels=self._labels[env],
            )

    def _copied(self, parts: Mapping[_Key, npt.ArrayLike]) -> _Arrays:
        arrays: _Arrays = {key: np.array(part) for key, part in parts.items()}
        for (name, _), array in arrays.items():
            if array.shape[:1] != self.is_open.shape:
                n_envs = len(self.is_open)
                raise UsageError(f"{name} has shape {array.shape}; expected {n_envs} environments as first axis")
        return arrays

    def _flags(self, given: npt.ArrayLike, *, of_agents: bool = False) -> BoolArray:
        flags = np.array(given, np.bool_)
        expected = self._everybody.shape if of_agents else self.is_open.shape
        if flags.shape != expected:
            raise UsageError(f"flags have shape {flags.shape}; expected {expected}")
        return flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kept:
    """A step, copied."""

    columns: _Arrays
    after: _Arrays
    takes_part: BoolArray


def _parts(columns: Mapping[str, GivenColumn]) -> dict[_Key, npt.ArrayLike]:
    """Return all arrays of some columns."""
    parts: dict[_Key, npt.ArrayLike] = {}
    for name, column in columns.items():
        agents = column.items() if isinstance(column, Mapping) else ((None, column),)
        parts |= {(name, agent): part for agent, part in agents}
    return parts


def _check_copied(before: Mapping[_Key, npt.ArrayLike], after: Mapping[_Key, npt.ArrayLike]) -> None:
    """Refuse what an environment wrote over since."""
    for (name, agent), part in after.items():
        if isinstance(part, np.ndarray) and part is before.get((name, agent)):
            raise UsageError(
                f"{name} before and after the step are one array, which the environment writes over: hand over a copy "
                "that was made before the step"
            )


def _table(steps: Sequence[_Kept], key: _Key, envs: IntArray) -> Numbers:
    """Return a column of some environments, time first; what a step lacks of it is missing."""
    found = [step.columns.get(key) for step in steps]
    some = next(values for values in found if values is not None)
    if any(values is None for values in found):
        missing = np.full(some.shape, np.nan, np.result_type(some, np.float32))
        found = [missing if values is None else values for values in found]
    return stacked(key[0], [values.take(envs, axis=0) for values in found if values is not None])


def _by_name(arrays: _Arrays) -> dict[str, GivenColumn]:
    whole: dict[str, GivenColumn] = {name: values for (name, agent), values in arrays.items() if agent is None}
    by_agent: dict[str, dict[str, Numbers]] = {}
    for (name, agent), values in arrays.items():
        if agent is not None:
            by_agent.setdefault(name, {})[agent] = values
    return {**whole, **by_agent}


def _status(is_acting: BoolArray, is_out: BoolArray, *, has_final: bool, sees_death: bool) -> ByteArray:
    """Return the status in every row, shape (T or T + 1, N).

    Parameters
    ----------
    is_acting, is_out
        Who acts in a step, and who is out after it, shape (T, N).
    has_final
        Whether a final observation closes the episode.
    sees_death
        Whether the row after the step that puts an agent out is its own.
    """
    nobody = np.zeros_like(is_out[:1])
    was_out = np.concatenate([nobody, is_out])
    is_dead = was_out & np.concatenate([nobody, was_out[:-1]]) if sees_death else was_out
    status = np.full(was_out.shape, Status.WAITING, np.uint8)
    status[:-1][is_acting & ~was_out[:-1]] = Status.ACTING
    status[is_dead] = Status.DEAD
    return status if has_final else status[:-1]
