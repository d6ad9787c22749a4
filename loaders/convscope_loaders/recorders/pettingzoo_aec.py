"""PettingZoo environments in which agents act in turn (AEC).

A timestep of the log is one turn: one agent acts, the others wait. What they get for that turn is theirs in its row.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from convscope.recording.ends import end_of
from convscope_loaders.recorders.pettingzoo_episodes import PettingZooEnv, PettingZooRecording


class AecEnv(PettingZooEnv, Protocol):
    """An environment in which agents act in turn."""

    agent_selection: str
    rewards: Mapping[str, float]
    terminations: Mapping[str, bool]
    truncations: Mapping[str, bool]
    infos: Mapping[str, dict[str, Any]]

    def reset(self, *, seed: int | None, options: dict[str, Any] | None) -> None:
        """Start an episode."""
        ...

    def step(self, action: object) -> None:
        """Let the agent act whose turn it is."""
        ...

    def observe(self, agent: str) -> object:
        """Return what an agent sees."""
        ...

    def last(self, observe: bool) -> tuple[object, float, bool, bool, dict[str, Any]]:  # noqa: FBT001  as it is there
        """Return what the agent sees whose turn it is, and what it got since its last turn."""
        ...


class AecRecording(PettingZooRecording[AecEnv]):
    """Records an environment in which agents act in turn."""

    def _begin(self) -> None:
        super()._begin()
        self._turn: tuple[str, bool] | None = None
        self._leaves: dict[str, tuple[int, tuple[bool, bool]]] = {}
        self.recorder.assume(
            "a timestep is the turn of one agent; the others wait, with the rewards that the turn brings them"
        )

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start an episode."""
        self._finish()
        self.env.reset(seed=seed, options=options)
        self._episodes.begin()
        self._episodes.look()

    def last(self, observe: bool = True) -> tuple[object, float, bool, bool, dict[str, Any]]:  # noqa: FBT001, FBT002
        """Return what the agent sees whose turn it is, and what it got since its last turn."""
        found = self.env.last(observe)
        if observe:
            observation, _, terminated, truncated, info = found
            self._begin_turn(observation, info, (terminated, truncated))
        return found

    def step(self, action: object) -> None:
        """Let the agent act whose turn it is."""
        env = self.env
        if self._turn is None:
            agent = env.agent_selection
            flags = (env.terminations[agent], env.truncations[agent])
            self._begin_turn(env.observe(agent), env.infos[agent], flags)
        agent, is_out = self._turn or ("", True)
        self._turn = None
        env.step(action)
        if is_out:  # it only took leave
            if not env.agents:
                self._finish()
            return
        if self._episodes.has_more:
            self._episodes.capture((agent,))
        self._episodes.act({agent: action}, env.rewards)
        if self._episodes.has_more:
            self._episodes.look()

    def _begin_turn(self, observation: object, info: dict[str, Any], flags: tuple[bool, bool]) -> None:
        if self._turn is not None:  # asked for a second time
            return
        agent = self.env.agent_selection
        self._turn = (agent, any(flags))
        if any(flags):
            self._leave(agent, flags)
        self._episodes.observe({agent: observation}, {agent: info})

    def _leave(self, agent: str, flags: tuple[bool, bool]) -> None:
        trace = self._episodes.trace
        if trace is not None and agent not in self._leaves:
            trace.leave([agent])
            self._leaves[agent] = (trace.length, flags)

    def _finish(self) -> None:
        """End the episode as those end who were in it at the last turn."""
        trace = self._episodes.trace
        if trace is not None:
            env = self.env
            for agent in env.agents:  # who did not take leave
                self._leaves.setdefault(agent, (trace.length, (env.terminations[agent], env.truncations[agent])))
            self._episodes.end(end_of(flags for row, flags in self._leaves.values() if row == trace.length))
        self._turn, self._leaves = None, {}
