"""Where episodes start: the first row of each, in the pass that reads everything else."""

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from convscope.behaviour.digests import episode_digests
from convscope.behaviour.order import by_name
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, OBSERVATIONS, POSITIONS
from convscope.values.log import Block, TrajectoryLog

_MOST_NUMBERS = 20_000_000
_DIGEST_RANGE = float(1 << 63)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Starts:
    """First rows of episodes."""

    episode: IntArray
    """Row of the episode table, shape (E,)."""
    digest: IntArray
    """Of the whole episode, shape (E,)."""
    observations: FloatArray
    """Flattened, shape (E, N, D); D = 0 where the log holds none."""
    positions: FloatArray
    """Shape (E, N, d)."""
    entities: FloatArray
    """Shape (E, M, d)."""

    def __post_init__(self) -> None:
        n_episodes = len(self.episode)
        for name in ("episode", "digest"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_episodes,), name))
        for name in ("observations", "positions", "entities"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_episodes, None, None), name))

    def rows(self, keep: BoolArray | IntArray) -> "Starts":
        """Return some of the episodes, by mask or by number."""
        return Starts(**{name: getattr(self, name)[keep] for name in self.__slots__})


State: TypeAlias = tuple[Starts, ...]


class StartFold:
    """Takes the first row of the analysed episodes; of a very large log, of as many as a bounded memory holds.

    Parameters
    ----------
    log
        The log that is read.
    config
        ``checkpoint`` is used.
    """

    fields = frozenset({ACTIONS, OBSERVATIONS, POSITIONS, ENTITY_POSITIONS})

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig) -> None:
        self._is_wanted = log.episodes.is_analysed(config.checkpoint)
        self._order = by_name(log.header)
        row_bytes = [spec.row_bytes(len(log.header.agents)) for spec in log.header.fields if spec.name in self.fields]
        n_numbers = int(self._is_wanted.sum()) * max(sum(row_bytes) // 8, 1)
        self._share = min(1.0, _MOST_NUMBERS / max(n_numbers, 1))

    def start(self) -> State:
        """Return no episodes."""
        return ()

    def add(self, state: State, block: Block) -> State:
        """Return the episodes with those of one more block."""
        held = {name: block.columns[name] for name in self.fields if name in block.columns}
        ordered = [_in_order(held[name], name, self._order) for name in sorted(held)]
        digest = episode_digests(block, [*ordered, block.status[:, self._order]])
        kept = np.flatnonzero(self._is_wanted[block.episodes] & (digest / _DIGEST_RANGE < self._share))
        rows, n_agents = block.offsets[kept], block.status.shape[1]
        nothing = np.zeros((len(kept), n_agents, 0))
        # Not -1 for the last axis: of no episodes it cannot be told.
        first = {
            name: column[rows].reshape(len(rows), column.shape[1], prod(column.shape[2:]))
            for name, column in held.items()
        }
        found = Starts(
            episode=block.episodes[kept],
            digest=digest[kept],
            observations=first.get(OBSERVATIONS, nothing),
            positions=first.get(POSITIONS, nothing),
            entities=first.get(ENTITY_POSITIONS, np.zeros((len(kept), 0, 0))),
        )
        return (*state, found)

    def merge(self, first: State, second: State) -> State:
        """Return the episodes of both."""
        return (*first, *second)

    def finish(self, state: State) -> Starts | None:
        """Return all episodes in the order of what they hold; None without one."""
        if not state:
            return None
        every = Starts(**{name: np.concatenate([getattr(each, name) for each in state]) for name in Starts.__slots__})
        return every.rows(np.lexsort((every.episode, every.digest)))


def _in_order(column: FloatArray, name: str, order: IntArray) -> FloatArray:
    return column if name == ENTITY_POSITIONS else column[:, order]
