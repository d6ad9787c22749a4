"""Mean return of each run and checkpoint: context for every other result."""

from collections.abc import Sequence

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.episodes import EpisodeTable
from convscope.values.evidence import MeanReturn
from convscope.values.fields import REWARDS, TEAM_REWARDS
from convscope.values.log import Block, TrajectoryLog


class ReturnFold:
    """Return of each episode: the team's reward, else the mean over the analysed agents of their own.

    An episode with a missing reward has no return and is left out of the mean; `MissingFold` says how many there are.

    Parameters
    ----------
    log
        The log that is read.
    agents
        Names of the analysed agents.
    """

    fields = frozenset({REWARDS, TEAM_REWARDS})

    def __init__(self, log: TrajectoryLog, agents: Sequence[str]) -> None:
        self._episodes: EpisodeTable | None = log.episodes
        self._columns = [i for i, agent in enumerate(log.header.agents) if agent.name in agents]

    def __getstate__(self) -> dict[str, object]:
        """Leave the table of episodes at home: workers only add, and it may be large."""
        return {**self.__dict__, "_episodes": None}

    def start(self) -> list[FloatArray]:
        """Return no returns."""
        return []

    def add(self, state: list[FloatArray], block: Block) -> list[FloatArray]:
        """Append the returns of the block's episodes, NaN where it holds no rewards."""
        per_row = self._rewards(block)
        return [*state, np.add.reduceat(per_row, block.offsets[:-1]) if len(block.episodes) else per_row]

    def merge(self, first: list[FloatArray], second: list[FloatArray]) -> list[FloatArray]:
        """Put the later episodes behind the earlier ones."""
        return first + second

    def finish(self, state: list[FloatArray]) -> tuple[MeanReturn, ...]:
        """Average over the episodes of each run and checkpoint, in log order."""
        if self._episodes is None:
            raise ValueError("a fold that came from another process cannot finish: it has no table of episodes")
        returns, episodes = np.concatenate(state), self._episodes
        pairs = zip(episodes.run.tolist(), episodes.checkpoint.tolist(), strict=True)
        return tuple(_mean(returns, episodes, (run, checkpoint)) for run, checkpoint in dict.fromkeys(pairs))

    def _rewards(self, block: Block) -> FloatArray:
        """Reward of each row, NaN where it is missing while somebody acts, shape (T,)."""
        if TEAM_REWARDS in block.columns:
            rewards = block.columns[TEAM_REWARDS].reshape(block.n_rows)
            return _known(rewards, np.asarray(block.is_acting.any(axis=1)))
        if REWARDS in block.columns:
            own = _known(block.columns[REWARDS], block.is_acting)[:, self._columns]
            per_row: FloatArray = own.mean(axis=1)
            return per_row
        return np.full(block.n_rows, np.nan)


def _known(rewards: FloatArray, is_expected: BoolArray) -> FloatArray:
    # Dead agents may go on sharing in the team's reward; where nothing is written for them, they earn nothing.
    return np.where(is_expected | np.isfinite(rewards), rewards, 0.0)


def _mean(returns: FloatArray, episodes: EpisodeTable, group: tuple[int, int]) -> MeanReturn:
    run, checkpoint = group
    mine = returns[(episodes.run == run) & (episodes.checkpoint == checkpoint)]
    known = mine[np.isfinite(mine)]
    return MeanReturn(
        run=episodes.runs[run],
        checkpoint=episodes.checkpoints[checkpoint] if checkpoint >= 0 else None,
        mean=float(known.mean()) if len(known) else None,
        n_episodes=len(known) if len(known) else len(mine),
    )
