"""A sample of joint steps of every run and checkpoint: what agents saw, what they did, and who was there."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from convscope.behaviour.acting import has_choice, is_live
from convscope.behaviour.digests import episode_digests
from convscope.behaviour.groups import Group
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.fields import ACTION_MASKS, ACTIONS, OBSERVATIONS, POSITIONS
from convscope.values.log import Block

_DIGEST_RANGE = float(1 << 63)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Joint steps, in an order that depends on what they hold alone."""

    episode: IntArray
    """Row of the episode table, shape (S,)."""
    digest: IntArray
    """Of the whole episode, shape (S,)."""
    time: IntArray
    """Timestep within the episode, shape (S,)."""
    observations: FloatArray
    """Flattened, shape (S, N, D)."""
    actions: FloatArray
    """Shape (S, N, K)."""
    last_actions: FloatArray
    """Of the step before; NaN in the first one, shape (S, N, K)."""
    is_free: BoolArray
    """Who acts and had a choice, shape (S, N)."""
    is_present: BoolArray
    """Who is in the game, shape (S, N)."""
    positions: FloatArray
    """Shape (S, N, d); d = 0 where the log holds none."""

    def __post_init__(self) -> None:
        n_steps, n_agents = self.is_free.shape
        for name in ("episode", "digest", "time"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_steps,), name))
        for name in ("is_free", "is_present"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_steps, n_agents), name))
        for name in ("observations", "actions", "last_actions", "positions"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_steps, n_agents, None), name))

    def rows(self, keep: BoolArray | IntArray) -> "Steps":
        """Return some of the steps, by mask or by number."""
        return Steps(**{name: getattr(self, name)[keep] for name in self.__slots__})


State: TypeAlias = tuple[Steps, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleFold:
    """Takes as many steps of each episode as the sample has room for, chosen by what the episode holds."""

    groups: tuple[Group, ...]
    n_steps: IntArray
    """Steps to take of each run and checkpoint, about, shape (groups,)."""
    n_episodes: int
    """Episodes of the log."""
    n_axes: int
    """Components of a position; 0 where the log holds none."""
    seed: int
    order: IntArray
    """Places of the log's agents in the order in which an episode's digest takes them, shape (N,)."""

    @property
    def fields(self) -> frozenset[str]:
        """What a policy sees and does."""
        return frozenset({OBSERVATIONS, ACTIONS, ACTION_MASKS, POSITIONS})

    def start(self) -> State:
        """Return no steps."""
        return ()

    def add(self, state: State, block: Block) -> State:
        """Return the steps with those of one more block."""
        if not self.groups or not {OBSERVATIONS, ACTIONS} <= block.columns.keys():
            return state
        seen, done = block.columns[OBSERVATIONS], block.columns[ACTIONS]
        digests = episode_digests(block, [each[:, self.order] for each in (seen, done, block.status)])
        free = has_choice(block)
        quota, share = self._quotas()
        bounds = block.offsets.tolist()
        chosen = [np.zeros(0, dtype=np.int64)]
        for number, episode in enumerate(block.episodes.tolist()):
            digest = int(digests[number])
            candidates = np.flatnonzero(free[bounds[number] : bounds[number + 1]].any(axis=1)) + bounds[number]
            if digest / _DIGEST_RANGE < share[episode] and len(candidates):
                rng = np.random.default_rng([self.seed, digest])
                n_taken = min(int(quota[episode]), len(candidates))
                chosen.append(np.sort(rng.choice(candidates, n_taken, replace=False)))
        rows = np.concatenate(chosen)
        if not len(rows):
            return state
        return (*state, self._steps(block, rows, digests=digests, free=free))

    def merge(self, first: State, second: State) -> State:
        """Return the steps of both."""
        return (*first, *second)

    def finish(self, state: State) -> Steps | None:
        """Return all steps; None where nobody saw anything and acted."""
        if not state:
            return None
        every = Steps(**{name: np.concatenate([getattr(each, name) for each in state]) for name in Steps.__slots__})
        return every.rows(np.lexsort((every.episode, every.time, every.digest)))

    def _quotas(self) -> tuple[IntArray, FloatArray]:
        """Return the steps to take of each episode, and the share of episodes to take any of, each of shape (E,)."""
        quota = np.zeros(self.n_episodes, dtype=np.int64)
        share = np.zeros(self.n_episodes)
        for group, n_steps in zip(self.groups, self.n_steps.tolist(), strict=True):
            quota[group.episodes] = -(-n_steps // len(group.episodes))
            share[group.episodes] = n_steps / len(group.episodes)
        return quota, share

    def _steps(self, block: Block, rows: IntArray, *, digests: IntArray, free: BoolArray) -> Steps:
        n_agents = block.status.shape[1]
        place = block.episode_of_row[rows]
        time = block.time_of_row[rows]
        done = block.columns[ACTIONS]
        before = np.where((time > 0)[:, None, None], done[np.maximum(rows - 1, 0)], np.nan)
        nowhere = np.full((block.n_rows, n_agents, self.n_axes), np.nan)
        return Steps(
            episode=block.episodes[place],
            digest=digests[place],
            time=time,
            observations=block.columns[OBSERVATIONS][rows].reshape(len(rows), n_agents, -1),
            actions=done[rows],
            last_actions=before,
            is_free=free[rows],
            is_present=is_live(block)[rows],
            positions=block.columns.get(POSITIONS, nowhere)[rows],
        )
