"""Steps of TorchRL's environments, as TensorDicts hold them: what there is before a step, and after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.record import BatchTrace, EndKind, Extras, Recorder
from convscope.recording.captured import numbers_of
from convscope.recording.episode import Numbers
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS, HIDDEN_STATES, OBSERVATIONS, REWARDS, STATE, TEAM_REWARDS
from convscope_loaders.recorders.tensordict_actions import chosen, space_of
from convscope_loaders.recorders.tensordict_capture import Capture
from convscope_loaders.recorders.tensordict_groups import Column, Part, side_by_side, together
from convscope_loaders.recorders.tensordict_keys import (
    DONE,
    TERMINATED,
    TRUNCATED,
    EnvKeys,
    GroupKeys,
    specs_of,
    time_limit,
)
from convscope_loaders.recorders.tensordict_types import Environment, Key, TensorDict

_GOES_ON = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Steps, with leading axes: environments, then time or nothing."""

    columns: Mapping[str, Column]
    after: Mapping[str, Column]
    kinds: IntArray
    """How an episode ends with a step; negative where it goes on."""
    is_acting: BoolArray | None
    is_out: BoolArray | None

    def each(self, change: Callable[[Numbers], Numbers]) -> "Rows":
        """Return the same after a change of all arrays' leading axes."""
        return Rows(
            columns={name: _changed(column, change) for name, column in self.columns.items()},
            after={name: _changed(column, change) for name, column in self.after.items()},
            kinds=change(self.kinds).astype(np.int64),
            is_acting=None if self.is_acting is None else change(self.is_acting).astype(np.bool_),
            is_out=None if self.is_out is None else change(self.is_out).astype(np.bool_),
        )

    def at(self, time: int) -> "Rows":
        """Return the steps of one time, which is the second axis."""
        return self.each(lambda values: values[:, time])

    def hand_on(
        self, trace: BatchTrace, limit: int | None, *, takes_part: BoolArray | None = None
    ) -> Mapping[int, EndKind]:
        """Hand on the one step that these are, without an axis of time; return how episodes end, by environment.

        Parameters
        ----------
        trace
            Takes it.
        limit
            Steps after which an end may be the time limit's.
        takes_part
            Environments that step; all when left out.
        """
        may_be_limit = (self.kinds == EndKind.TERMINATED) & (trace.lengths + 1 == limit)
        kinds = np.where(may_be_limit, EndKind.AMBIGUOUS, self.kinds)
        ends = {env: EndKind(kinds[env]) for env in np.flatnonzero(kinds >= 0).tolist()}
        trace.step(
            self.columns,
            after=self.after,
            ends=ends,
            is_acting=self.is_acting,
            is_out=self.is_out,
            takes_part=takes_part,
        )
        return ends


