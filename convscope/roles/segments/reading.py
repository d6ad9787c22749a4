"""What agents did, step by step, and in which situation: the rows that segments are found in."""

import hashlib
from dataclasses import dataclass

import numpy as np

from convscope.features.sides import with_sides
from convscope.roles.segments.situations import FIELDS, situations
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS, POSITIONS
from convscope.values.log import Block, TrajectoryLog

MAX_ROWS = 200_000
"""Steps of single agents that are kept; of more, whole episodes are sampled by the hash of their name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepRows:
    """Steps in which an agent acts."""

    episode: IntArray
    """Row of the log's episode table, shape (R,)."""
    agent: IntArray
    """Shape (R,)."""
    time: IntArray
    """Timestep within the episode, shape (R,)."""
    acts: FloatArray
    """Actions, or moves where the log holds no actions, NaN where unknown, shape (R, A)."""
    situations: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    """As in `situations`, shape (R, C); single precision halves the memory."""


class StepFold:
    """Keeps the steps of the analysed agents in the analysed checkpoints.

    Parameters
    ----------
    log
        The log that is read.
    config
        ``checkpoint`` is used, and which agents are analysed.
    agents
        Names of the analysed agents.
    """

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig, agents: tuple[str, ...]) -> None:
        self._header, _ = with_sides(log.header, config)
        self._is_mine = np.array([agent.name in agents for agent in log.header.agents], dtype=np.bool_)
        self._is_wanted = sampled_episodes(
            log.episodes, log.episodes.is_analysed(config.checkpoint), most=MAX_ROWS // max(int(self._is_mine.sum()), 1)
        )
        self._longest = int(log.episodes.rows.max(initial=1))

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that acts and situations are taken from."""
        return FIELDS

    def start(self) -> tuple[StepRows, ...]:
        """Return no rows."""
        return ()

    def add(self, state: tuple[StepRows, ...], block: Block) -> tuple[StepRows, ...]:
        """Append the steps of the block."""
        wanted = self._is_wanted[block.episodes]
        acts = _acts(block)
        if acts is None or not wanted.any():
            return state
        row, agent = np.nonzero(block.is_acting & wanted[block.episode_of_row][:, np.newaxis] & self._is_mine)
        found = situations(self._header, block, self._longest)
        rows = StepRows(
            episode=block.episodes[block.episode_of_row[row]],
            agent=agent,
            time=block.time_of_row[row],
            acts=acts[row, agent],
            situations=found[row, agent].astype(np.float32),
        )
        return (*state, rows)

    def merge(self, first: tuple[StepRows, ...], second: tuple[StepRows, ...]) -> tuple[StepRows, ...]:
        """Put the later rows behind the earlier ones."""
        return first + second

    def finish(self, state: tuple[StepRows, ...]) -> StepRows | None:
        """Join the rows; None where there are none."""
        if not state:
            return None
        return StepRows(
            episode=np.concatenate([rows.episode for rows in state]),
            agent=np.concatenate([rows.agent for rows in state]),
            time=np.concatenate([rows.time for rows in state]),
            acts=np.concatenate([rows.acts for rows in state]),
            situations=np.concatenate([rows.situations for rows in state]),
        )


def sampled_episodes(episodes: EpisodeTable, among: BoolArray, *, most: int) -> BoolArray:
    """Return which episodes to read, shape (E,): all of some, or so many by the hash of their name that all fit.

    Parameters
    ----------
    episodes
        Of the log.
    among
        Episodes that may be taken, shape (E,).
    most
        Timesteps that the episodes may have together.
    """
    chosen = np.flatnonzero(among)
    if int(episodes.length[chosen].sum()) <= most:
        return among
    order = np.argsort([_hash(episodes, int(episode)) for episode in chosen], kind="stable")
    n_kept = max(1, int(np.searchsorted(np.cumsum(episodes.length[chosen[order]]), most, side="right")))
    is_kept = np.zeros_like(among)
    is_kept[chosen[order[:n_kept]]] = True
    return is_kept


def _hash(episodes: EpisodeTable, episode: int) -> int:
    key = (episodes.run_name(episode), episodes.checkpoint_label(episode), int(episodes.number[episode]))
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "little")


def _acts(block: Block) -> FloatArray | None:
    """Return actions, or the moves from each row to the next where there are none, shape (T, N, A)."""
    if ACTIONS in block.columns:
        return block.columns[ACTIONS].reshape(*block.status.shape, -1)
    positions = block.columns.get(POSITIONS)
    if positions is None:
        return None
    moves = np.full_like(positions, np.nan)
    moves[:-1] = positions[1:] - positions[:-1]
    moves[block.offsets[1:] - 1] = np.nan
    return moves
