"""Gymnasium vector environments with an agent axis, whichever way they start episodes anew."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from convscope.values.arrays import BoolArray
from convscope_loaders.recorders.agent_axis import ByAgent, Numbers, one_environment, with_environment
from convscope_loaders.recorders.gymnasium_batch import GymnasiumBatch, GymnasiumEnv, GymnasiumRecording

Outcome: TypeAlias = tuple[Any, Numbers, Numbers, Numbers, dict[str, Any]]
_FINAL = ("final_obs", "final_observation")


class VectorEnv(GymnasiumEnv, Protocol):
    """A vector environment."""

    num_envs: int
    metadata: Mapping[str, Any]
    single_action_space: object

    def reset(self, *, seed: Any, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        """Start episodes."""
        ...

    def step(self, actions: Any) -> Outcome:  # noqa: ANN401  of any space
        """Let all agents act."""
        ...


class VectorRecording(GymnasiumRecording[VectorEnv]):
    """Records all environments of a vector environment."""

    def _batch_of(self) -> GymnasiumBatch:
        space, n_envs = self.env.single_action_space, self.env.num_envs
        return GymnasiumBatch(self.recorder, self._extras, action_space=space, n_envs=n_envs)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        """Start episodes: in all environments, or in those that the option ``reset_mask`` names."""
        # Asked first: the environment takes the option out of the mapping.
        begins = np.array((options or {}).get("reset_mask", np.ones(self.env.num_envs)), dtype=np.bool_)
        observations, infos = self.env.reset(seed=seed, options=options)
        self._batch.begin(self._columns(observations, infos), begins)
        return observations, infos

    def step(self, actions: Any) -> Outcome:  # noqa: ANN401  of any space
        """Let all agents act."""
        outcome = self.env.step(actions)
        observations, rewards, terminations, truncations, infos = outcome
        was_open = self._batch.is_open
        ends = self._batch.ends(np.asarray(terminations), np.asarray(truncations))
        is_over = np.isin(np.arange(self.env.num_envs), list(ends))
        seen = self._columns(observations, infos)
        begins = self._begins(is_over, was_open, infos)
        is_same_step = bool((begins & is_over).any())
        after = self._last_seen(seen, is_over, infos) if is_same_step else seen
        self._batch.step(actions, rewards, after=after, ends=ends)
        self._batch.begin(seen, begins)
        return outcome

    def _columns(self, observations: Any, infos: Mapping[str, Any]) -> dict[str, ByAgent]:  # noqa: ANN401
        columns = self._batch.columns(observations, infos)
        if self._extras.positions is not None:
            columns["positions"] = np.array(self._extras.positions(self.env))
        return columns

    def _begins(self, is_over: BoolArray, was_open: BoolArray, infos: Mapping[str, Any]) -> BoolArray:
        """Return in which environments what is seen now is the beginning of an episode."""
        mode = self.env.metadata.get("autoreset_mode")
        name = str(getattr(mode, "name", mode)).upper()
        if name == "DISABLED":
            return np.zeros_like(is_over)
        if name == "SAME_STEP" or any(key in infos for key in _FINAL):
            return is_over
        if mode is None:
            self.recorder.assume("an environment whose episode is over starts anew in the step after, without acting")
        return ~was_open

    def _last_seen(self, seen: dict[str, ByAgent], is_over: BoolArray, infos: Mapping[str, Any]) -> dict[str, ByAgent]:
        """Return what is seen at the end of episodes, where the first observations of new ones stand already."""
        found = next((infos[key] for key in _FINAL if key in infos), None)
        if found is None:
            return {}
        last: dict[str, ByAgent] = {}
        for env in np.flatnonzero(is_over).tolist():
            for name, own in self._batch.columns(one_environment(found[env]), {}).items():
                last[name] = with_environment(last.get(name, seen[name]), env, own)
        return last
