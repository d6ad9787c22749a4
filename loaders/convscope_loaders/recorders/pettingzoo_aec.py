"""PettingZoo environments in which agents act in turn (AEC).

A timestep of the log is one turn: one agent acts, the others wait. What they get for that turn is theirs in its row.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from convscope.record import Extras, Recorder
from convscope.recording.ends import end_of
from convscope_loaders.recorders.pettingzoo_episodes import PettingZooEnv, PettingZooEpisodes


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


class AecRecording:
    """What a wrapper does to record; goes before PettingZoo's own wrapper class, which keeps the ``env``."""

    env: AecEnv

    def begin_recording(self, recorder: Recorder, extras: Extras) -> None:
        """Record all episodes from now on.

        Parameters
        ----------
        recorder
            Takes them.
        extras
            What is recorded beside observations, actions and rewards.
        """
        self.recorder = recorder
        self._episodes = PettingZooEpisodes(self.env, recorder, extras)
        self._has_seen: set[str] = set()
        self._flags: dict[str, tuple[bool, bool]] = {}
        self._agents: tuple[str, ...] = ()
        recorder.assume(
            "a timestep is the turn of one agent; the others wait, with the rewards that the turn brings them"
        )

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start an episode."""
        self._finish()
        self.env.reset(seed=seed, options=options)
        self._has_seen, self._flags, self._agents = set(), {}, tuple(self.env.agents)
        self._episodes.begin()
        self._episodes.look()

    def last(self, observe: bool = True) -> tuple[object, float, bool, bool, dict[str, Any]]:  # noqa: FBT001, FBT002
        """Return what the agent sees whose turn it is, and what it got since its last turn."""
        found = self.env.last(observe)
        if observe:
            self._see(self.env.agent_selection, found[0])
        return found

    def step(self, action: object) -> None:
        """Let the agent act whose turn it is."""
        env, agent = self.env, self.env.agent_selection
        if env.terminations[agent] or env.truncations[agent]:  # it only takes leave
            env.step(action)
            if not env.agents:
                self._finish()
            return
        if agent not in self._has_seen:
            self._see(agent, env.observe(agent))
        env.step(action)
        self._has_seen.clear()
        self._episodes.capture((agent,))
        self._episodes.act({agent: action}, env.rewards)
        self._note_ends()
        self._episodes.look()

    def close(self) -> None:
        """Close the environment, and the recorder if it was made for it."""
        self._finish()
        self._episodes.close()

    def _see(self, agent: str, observation: object) -> None:
        self._has_seen.add(agent)
        self._episodes.observe({agent: observation}, {agent: self.env.infos[agent]})

    def _note_ends(self) -> None:
        # Asked once each: every wrapper in between passes the question on.
        agents, terminations, truncations = self.env.agents, self.env.terminations, self.env.truncations
        self._flags = {agent: (terminations[agent], truncations[agent]) for agent in agents}
        ended = [agent for agent, flags in self._flags.items() if any(flags)]
        if self._episodes.trace is not None:
            self._episodes.trace.leave(ended)
        if not set(agents) <= set(self._agents):
            self._episodes.join()
        self._agents = tuple(agents)

    def _finish(self) -> None:
        """End the episode as those end who were in it at the last turn."""
        self._episodes.end(end_of(self._flags.values()))
