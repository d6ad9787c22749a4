"""What PettingZoo environments of both kinds record alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from convscope.record import EndKind, EpisodeTrace, Extras, Recorder
from convscope.recording.capture import Capture
from convscope.recording.packed import PackedRows
from convscope.recording.plain_steps import PlainSteps
from convscope.recording.spaces import first_action
from convscope_loaders.recorders.observed import observed_columns, parts_note
from convscope_loaders.recorders.wrapping import Closable, Recording


class PettingZooEnv(Closable, Protocol):
    """What both kinds of environments have."""

    agents: Sequence[str]
    metadata: Mapping[str, Any]

    def action_space(self, agent: str) -> object:
        """Return the action space of an agent."""
        ...

    def observation_space(self, agent: str) -> object:
        """Return the observation space of an agent."""
        ...

    def state(self) -> object:
        """Return the state of the world."""
        ...


class PettingZooEpisodes:
    """Records the episodes of one environment, one at a time.

    Parameters
    ----------
    env
        The environment.
    recorder
        Takes its episodes.
    extras
        What is recorded beside observations, actions and rewards.
    """

    def __init__(self, env: PettingZooEnv, recorder: Recorder, extras: Extras) -> None:
        self.trace: EpisodeTrace | None = None
        self._env = env
        self._recorder = recorder
        self._extras = extras
        self._first_of: dict[str, int] = {}
        self._known: set[str] = set()
        self._capture = Capture(extras.capture, extras.model, recorder.note) if extras.capture else None
        self.has_more = bool(extras.capture or extras.positions or extras.keeps_state)
        self._has_parts = False
        self._has_noted = False
        self._plain: PlainSteps | None = None
        if extras.capture:
            recorder.assume("what is captured of agents stands in the order in which they are handed their actions")
        recorder.agents = recorder.agents or tuple(getattr(env, "possible_agents", ()))
        recorder.describe(framework="PettingZoo", environment=env.metadata.get("name"))
        self._declare(recorder.agents)

    def begin(self) -> None:
        """Start an episode; one that goes on is cut."""
        self.end(EndKind.CUT)
        self.trace = self._recorder.start_episode()
        self.join()

    def begin_plain(self, observations: Mapping[str, object]) -> PlainSteps | None:
        """Start an episode, with the observations if its steps may be plain; return where these are kept then."""
        self.begin()
        if self._plain is not None and self._plain.is_full:
            self._plain = self._plain.another()
        if self._plain is None or self.trace is None:
            return None
        return self._plain if self.trace.begin_plain(self._plain, observations) else None

    def end_plain(self) -> None:
        """Record the episode in the usual way from now on."""
        if self.trace is not None:
            self.trace.end_plain()

    def join(self) -> None:
        """Let agents take part that are there now."""
        self._declare(self._env.agents)
        if self.trace is not None:
            self.trace.join(self._env.agents)

    def observe(self, observations: Mapping[str, object], infos: Mapping[str, Mapping[str, object]]) -> None:
        """Keep what agents see before they act."""
        if self.trace is None:
            return
        # Without parts to put together and masks to look for, recording is quicker.
        if self._has_parts or any(infos.values()):
            self._note_parts(observations)
            self.trace.observe(observed_columns(observations, infos))
        else:
            self.trace.observe({"observations": observations})

    def act(self, actions: Mapping[str, Any], rewards: Mapping[str, object]) -> None:
        """Keep what agents do, and what they get for it; the next timestep begins."""
        if self._first_of:
            actions = {agent: action - self._first_of.get(agent, 0) for agent, action in actions.items()}
        if self.trace is not None:
            self.trace.act({"actions": actions, "rewards": rewards})

    def capture(self, actors: Sequence[str]) -> None:
        """Keep what went on in the policy when these agents chose their actions, before `act`."""
        if self._capture is not None and self.trace is not None:
            self.trace.observe(self._capture.take(actors, self._recorder.agents))

    def look(self) -> None:
        """Keep what is seen from outside: positions, and the state of the world."""
        columns: dict[str, object] = {}
        if self._extras.positions is not None:
            columns["positions"] = self._extras.positions(self._env)
        # Without agents there may be no state: many environments put it together from what agents see.
        if self._extras.keeps_state and self._env.agents:
            columns["state"] = self._env.state()
        if columns and self.trace is not None:
            self.trace.observe(columns)

    def learn(
        self,
        actions: Mapping[str, Any],
        observations: Mapping[str, Any],
        infos: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Find out from the first step of an episode whether those of the next need nothing but to be copied."""
        if self.trace is None or self.trace.length > 1:
            return
        has_masks = any("action_mask" in info for info in infos.values())
        is_plain = PackedRows.is_example(observations) and not (self._has_parts or self._first_of or has_masks)
        rows = PackedRows(actions) if PackedRows.is_example(actions) else None
        self._plain = PlainSteps(PackedRows(observations), rows) if is_plain else None

    def end(self, kind: EndKind) -> None:
        """End the episode, if one goes on."""
        trace, self.trace = self.trace, None
        if trace is not None:
            trace.finish(kind)
            if self._capture is not None:
                self._capture.end_episode()

    def _note_parts(self, observations: Mapping[str, object]) -> None:
        note = None if self._has_noted else parts_note(observations)
        self._has_noted = True
        if note is not None:
            self._recorder.assume(note)

    def _declare(self, agents: Sequence[str]) -> None:
        new = {agent: self._env.action_space(agent) for agent in agents if agent not in self._known}
        if not new:
            return
        self._known.update(new)
        self._has_parts |= any(hasattr(self._env.observation_space(agent), "spaces") for agent in new)
        self._recorder.describe(action_spaces=new)
        self._first_of |= {agent: first_action(space) for agent, space in new.items() if first_action(space)}
        for agent, first in self._first_of.items():
            self._recorder.assume(f"the actions of {agent} begin at {first} in the environment and at 0 in the log")


PettingZooT = TypeVar("PettingZooT", bound=PettingZooEnv)


class PettingZooRecording(Recording[PettingZooT]):
    """What records environments of both kinds alike."""

    def _begin(self) -> None:
        self._episodes = PettingZooEpisodes(self.env, self.recorder, self._extras)
