"""PettingZoo environments in which all agents act at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from convscope.recording.ends import end_of
from convscope.recording.plain_steps import PlainSteps
from convscope_loaders.recorders.pettingzoo_episodes import PettingZooEnv, PettingZooRecording

Infos: TypeAlias = dict[str, dict[str, Any]]
Outcome: TypeAlias = tuple[dict[str, object], dict[str, float], dict[str, bool], dict[str, bool], Infos]


class ParallelEnv(PettingZooEnv, Protocol):
    """An environment in which all agents act at once."""

    def reset(self, *, seed: int | None, options: dict[str, Any] | None) -> tuple[dict[str, object], Infos]:
        """Start an episode."""
        ...

    def step(self, actions: Mapping[str, object]) -> Outcome:
        """Let all agents act."""
        ...


class ParallelRecording(PettingZooRecording[ParallelEnv]):
    """Records an environment in which all agents act at once."""

    _plain: PlainSteps | None

    def _begin(self) -> None:
        super()._begin()
        self._agents: Sequence[str] = ()
        self._action_spaces: dict[str, object] = {}
        self._plain = None
        self._flags: tuple[Mapping[str, object], dict[str, bool], dict[str, bool]] = ({}, {}, {})

    @property
    def agents(self) -> Sequence[str]:
        """Agents that are there; the environment is asked once a step."""
        return self._agents

    def action_space(self, agent: str) -> object:
        """Return the action space of an agent, which is always the same."""
        if agent not in self._action_spaces:
            self._action_spaces[agent] = self.env.action_space(agent)
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, object], Infos]:
        """Start an episode."""
        self._finish()
        observations, infos = self.env.reset(seed=seed, options=options)
        self._agents = list(self.env.agents)
        self._plain = self._episodes.begin_plain(observations)
        if self._plain is None:
            self._episodes.observe(observations, infos)
        if self._episodes.has_more:
            self._episodes.look()
        return observations, infos

    def step(self, actions: Mapping[str, object]) -> Outcome:
        """Let all agents act."""
        outcome = self.env.step(actions)
        if self._episodes.has_more:
            self._episodes.capture(tuple(actions))
        if self._plain is None or not self._plain.add(actions, outcome[1], outcome[0]):
            self._keep(actions, outcome)
        if self.env.agents != self._agents:
            self._change_agents()
        if self._episodes.has_more:
            self._episodes.look()
        self._flags = (actions, outcome[2], outcome[3])
        if not self._agents:
            self._finish()
        return outcome

    def _keep(self, actions: Mapping[str, object], outcome: Outcome) -> None:
        observations, rewards, _, _, infos = outcome
        self._plain = None
        self._episodes.end_plain()
        known = {agent: action for agent, action in actions.items() if agent in self._agents}
        self._episodes.act(known, rewards)
        self._episodes.observe(observations, infos)
        if len(known) == len(actions):
            self._episodes.learn(actions, observations, infos)

    def _finish(self) -> None:
        """End the episode as those end who took part in its last step."""
        actions, terminations, truncations = self._flags
        self._episodes.end(end_of((terminations.get(agent, False), truncations.get(agent, False)) for agent in actions))
        self._flags, self._plain = ({}, {}, {}), None

    def _change_agents(self) -> None:
        before, self._agents = self._agents, list(self.env.agents)
        if self._episodes.trace is not None:
            self._episodes.trace.leave(agent for agent in before if agent not in self._agents)
        self._episodes.join()
