"""What Gymnasium environments with several agents hand over, as columns of the episodes that it makes."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from convscope.errors import UsageError
from convscope.record import EndKind, Extras, Recorder
from convscope.recording.capture import Capture
from convscope.recording.ends import end_of
from convscope.values.arrays import BoolArray
from convscope_loaders.recorders.agent_axis import ByAgent, Numbers, action_spaces, agent_names, by_agent, first_actions
from convscope_loaders.recorders.wrapping import Closable, Recording

_OWN, _MASK = "observation", "action_mask"


class GymnasiumBatch:
    """Records environments that step together, of which each holds the same agents.

    Parameters
    ----------
    recorder
        Takes the episodes.
    extras
        What is recorded beside observations, actions and rewards.
    action_space
        Of all agents of one environment.
    n_envs
        Number of environments.
    """

    def __init__(self, recorder: Recorder, extras: Extras, *, action_space: object, n_envs: int) -> None:
        agents = agent_names(action_space, recorder.agents)
        if agents is None:
            raise UsageError(
                f"which axis of the actions {action_space} is the agents? Name them: convscope.record(env, path, "
                'agents=["agent_0", "agent_1"])'
            )
        if not recorder.agents:
            recorder.assume(f"the agents are called {', '.join(agents)}, as the action spaces are")
        recorder.agents = agents
        recorder.describe(action_spaces=action_spaces(action_space, agents), framework="Gymnasium")
        self.agents = agents
        if extras.keeps_state:
            raise UsageError("environments of Gymnasium tell no state; leave keeps_state out")
        self._capture = Capture(extras.capture, extras.model, recorder.note) if extras.capture else None
        self._first = first_actions(action_space, agents)
        if self._first.any():
            firsts = ", ".join(str(first) for first in self._first.tolist())
            recorder.assume(f"actions begin at {firsts} in the environment and at 0 in the log")
        self._trace = recorder.start_batch(n_envs)
        self._is_out = np.zeros((n_envs, len(agents)), np.bool_)
        self._seen: Mapping[str, ByAgent] = {}

    @property
    def is_open(self) -> BoolArray:
        """Whether each environment is in an episode, shape (B,)."""
        return self._trace.is_open.copy()

    def columns(self, observations: Any, infos: Mapping[str, Any]) -> dict[str, ByAgent]:  # noqa: ANN401
        """Return what is seen before the next action; values are those of all environments."""
        masks = infos.get(_MASK)
        if isinstance(observations, Mapping) and _OWN in observations:
            masks = observations.get(_MASK, masks)
            observations = observations[_OWN]
        columns = {"observations": by_agent(observations, self.agents, "observations")}
        if masks is not None:
            columns["action_masks"] = by_agent(masks, self.agents, "action masks")
        return columns

    def begin(self, seen: Mapping[str, ByAgent], begins: BoolArray) -> None:
        """Keep what is seen before the next action, in some environments for the first time in an episode."""
        self._seen = seen
        self._trace.begin(begins)
        self._is_out[begins] = False

    def ends(self, terminations: Numbers, truncations: Numbers) -> dict[int, EndKind]:
        """Return how episodes end with this step, by environment; flags are (B,), or (B, N) of each agent."""
        shape = self._is_out.shape
        terminated = np.broadcast_to(terminations.reshape(shape[0], -1), shape)
        truncated = np.broadcast_to(truncations.reshape(shape[0], -1), shape)
        was_in = ~self._is_out
        self._is_out |= terminated | truncated
        return {
            env: end_of(zip(terminated[env][was_in[env]], truncated[env][was_in[env]], strict=True))
            for env in np.flatnonzero(self._is_out.all(axis=1) & self.is_open).tolist()
        }

    def step(
        self,
        actions: Any,  # noqa: ANN401  what an environment is handed
        rewards: Any,  # noqa: ANN401  what an environment hands over
        *,
        after: Mapping[str, ByAgent],
        ends: Mapping[int, EndKind],
    ) -> None:
        """Keep a step: what agents do and get for it, what is seen after it, and how episodes end."""
        reward = np.asarray(rewards, dtype=np.float64)
        own = reward.ndim == 2 and reward.shape[1] == len(self.agents)
        columns = {**self._seen, "actions": self._counted(by_agent(actions, self.agents, "actions"))}
        columns["rewards" if own else "team_rewards"] = reward
        if self._capture is not None:
            columns |= self._capture.take_batch(len(self._is_out), len(self.agents))
        self._trace.step(columns, after=after, ends=ends, is_out=self._is_out, takes_part=self.is_open)
        if self._capture is not None and ends:
            self._capture.end_episode()

    def cut(self) -> None:
        """End all episodes in the middle."""
        self._trace.cut()

    def _counted(self, actions: ByAgent) -> ByAgent:
        """Return actions that count from 0."""
        if not self._first.any():
            return actions
        if isinstance(actions, dict):
            return {agent: actions[agent] - first for agent, first in zip(self.agents, self._first, strict=True)}
        return actions - self._first.reshape(-1, *(1,) * (actions.ndim - 2))


class GymnasiumEnv(Closable, Protocol):
    """A single or a vector environment."""

    spec: Any


GymnasiumT = TypeVar("GymnasiumT", bound=GymnasiumEnv)


class GymnasiumRecording(Recording[GymnasiumT]):
    """What records single and vector environments alike."""

    @abstractmethod
    def _batch_of(self) -> GymnasiumBatch:
        """Return what takes the steps of the environment."""

    def _begin(self) -> None:
        self._batch = self._batch_of()
        self.recorder.describe(environment=getattr(self.env.spec, "id", None))

    def _finish(self) -> None:
        self._batch.cut()