class StepReader:
    """Reads the steps of one environment.

    Parameters
    ----------
    env
        The environment.
    keys
        Which of its keys hold what.
    recorder, extras
        What is told about the agents, and what is recorded beside observations, actions and rewards.
    """

    def __init__(self, env: Environment, keys: EnvKeys, *, recorder: Recorder, extras: Extras) -> None:
        self._keys = keys
        self._spec_of = specs_of(env, keys)
        self._capture = Capture(extras.capture, [of_group.group for of_group in keys.groups], recorder.note)
        self._keeps_state = extras.keeps_state and keys.has_state
        spaces = {agent: space_of(spec, len(env.batch_size)) for agent, spec in self._spec_of.items()}
        recorder.agents = recorder.agents or keys.agents
        recorder.describe(
            action_spaces={agent: space for agent, space in spaces.items() if space is not None},
            groups={of_group.group.name: of_group.group.agents for of_group in keys.groups},
            framework="TorchRL",
        )
        for sentence in keys.assumptions():
            recorder.assume(sentence)
        self.limit = time_limit(env)
        """Steps after which an end may be the time limit's."""
        if self.limit is not None:
            recorder.assume(
                f"an end after {self.limit} steps, the max_steps of the environment, may be the time limit's or the "
                "task's"
            )
        if extras.keeps_state and not keys.has_state:
            recorder.note("the environment does not tell its state, which was to be recorded")

    def read(self, before: TensorDict, after: TensorDict) -> Rows:
        """Return steps, with the leading axes of the TensorDicts.

        Parameters
        ----------
        before, after
            What there is before a step, with what the policy added, and after it.
        """
        captured, captured_after = self._capture.take(before, after)
        columns = {**self._seen(before), **captured, **self._acted(before, after)}
        seen_after = {**self._seen(after), **captured_after}
        return Rows(
            columns=columns,
            after={name: column for name, column in seen_after.items() if name in columns},
            kinds=self._kinds(after),
            is_acting=self._flags_of_agents(before, lambda keys: keys.masks, otherwise=True),
            is_out=self._flags_of_agents(after, lambda keys: ((DONE,),) if DONE in keys.flags else (), otherwise=False),
        )

    def _seen(self, rows: TensorDict) -> dict[str, Column]:
        columns = {
            OBSERVATIONS: self._of_groups(rows, lambda keys: keys.observations),
            ACTION_MASKS: self._of_groups(rows, lambda keys: keys.action_masks),
        }
        if HIDDEN_STATES not in self._capture.fields:
            columns[HIDDEN_STATES] = self._hidden(rows)
        if self._keeps_state:
            columns[STATE] = numbers_of(rows.get("state"))
        return {name: column for name, column in columns.items() if column is not None}

    def _acted(self, before: TensorDict, after: TensorDict) -> dict[str, Column]:
        rank = before.batch_dims
        actions = [
            (agents, chosen(values, self._spec_of[agents[0]]))
            for keys in self._keys.groups
            for agents, values in keys.group.parts(before, keys.action)
        ]
        columns = {
            ACTIONS: together(actions, self._keys.agents, rank),
            REWARDS: self._of_groups(after, lambda keys: keys.rewards, is_single=True),
        }
        for key in self._keys.rewards:
            columns[TEAM_REWARDS] = _single(numbers_of(after.get(key)), rank)
        return {name: column for name, column in columns.items() if column is not None}

    def _hidden(self, rows: TensorDict) -> Column | None:
        """Return hidden states as flat rows; missing ones where something between left them out, as collectors do."""
        lead, rank = tuple(rows.batch_size), rows.batch_dims
        parts: list[Part] = []
        for keys in self._keys.groups:
            found = [of_key for key in keys.hidden if (of_key := keys.group.parts(rows, key))]
            missing = np.full((*lead, len(keys.group.agents), keys.hidden_width), np.nan, np.float32)
            parts += side_by_side(found, rank) if found else [(keys.group.agents, missing)] if keys.hidden else []
        return together(parts, self._keys.agents, rank)

    def _of_groups(
        self,
        rows: TensorDict,
        keys_of: Callable[[GroupKeys], Sequence[Key]],
        *,
        is_single: bool = False,
    ) -> Column | None:
        rank = rows.batch_dims
        parts: list[Part] = []
        for keys in self._keys.groups:
            found = [of_key for key in keys_of(keys) if (of_key := keys.group.parts(rows, key))]
            parts += found[0] if len(found) == 1 else side_by_side(found, rank) if found else []
        if is_single:
            parts = [(agents, _single(values, rank + 1)) for agents, values in parts]
        return together(parts, self._keys.agents, rank)

    def _flags_of_agents(
        self,
        rows: TensorDict,
        keys_of: Callable[[GroupKeys], Sequence[Key]],
        *,
        otherwise: bool,
    ) -> BoolArray | None:
        """Return flags of all agents after the leading axes; None where no group has them."""
        lead, rank = tuple(rows.batch_size), rows.batch_dims
        found: dict[str, BoolArray] = {}
        for keys in self._keys.groups:
            for key in keys_of(keys):
                for agents, values in keys.group.parts(rows, key):
                    flags = values.reshape(*lead, len(agents)) != 0
                    found |= {agent: flags[..., place] for place, agent in enumerate(agents)}
        default = np.full(lead, otherwise)
        return np.stack([found.get(agent, default) for agent in self._keys.agents], axis=rank) if found else None

    def _kinds(self, after: TensorDict) -> IntArray:
        is_done, is_terminated, is_truncated = (self._flag(after, name) for name in (DONE, TERMINATED, TRUNCATED))
        kinds = np.full(is_done.shape, _GOES_ON)
        kinds[is_done] = EndKind.UNKNOWN
        kinds[is_done & is_terminated] = EndKind.TERMINATED
        kinds[is_done & is_truncated] = EndKind.TRUNCATED
        kinds[is_done & is_terminated & is_truncated] = EndKind.AMBIGUOUS
        return kinds

    def _flag(self, after: TensorDict, name: str) -> BoolArray:
        """Return a flag of the team; where only agents have flags, all are done together, and one is enough to end."""
        lead = tuple(after.batch_size)
        if DONE in self._keys.flags:
            return (
                numbers_of(after.get(name)).reshape(lead) != 0 if name in self._keys.flags else np.zeros(lead, np.bool_)
            )
        flags = self._flags_of_agents(after, lambda keys: ((name,),) if name in keys.flags else (), otherwise=False)
        if flags is None:
            return np.zeros(lead, np.bool_)
        return np.asarray(flags.all(axis=-1) if name == DONE else flags.any(axis=-1))


def _single(values: Numbers, rank: int) -> Numbers:
    """Return values without a last axis of one."""
    return values[..., 0] if values.ndim == rank + 1 and values.shape[-1] == 1 else values


def _changed(column: Column, change: Callable[[Numbers], Numbers]) -> Column:
    return {agent: change(part) for agent, part in column.items()} if isinstance(column, dict) else change(column)
