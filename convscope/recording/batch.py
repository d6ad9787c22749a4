"""Environments that run side by side and step together; each goes from episode to episode in its own time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from convscope.recording.episode import Labels, Numbers, recorded_episode
from convscope.recording.journal import Journal
from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.status import EndKind, Status

BatchColumn: TypeAlias = Numbers | Mapping[str, Numbers]
"""An array with environments first, then agents; or an array with environments first for each agent by name."""
_Key: TypeAlias = tuple[str, str | None]
"""Name of a column, and the agent that an array is of; None where it is of all."""
_Arrays: TypeAlias = dict[_Key, Numbers]
_ACTING, _OUT = ("", "acting"), ("", "out")
"""Keys of who acts, and of who is out after the step, among the columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchStep:
    """What happens in one step of E environments with N agents each."""

    columns: Mapping[str, BatchColumn]
    """By name, as `Recorder.add_episode` has them, with environments in the place of time: what there is before agents
    act, what they do, and what they get for it."""
    after: Mapping[str, BatchColumn] = field(default_factory=dict)
    """Those of the columns that are there after the step as well, before any reset."""
    ends: Mapping[int, EndKind] = field(default_factory=dict)
    """How episodes end with this step, by environment."""
    is_acting: BoolArray | None = None
    """Who acts, shape (E, N); all who are in the game when left out."""
    is_out: BoolArray | None = None
    """Who is out of the game after the step, shape (E, N); nobody when left out."""
    takes_part: BoolArray | None = None
    """Environments that step, shape (E,); all when left out."""


class BatchTrace:
    """Takes the steps of environments that run side by side; made by `Recorder.start_batch`.

    An environment begins an episode (`begin`) and ends it with one of its steps. What it does in between is nothing.

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
    """

    def __init__(self, agents: Sequence[str], n_envs: int, journal: Journal, *, sees_death: bool) -> None:
        self.is_open: BoolArray = np.zeros(n_envs, np.bool_)
        """Which environments are in an episode."""
        self.lengths: IntArray = np.zeros(n_envs, np.int64)
        """Steps of these episodes so far."""
        self.agents = tuple(agents)
        """In the order of the agent axis."""
        self._journal = journal
        self._sees_death = sees_death
        self._labels = [Labels()] * n_envs
        self._starts: IntArray = np.zeros(n_envs, np.int64)
        self._steps: list[_Kept] = []
        self._n_forgotten = 0
        journal.going_on[id(self)] = self

    def begin(self, envs: IntArray | Sequence[int], labels: Labels) -> None:
        """Begin an episode in some environments; one that goes on there is cut.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        chosen = np.asarray(envs, np.int64)
        self._finish(dict.fromkeys(chosen[self.is_open[chosen]].tolist(), EndKind.CUT))
        self.is_open[chosen] = True
        self.lengths[chosen] = 0
        self._starts[chosen] = self._n_forgotten + len(self._steps)
        for env in chosen.tolist():
            self._labels[env] = labels

    def step(self, step: BatchStep) -> None:
        """Keep a copy of a step, and hand on the episodes that end with it.

        Raises
        ------
        UsageError, OutputError
            As for `Recorder.add_episode`.
        """
        shape = (len(self.is_open), len(self.agents))
        columns, after = _copied(step.columns), _copied(step.after)
        columns[_ACTING] = np.ones(shape, np.bool_) if step.is_acting is None else step.is_acting.copy()
        columns[_OUT] = np.zeros(shape, np.bool_) if step.is_out is None else step.is_out.copy()
        part = np.ones(shape[0], np.bool_) if step.takes_part is None else step.takes_part.copy()
        if self._steps and not part.all():
            before = self._steps[-1].after
            for key in after.keys() & before.keys():
                after[key][~part] = before[key][~part]
        self._steps.append(_Kept(columns=columns, after=after, takes_part=part))
        self.lengths += part
        self._finish({env: end for env, end in step.ends.items() if self.is_open[env] and part[env]})

    def end(self, ends: Mapping[int, EndKind], is_out: BoolArray | None = None) -> None:
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
            self._steps[-1].columns[_OUT] = is_out.copy()
        self._finish({env: end for env, end in ends.items() if self.is_open[env]})

    def cut(self) -> None:
        """End all episodes in the middle."""
        self._finish(dict.fromkeys(np.flatnonzero(self.is_open).tolist(), EndKind.CUT))

    def close(self) -> None:
        """End all episodes in the middle; nothing more is to come."""
        self.cut()
        self._journal.going_on.pop(id(self), None)

    def _finish(self, end_of: Mapping[int, EndKind]) -> None:
        envs = np.array(sorted(end_of), dtype=np.int64)
        self.is_open[envs] = False
        for start in np.unique(self._starts[envs]).tolist():
            together = envs[self._starts[envs] == start].tolist()
            self._hand_on(self._steps[start - self._n_forgotten :], {env: end_of[env] for env in together})
        first = int(self._starts[self.is_open].min(initial=self._n_forgotten + len(self._steps)))
        del self._steps[: first - self._n_forgotten]
        self._n_forgotten = first

    def _hand_on(self, steps: Sequence["_Kept"], end_of: Mapping[int, EndKind]) -> None:
        """Make episodes of environments that began one in the same step."""
        if not steps:
            return
        envs = list(end_of)
        tables = {
            key: _stacked(steps, key, envs) for key in dict.fromkeys(key for step in steps for key in step.columns)
        }
        has_part = np.stack([step.takes_part[envs] for step in steps])
        for place, env in enumerate(envs):
            own = np.flatnonzero(has_part[:, place])
            if not len(own):
                continue
            columns = {key: table[own, place] for key, table in tables.items()}
            acting, out = columns.pop(_ACTING) != 0, columns.pop(_OUT) != 0
            for key in columns.keys() & steps[-1].after.keys():
                columns[key] = np.concatenate([columns[key], steps[-1].after[key][env : env + 1]])
            episode = recorded_episode(
                _by_name(columns),
                agents=self.agents,
                end=end_of[env],
                length=len(own),
                status=_status(acting, out, has_final=bool(steps[-1].after), sees_death=self._sees_death),
                labels=self._labels[env],
            )
            self._journal.add(episode)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kept:
    """A step, copied."""

    columns: _Arrays
    after: _Arrays
    takes_part: BoolArray


def _copied(columns: Mapping[str, BatchColumn]) -> _Arrays:
    arrays: _Arrays = {}
    for name, column in columns.items():
        parts = column.items() if isinstance(column, Mapping) else ((None, column),)
        arrays |= {(name, agent): np.array(part) for agent, part in parts}
    return arrays


def _stacked(steps: Sequence[_Kept], key: _Key, envs: Sequence[int]) -> Numbers:
    """Return a column of some environments, time first; what a step lacks of it is missing."""
    found = [step.columns.get(key) for step in steps]
    some = next(values for values in found if values is not None)
    if any(values is None for values in found):
        missing = np.full(some.shape, np.nan, np.result_type(some, np.float32))
        found = [missing if values is None else values for values in found]
    return np.stack([values[envs] for values in found if values is not None])


def _by_name(arrays: _Arrays) -> dict[str, Numbers | dict[str, Numbers]]:
    columns: dict[str, Numbers | dict[str, Numbers]] = {}
    for (name, agent), values in arrays.items():
        if agent is None:
            columns[name] = values
        else:
            by_agent = columns.setdefault(name, {})
            if isinstance(by_agent, dict):
                by_agent[agent] = values
    return columns


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
