"""What one agent did in one episode, whatever the recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import Notice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """The timesteps of one agent in one episode."""

    episode: str
    agent: str
    n_steps: int
    """Actions that it took."""
    values: Mapping[str, FloatArray]
    """By field; shape (n_steps, values), or a row more where there is a value after the last step."""
    times: IntArray | None = None
    """Timestep of the environment of each of its steps and of what came after, shape (n_steps + 1,); None where the
    recording does not say."""
    terminated: bool | None = None
    """Whether its task ended; None where the recording does not say."""
    truncated: bool | None = None
    has_ended: bool | None = None
    """Whether it came to any end; None where the flags above say so."""
    n_actions: int | None = None
    """Choices of its action space; None where it has no such number, or the recording does not say."""

    @property
    def rows(self) -> int:
        """Steps, and the row after the last one where there is any value for it."""
        return max([self.n_steps, *(len(column) for column in self.values.values())])


def aligned(tracks: Sequence[Track], place: str) -> tuple[tuple[Track, ...], bool]:
    """Give every track the timesteps of the environment.

    Parameters
    ----------
    tracks
        Of all episodes.
    place
        The log, for errors.

    Returns
    -------
    tracks
        With ``times``.
    is_assumed
        Whether agents without them were taken to act in every timestep.

    Raises
    ------
    AmbiguousLogError
        If agents of an episode took different numbers of steps, and nothing says when.
    """
    steps: dict[str, set[int]] = {}
    for track in (track for track in tracks if track.times is None):
        steps.setdefault(track.episode, set()).add(track.n_steps)
    for episode, counts in steps.items():
        if len(counts) > 1:
            few, many = min(counts), max(counts)
            raise AmbiguousLogError(
                f"{place}: in episode {episode:.40} one agent has {few} steps and another {many}: it left early, or it "
                "skipped steps; store env_t_to_agent_t of the MultiAgentEpisode in each agent's state"
            )
    whole = tuple(
        track if track.times is not None else replace(track, times=np.arange(track.n_steps + 1)) for track in tracks
    )
    agents = {track.agent for track in tracks}
    return whole, len(agents) > 1 and bool(steps)


def begun(tracks: Sequence[Track]) -> tuple[tuple[Track, ...], tuple[Notice, ...]]:
    """Leave out the episodes whose first timesteps were not recorded, as their times say."""
    first: dict[str, int] = {}
    for track in tracks:
        start = 0 if track.times is None else int(track.times[0])
        first[track.episode] = min(first.get(track.episode, start), start)
    late = [episode for episode, start in first.items() if start > 0]
    message = f"left out: {len(late)} episodes whose first steps were not recorded"
    notices = (Notice(code="incomplete-episodes", message=message, where=late[0]),) if late else ()
    return tuple(track for track in tracks if track.episode not in {*late}), notices
