"""The episodes of a TorchRL environment, which may be many that run side by side."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.record import BatchTrace, Extras, Recorder
from convscope.recording.capture import Capture
from convscope.recording.captured import numbers_of
from convscope.recording.episode import Numbers
from convscope.recording.names import column_named
from convscope.values.arrays import BoolArray
from convscope.values.fields import POSITIONS
from convscope_loaders.recorders.tensordict_groups import Column
from convscope_loaders.recorders.tensordict_keys import keys_of
from convscope_loaders.recorders.tensordict_steps import Rows, StepReader
from convscope_loaders.recorders.tensordict_types import Environment, TensorDict


class EnvRecording:
    """Takes what a transform sees.

    Parameters
    ----------
    env
        The environment that the transform stands around.
    recorder
        Takes its episodes.
    extras
        What is recorded beside observations, actions and rewards.
    """

    def __init__(self, env: Environment, recorder: Recorder, extras: Extras) -> None:
        self._env = env
        self._recorder = recorder
        self._extras = extras
        self._shape = tuple(env.batch_size)
        modules, keys = _sources(extras)
        self._modules = Capture(modules, extras.model, recorder.note) if modules else None
        self._keyed = replace(extras, capture=keys)
        self._opened: tuple[StepReader, BatchTrace] | None = None
        self._has_begun = False
        self._positions: Column | None = None

    def reset(self, reset: TensorDict) -> None:
        """Begin an episode in each environment that was reset; one that goes on there is cut."""
        self._begin(self._chosen(reset, "_reset"))

    def step(self, before: TensorDict, after: TensorDict) -> None:
        """Keep a step."""
        if tuple(before.batch_size) != self._shape:
            raise UsageError(
                f"a step of batch size {tuple(before.batch_size)} in an environment of batch size {self._shape} does "
                "not tell which of its environments stepped; record each of them"
            )
        if not self._has_begun:
            self._recorder.note("the recording began behind a reset: first episodes may lack their beginnings")
            self._begin(None)
        reader, trace = self._open()
        rows = reader.read(before, after).each(self._flat)
        given_out = self._given_out()
        fields = {column_named(column)[0] for column in given_out}
        columns = {column: values for column, values in rows.columns.items() if column not in fields}
        rows = replace(rows, columns={**columns, **given_out})
        stepped = self._chosen(before, "_step")
        # What an environment does between the end of an episode and its reset is nothing.
        takes_part = trace.is_open if stepped is None else trace.is_open & stepped
        ends = self._with_positions(rows).hand_on(trace, reader.limit, takes_part=takes_part)
        if self._modules is not None and ends:
            self._modules.end_episode()

    def close(self) -> None:
        """Cut the episodes that go on, and close the recorder if it was made for this environment."""
        if self._opened is not None:
            self._opened[1].cut()
        if self._extras.closes:
            self._recorder.close()

    def _open(self) -> tuple[StepReader, BatchTrace]:
        if self._opened is None:  # not before the first reset: environments in several workers know nothing earlier
            keys = keys_of(self._env)
            reader = StepReader(self._env, keys, recorder=self._recorder, extras=self._keyed)
            self._opened = reader, self._recorder.start_batch(prod(self._shape), agents=keys.agents)
        return self._opened

    def _begin(self, envs: BoolArray | None) -> None:
        self._has_begun = True
        _, trace = self._open()
        trace.begin(np.ones_like(trace.is_open) if envs is None else envs)
        if self._extras.positions is not None:
            self._positions = self._looked(self._extras.positions)

    def _chosen(self, rows: TensorDict, key: str) -> BoolArray | None:
        """Return the environments that a step or a reset is of; None where it is of all."""
        found = rows.get(key, None)
        return None if found is None else numbers_of(found).reshape(prod(self._shape)) != 0

    def _flat(self, values: Numbers) -> Numbers:
        """Return an array with one axis of environments."""
        return values.reshape(prod(self._shape), *values.shape[len(self._shape) :])

    def _given_out(self) -> dict[str, Column]:
        """Return what the policy's modules gave out since the last step."""
        if self._modules is None or self._opened is None:
            return {}
        agents = self._opened[1].agents
        if self._shape:
            return dict(self._modules.take_batch(prod(self._shape), len(agents)))
        found = self._modules.take(agents, agents)
        return {column: _alone(values) for column, values in found.items()}

    def _with_positions(self, rows: Rows) -> Rows:
        if self._extras.positions is None or self._positions is None:
            return rows
        before, self._positions = self._positions, self._looked(self._extras.positions)
        return replace(
            rows,
            columns={**rows.columns, POSITIONS: before},
            after={**rows.after, POSITIONS: self._positions},
        )

    def _looked(self, positions: Callable[[object], object]) -> Column:
        found = positions(self._env)
        if isinstance(found, Mapping):
            return {agent: self._flat(numbers_of(part)) for agent, part in found.items()}
        return self._flat(numbers_of(found))


def _alone(values: object) -> Column:
    """Return what one environment has, with an axis of environments."""
    if isinstance(values, Mapping):
        return {agent: numbers_of(part)[np.newaxis] for agent, part in values.items()}
    return numbers_of(values)[np.newaxis]


def _sources(extras: Extras) -> tuple[dict[str, object], dict[str, object]]:
    """Return what is captured from modules, and what by keys, by column."""
    found: Any = extras.model
    names = {name for name, _ in found.named_modules()} if hasattr(found, "named_modules") else set[str]()
    modules = {
        column: source
        for column, source in extras.capture.items()
        if source in names or callable(source) or hasattr(source, "register_forward_hook")
    }
    return modules, {column: source for column, source in extras.capture.items() if column not in modules}
