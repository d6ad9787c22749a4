"""JaxMARL environments, by a host callback in the body of the scan: ``io_callback(env, None, batch, ordered=True)``."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.record import BatchTrace, EndKind, Extras, Recorder
from convscope.recording.episode import GivenColumn
from convscope.recording.names import column_named
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS, OBSERVATIONS, POSITIONS, REWARDS, STATE
from convscope_loaders.recorders.jaxmarl_batches import Shape, counter_of, shape_of

_NAMES = {
    "obs": "observations",
    "action": "actions",
    "reward": "rewards",
    "done": "dones",
    "last_done": "last_dones",
    "avail_actions": "action_masks",
    "env_state": "state",
}
"""Other names of what a batch holds."""


class RecordedJaxEnv:
    """Stands in for a JaxMARL environment; called on the host with what happens in a step, it records that.

    A batch is a mapping or a named tuple, of all environments, with an entry for each of these:

    - ``obs`` before the step, ``actions``, and ``rewards`` and ``dones`` as the step returns them; by agent, or folded
      as JaxMARL's baselines do it. In the place of ``dones`` there may be ``last_done``, the flags that the step before
      returned, as the recurrent baselines carry them.
    - ``avail_actions``, ``world_state`` and ``state`` (the environments' own), before the step, where there are any.
    - What is captured, under the names that were given.

    Parameters
    ----------
    env
        The environment.
    recorder
        Takes its episodes.
    extras
        What is recorded beside observations, actions and rewards; ``positions`` takes the environments' own state.
    """

    def __init__(self, env: Any, recorder: Recorder, extras: Extras) -> None:  # noqa: ANN401  of any class
        if extras.model is not None:
            raise UsageError(
                "modules of JAX cannot be looked into; put what they give out into the batch, and capture it"
            )
        self.recorder = recorder
        self._env = env
        self._extras = extras
        self._agents = tuple(env.agents)
        self._limit = getattr(env, "max_steps", None)
        self._trace: BatchTrace | None = None
        recorder.agents = recorder.agents or self._agents
        recorder.describe(
            action_spaces={agent: env.action_space(agent) for agent in self._agents},
            framework="JaxMARL",
            environment=str(getattr(env, "name", type(env).__name__)),
        )
        recorder.assume(
            "what is seen at the end of an episode is not there: the environment starts anew in the same step"
        )
        recorder.assume(
            "the environment does not tell time limits from ends of the task"
            + ("" if self._limit is None else f"; an end after {self._limit} steps or more may be either")
        )

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what the environment has
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["_env"], name)

    def __call__(self, batch: Any) -> None:  # noqa: ANN401  a mapping or a named tuple
        """Keep a step of all environments.

        Raises
        ------
        UsageError
            If something of it is missing, or its shapes do not fit.
        """
        given: Mapping[str, Any] = batch._asdict() if hasattr(batch, "_asdict") else batch
        named = {_NAMES.get(name, name): value for name, value in given.items()}
        _check(named, given)
        shape = shape_of(named, self._agents)
        if self._trace is not None and len(self._trace.is_open) != shape.n_envs:
            self._trace.cut()
            self._trace = None
        if self._trace is None:
            self._trace = self.recorder.start_batch(shape.n_envs, agents=self._agents, sees_death=False)
        self._begin_where_new(self._trace, shape, named)
        flag = next((name for name in ("global_done", "dones") if name in named), None)
        is_over, own = shape.flags(flag, named[flag]) if flag else (np.zeros(shape.n_envs, np.bool_), None)
        self._trace.step(
            {**self._columns(shape, named), **self._captured(shape, given)},
            ends=self._ends(is_over, self._trace.lengths + 1),
            is_out=own if flag == "dones" else None,
        )

    def begin(self) -> None:
        """Say that all environments were reset, which a ``state`` in the batch says by itself: what goes on is cut."""
        sys.modules["jax"].effects_barrier()
        if self._trace is not None:
            self._trace.cut()

    def close(self) -> None:
        """Wait for what is under way, cut the episodes that go on, and close the recorder if it was made for this."""
        sys.modules["jax"].effects_barrier()
        if self._trace is not None:
            self._trace.cut()
        if self._extras.closes:
            self.recorder.close()

    def _begin_where_new(self, trace: BatchTrace, shape: Shape, named: Mapping[str, Any]) -> None:
        if "last_dones" in named:
            is_over, own = shape.flags("last_done", named["last_dones"])
            trace.end({} if "global_done" in named else self._ends(is_over, trace.lengths), is_out=own)
        counter = counter_of(named.get("state"))
        if counter is None:
            self.recorder.assume(
                "an episode goes on from one rollout to the next, unless begin() was called in between"
            )
        else:
            trace.begin((shape.of_envs("state", counter) == 0) & (trace.lengths > 0))

    def _ends(self, is_over: BoolArray, lengths: IntArray) -> dict[int, EndKind]:
        envs = np.flatnonzero(is_over).tolist()
        if self._limit is None:
            return dict.fromkeys(envs, EndKind.UNKNOWN)
        return {env: EndKind.AMBIGUOUS if lengths[env] >= self._limit else EndKind.TERMINATED for env in envs}

    def _columns(self, shape: Shape, named: Mapping[str, Any]) -> dict[str, GivenColumn]:
        columns = {
            OBSERVATIONS: shape.of_agents("obs", named["observations"]),
            ACTIONS: shape.of_agents("actions", named["actions"]),
            REWARDS: shape.of_agents("rewards", named["rewards"]),
        }
        if "action_masks" in named:
            columns[ACTION_MASKS] = shape.of_agents("avail_actions", named["action_masks"])
        if self._extras.keeps_state:
            if "world_state" not in named:
                raise UsageError("the state of the world is to be recorded, and no world_state is in the batch")
            columns[STATE] = shape.of_envs("world_state", named["world_state"])
        if self._extras.positions is not None:
            if "state" not in named:
                raise UsageError("positions are to be recorded, and no state of the environments is in the batch")
            columns[POSITIONS] = shape.of_places(self._extras.positions(named["state"]))
        return columns

    def _captured(self, shape: Shape, given: Mapping[str, Any]) -> dict[str, GivenColumn]:
        columns: dict[str, GivenColumn] = {}
        for column, name in self._extras.capture.items():
            if name in given:
                columns[column] = shape.column(str(name), column_named(column)[1], given[str(name)])
            else:
                self.recorder.note(
                    f"capture: the batch has no {name}, which {column} was to be; it has {', '.join(sorted(given))}"
                )
        return columns


class JaxMARLAdapter:
    """Records environments of JaxMARL."""

    name = "jaxmarl"
    description = "environments of JaxMARL, with io_callback(env, None, batch, ordered=True) in the body of the scan"

    def fits(self, env: object) -> bool:
        """Whether it is one, or a wrapper around one; false for everything as long as JaxMARL is not imported."""
        is_of_jaxmarl = any(kind.__module__.partition(".")[0] == "jaxmarl" for kind in type(env).__mro__)
        return is_of_jaxmarl and hasattr(env, "agents") and hasattr(env, "action_space")

    def wrap(self, env: object, recorder: Recorder, extras: Extras) -> object:
        """Return what stands in for the environment, and is called with each step."""
        return RecordedJaxEnv(env, recorder, extras)


def _check(named: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    missing = [name for name in ("observations", "actions", "rewards") if name not in named]
    if missing:
        raise UsageError(f"the batch has no {', '.join(missing)}; it has {', '.join(sorted(given))}")
    if {"global_done", "dones"} <= named.keys():
        raise UsageError(
            "done beside global_done may be the flags before the step or after it; call them last_done or dones, and "
            "leave global_done out in the second case"
        )
    if not {"global_done", "dones", "last_dones"} & named.keys():
        raise UsageError("the batch has no dones, nor last_done: nothing tells where episodes end")


ADAPTER = JaxMARLAdapter()
"""What the entry point names."""
