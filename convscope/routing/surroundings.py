"""What else may make pairs of agents look alike to any source of routing: who is near, in sight, and there at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import agent_places, episode_groups, group_of_each
from convscope.routing.sight import count_sight, lacks_sight
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import OBSERVATIONS, POSITIONS
from convscope.values.log import Block, TrajectoryLog

MOST_AGENTS = 256
"""Of larger teams nothing is summed up."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Sums over the timesteps of each analysed run."""

    distance: FloatArray
    """Sum of distances while both act and both positions are known, shape (run, receiver, sender)."""
    n_located: FloatArray
    """Timesteps of these sums, same shape."""
    n_together: FloatArray
    """Timesteps in which both act, same shape; on the diagonal, those in which the agent acts."""
    n_seen: FloatArray
    """Of these, those in which the receiver sees the sender, same shape."""
    n_told: FloatArray
    """Of these, those in which it is told whether it does."""

    def controls(self) -> dict[str, FloatArray]:
        """Return matrices of shape (run, receiver, sender) by name, those that are the same for all pairs left out."""
        acting = np.maximum(np.diagonal(self.n_together, axis1=-2, axis2=-1)[..., None], 1)
        n_agents = self.distance.shape[-1]
        slots = -np.abs(np.arange(n_agents)[:, None] - np.arange(n_agents)).astype(np.float64)
        with np.errstate(invalid="ignore"):
            closeness = -self.distance / np.where(self.n_located > 0, self.n_located, np.nan)
            visibility = self.n_seen / np.where(self.n_told > 0, self.n_told, np.nan)
        found = {
            "closeness": closeness,
            "visibility": visibility,
            "presence": self.n_together / acting,
            "slot": np.broadcast_to(slots, self.distance.shape),
        }
        return {name: matrix for name, matrix in found.items() if _differs(matrix)}


class SurroundingsFold:
    """Sums up how near the analysed agents are to one another, how often two of them act at once, and who sees whom.

    Parameters
    ----------
    log
        The log that is read.
    config
        Says which checkpoints are analysed.
    agents
        Names of the analysed agents.
    """

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig, agents: Sequence[str]) -> None:
        # Larger teams have more pairs than such a table is worth.
        self._places = agent_places(log, agents if len(agents) <= MOST_AGENTS else ())
        groups = [group for group in episode_groups(log, config) if group.is_analysed]
        self._n_groups = len(groups)
        self._header = log.header
        self._sees = lacks_sight(log.header) is None
        self.fields = frozenset({POSITIONS, OBSERVATIONS} if self._sees else {POSITIONS})
        self._group_of = group_of_each(groups, log.episodes.n_episodes)

    def start(self) -> Surroundings:
        """Return empty sums."""
        shape = (self._n_groups, len(self._places), len(self._places))
        return Surroundings(**{name: np.zeros(shape) for name in Surroundings.__slots__})

    def add(self, state: Surroundings, block: Block) -> Surroundings:
        """Add the rows of a block."""
        group = np.repeat(self._group_of[block.episodes], np.diff(block.offsets))
        acting = block.is_acting[:, self._places]
        positions = block.columns.get(POSITIONS)
        own = None if positions is None else positions[:, self._places]
        sums = {name: np.array(getattr(state, name)) for name in Surroundings.__slots__}
        for number in np.unique(group[group >= 0]).tolist():
            rows = np.flatnonzero(group == number)
            seen = acting[rows].astype(np.float64)
            sums["n_together"][number] += seen.T @ seen
            if own is not None:
                _locate(own[rows], acting[rows], into=(sums["distance"][number], sums["n_located"][number]))
        if self._sees:
            count_sight(block, self._header, self._places, group=group, into=(sums["n_seen"], sums["n_told"]))
        return Surroundings(**sums)

    def merge(self, first: Surroundings, second: Surroundings) -> Surroundings:
        """Return the sums of both."""
        return Surroundings(**{name: getattr(first, name) + getattr(second, name) for name in Surroundings.__slots__})

    def finish(self, state: Surroundings) -> Surroundings:
        """Return the sums."""
        return state


def _locate(positions: FloatArray, acting: BoolArray, *, into: tuple[FloatArray, FloatArray]) -> None:
    """Add to the sums of distances and of timesteps of one run, in place."""
    distance, n_located = into
    for receiver in range(positions.shape[1]):
        apart = np.sqrt(np.square(positions - positions[:, receiver : receiver + 1]).sum(axis=-1))
        is_known = np.isfinite(apart) & acting & acting[:, receiver : receiver + 1]
        distance[receiver] += np.where(is_known, apart, 0.0).sum(axis=0)
        n_located[receiver] += is_known.sum(axis=0)


def _differs(matrix: FloatArray) -> bool:
    """Whether some receiver has senders that differ."""
    off = np.where(np.eye(matrix.shape[-1], dtype=np.bool_), np.nan, matrix)
    rows = off[np.isfinite(off).sum(axis=-1) >= 2]
    if not rows.size:
        return False
    low, high = np.nanmin(rows, axis=-1), np.nanmax(rows, axis=-1)
    return bool((high - low > 1e-9 * np.maximum(np.abs(high), 1e-300)).any())
