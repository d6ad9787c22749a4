"""An episode of RLlib, kept step by step: later on, connectors write over it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from convscope.errors import UsageError
from convscope.record import EndKind, Recorder, Status
from convscope.recording.ends import end_of
from convscope.recording.episode import GivenColumn, Numbers
from convscope.recording.names import column_named
from convscope.recording.spaces import first_action
from convscope.recording.stacking import stacked
from convscope.values.arrays import ByteArray
from convscope.values.fields import ACTIONS, REWARDS, Level
from convscope_loaders.recorders.observed import observed_columns, parts_note

Key: TypeAlias = tuple[str, ...]
POLICY = "weights_seq_no"
"""What RLlib numbers the weights of its modules by."""


class AgentEpisode(Protocol):
    """What one agent did in an episode, as RLlib keeps it; index -1 stands for the last step."""

    is_done: bool
    is_terminated: bool
    is_truncated: bool
    extra_model_outputs: Mapping[str, object]

    def get_actions(self, indices: int) -> Any:  # noqa: ANN401  of any space
        """Return an action."""
        ...

    def get_rewards(self, indices: int) -> float:
        """Return a reward."""
        ...

    def get_extra_model_outputs(self, key: str, indices: int) -> Any:  # noqa: ANN401  what modules give out
        """Return what a module gave out beside an action."""
        ...


class Episode(Protocol):
    """An episode as RLlib keeps it."""

    agent_episodes: Mapping[Any, AgentEpisode]
    action_space: Mapping[Any, object]
    observation_space: Mapping[Any, object]

    def get_observations(self, indices: int) -> dict[Any, Any]:
        """Return what agents observed."""
        ...

    def get_infos(self, indices: int) -> dict[Any, Any]:
        """Return what the environment said beside."""
        ...


class EpisodeRecord:
    """One episode while it goes on.

    Parameters
    ----------
    recorder
        Takes it in the end.
    capture
        Keys of the modules' outputs that are recorded, by column.
    episode
        After its reset.
    """

    def __init__(self, recorder: Recorder, capture: Mapping[str, Key], episode: Episode) -> None:
        self.length = 0
        self._recorder = recorder
        self._capture = capture
        self._entries: dict[str, dict[str, list[tuple[int, Numbers]]]] = {}
        """By column and agent: rows, and what there is in them."""
        self._seen: dict[str, list[int]] = {}
        """Rows in which an agent observes."""
        self._stop: dict[str, int] = {}
        """Rows that an agent was in before it was out."""
        self._policy: int | None = None
        self._first_of = {agent: first_action(space) for agent, space in episode.action_space.items()}
        self._see(episode)

    def step(self, episode: Episode) -> None:
        """Keep the last step of the episode that goes on.

        An agent's step is over when it observes again. Only then RLlib tells its action and what came of it, so that an
        episode that is cut may lack the last action of an agent that waits.
        """
        self.length += 1
        for agent, row in self._see(episode).items():
            own = episode.agent_episodes[agent]
            if row is not None:
                self._put(ACTIONS, agent, np.asarray(own.get_actions(-1)) - self._first_of.get(agent, 0), row=row)
                self._put(REWARDS, agent, own.get_rewards(-1), row=row)
                self._keep_outputs(agent, own, row)
            if own.is_done:
                self._stop[str(agent)] = self.length + 1

    def finish(self, end: EndKind) -> None:
        """Hand on the episode; one without a step is nothing."""
        if not self.length:
            return
        agents = tuple(dict.fromkeys((*self._recorder.agents, *self._seen)))
        n_rows = self.length + any(rows[-1] == self.length for rows in self._seen.values())
        missing = [column for column in self._capture if column not in self._entries]
        for column in missing:
            key = "/".join(self._capture[column])
            self._recorder.note(f"capture: the modules gave out no {key}, which {column} was to be")
        labels = self._recorder.labels
        self._recorder.add_episode(
            {column: _column(column, by_agent, agents, n_rows=n_rows) for column, by_agent in self._entries.items()},
            end=end,
            length=self.length,
            status=self._status(agents, n_rows),
            agents=agents,
            labels=labels if self._policy is None else replace(labels, checkpoint=f"weights_{self._policy}"),
        )

    def _see(self, episode: Episode) -> dict[Any, int | None]:
        """Keep what agents observe now; return the rows in which they observed before, None where they did not."""
        observations = episode.get_observations(-1)
        before: dict[Any, int | None] = {}
        for agent in observations:
            rows = self._seen.setdefault(str(agent), [])
            before[agent] = rows[-1] if rows else None
            rows.append(self.length)
        raw = {a: value for a, value in observations.items() if _is_of(value, episode.observation_space.get(a))}
        if len(raw) < len(observations):
            self._recorder.assume("first observations are left out where connectors changed them before they were seen")
        if self.length == 0 and (note := parts_note(raw)):
            self._recorder.assume(note)
        for column, values in observed_columns(raw, episode.get_infos(-1)).items():
            for agent, value in values.items():
                self._put(column, agent, value, row=self.length)
        return before

    def _keep_outputs(self, agent: object, own: AgentEpisode, row: int) -> None:
        if self._policy is None and POLICY in own.extra_model_outputs:
            self._policy = int(own.get_extra_model_outputs(POLICY, -1))
        for column, (first, *inner) in self._capture.items():
            found = own.get_extra_model_outputs(first, -1) if first in own.extra_model_outputs else None
            for part in inner:
                found = found.get(part) if isinstance(found, Mapping) else None
            if found is not None:
                self._put(column, agent, found, row=row)

    def _put(self, column: str, agent: object, value: Any, *, row: int) -> None:  # noqa: ANN401  what numpy takes
        # Copied, because connectors write over what an episode keeps.
        self._entries.setdefault(column, {}).setdefault(str(agent), []).append((row, np.array(value)))

    def _status(self, agents: Sequence[str], n_rows: int) -> ByteArray:
        status = np.zeros((n_rows, len(agents)), np.uint8)
        for slot, agent in enumerate(agents):
            status[min(self._seen.get(agent, ()), default=n_rows) :, slot] = Status.WAITING
            status[[row for row, _ in self._entries.get(ACTIONS, {}).get(agent, ())], slot] = Status.ACTING
            status[self._stop.get(agent, n_rows) :, slot] = Status.DEAD
        return status


def _is_of(value: object, space: object) -> bool:
    """Whether something has the form of a space."""
    if hasattr(space, "spaces"):
        return isinstance(value, Mapping | tuple)
    shape = getattr(space, "shape", None)
    return shape is None or np.shape(cast("npt.ArrayLike", value)) == tuple(shape)


def end_of_episode(episode: Episode) -> EndKind:
    """Return how an episode ends, by the agents that were in it until then."""
    return end_of((own.is_terminated, own.is_truncated) for own in episode.agent_episodes.values())


def _column(
    column: str, by_agent: Mapping[str, list[tuple[int, Numbers]]], agents: Sequence[str], *, n_rows: int
) -> GivenColumn:
    """Return a column of all rows."""
    of_agents = {agent: _filled(column, entries, n_rows) for agent, entries in by_agent.items()}
    if column_named(column)[1] is not Level.PAIR:
        return of_agents
    first = next(iter(of_agents.values()))
    if any(rows.shape != first.shape or rows.shape[-1] != len(agents) or rows.ndim < 2 for rows in of_agents.values()):
        shapes = sorted({rows.shape[1:] for rows in of_agents.values()})
        raise UsageError(
            f"{column} has shape {shapes} for each receiver; expected (..., sender) with {len(agents)} senders"
        )
    nothing = np.full(first.shape, np.nan, np.float32)
    return np.stack([of_agents.get(agent, nothing) for agent in agents], axis=-2)


def _filled(column: str, entries: Sequence[tuple[int, Numbers]], n_rows: int) -> Numbers:
    """Return what an agent has in all rows; what it has not is missing."""
    rows, values = zip(*entries, strict=True)
    given = stacked(column, values)
    if rows == tuple(range(n_rows)):
        return given
    # An action counts where the agent acts and nowhere else, so that its type can stay.
    dtype = given.dtype if column == ACTIONS else np.result_type(given.dtype, np.float32)
    filled = np.full((n_rows, *given.shape[1:]), 0 if column == ACTIONS else np.nan, dtype)
    filled[list(rows)] = given
    return filled
