"""Single Gymnasium environments that hold several agents, with a tuple, a mapping or an axis of them."""

from typing import Any, Protocol, TypeAlias

import numpy as np

from convscope_loaders.recorders.agent_axis import ByAgent, one_environment
from convscope_loaders.recorders.gymnasium_batch import GymnasiumBatch, GymnasiumEnv, GymnasiumRecording

Outcome: TypeAlias = tuple[Any, Any, Any, Any, dict[str, Any]]
_ALL = np.ones(1, np.bool_)


class Env(GymnasiumEnv, Protocol):
    """An environment."""

    action_space: object

    def reset(self, *, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        ...

    def step(self, action: Any) -> Outcome:  # noqa: ANN401  of any space
        """Let all agents act."""
        ...


class SingleRecording(GymnasiumRecording[Env]):
    """Records a single environment."""

    def _batch_of(self) -> GymnasiumBatch:
        return GymnasiumBatch(self.recorder, self._extras, action_space=self.env.action_space, n_envs=1)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        observations, infos = self.env.reset(seed=seed, options=options)
        self._batch.begin(self._columns(observations, infos), _ALL)
        return observations, infos

    def step(self, action: Any) -> Outcome:  # noqa: ANN401  of any space
        """Let all agents act."""
        outcome = self.env.step(action)
        observations, rewards, terminated, truncated, infos = outcome
        ends = self._batch.ends(one_environment(terminated), one_environment(truncated))
        seen = self._columns(observations, infos)
        self._batch.step(one_environment(action), one_environment(rewards), after=seen, ends=ends)
        self._batch.begin(seen, ~_ALL)
        return outcome

    def _columns(self, observations: Any, infos: dict[str, Any]) -> dict[str, ByAgent]:  # noqa: ANN401
        told = {name: one_environment(infos[name]) for name in ("action_mask",) if name in infos}
        columns = self._batch.columns(one_environment(observations), told)
        if self._extras.positions is not None:
            columns["positions"] = one_environment(self._extras.positions(self.env))
        return columns
