"""Adds up, in the pass over a log, what agents did in each episode: actions, places and rewards."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from convscope.features.cells import known_extent
from convscope.features.decisions import Decisions, decisions_of
from convscope.features.families.certainty import action_probabilities
from convscope.roles.diversity.bases import N_CELLS, Bases, bases_of
from convscope.roles.diversity.measures import N_PARTS
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.diversity import DiversityBasis
from convscope.values.fields import ACTIONS, POSITIONS, REWARDS
from convscope.values.log import Block, TrajectoryLog

MAX_EPISODES = 400
"""Of each run; enough for the tests, and few enough to draw them a thousand times."""
MAX_SLOTS = 250_000
"""Agents of all kept episodes of all runs: with many runs or agents fewer episodes are kept."""
_FEWEST_EPISODES = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeSums:
    """What the agents of one episode did, in an order that does not depend on theirs."""

    episode: int
    """Row of the log's episode table."""
    key: tuple[bytes, tuple[str, ...]]
    """Digest of the sums, then whose they are: an order of episodes that no shuffling changes."""
    agent: IntArray
    """Shape (S,)."""
    sums: dict[DiversityBasis, FloatArray]
    """Shape (S, D) each."""


def most_episodes(n_runs: int, n_agents: int) -> int:
    """Return how many episodes of each run are kept.

    Parameters
    ----------
    n_runs, n_agents
        Analysed runs of the log, and its agents.
    """
    return min(max(MAX_SLOTS // max(n_runs * n_agents, 1), _FEWEST_EPISODES), MAX_EPISODES)


class DiversityFold:
    """Keeps the sums of the analysed agents, of at most `most_episodes` episodes of each analysed run.

    Of more, those with the smallest digests are kept: a sample that depends on neither order nor workers.

    Parameters
    ----------
    log
        The log that is read.
    config
        Says which checkpoints are analysed.
    agents
        Names of the analysed agents.
    """

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig, agents: tuple[str, ...]) -> None:
        self._bases = bases_of(log.header)
        is_analysed = log.episodes.is_analysed(config.checkpoint)
        self._run = np.where(is_analysed, log.episodes.run, -1)
        self._names = np.array([agent.name for agent in log.header.agents])
        self._agents = np.isin(self._names, agents)
        self._most = most_episodes(len(np.unique(log.episodes.run[is_analysed])), len(self._names))

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that the measures need."""
        return self._bases.fields

    def start(self) -> list[EpisodeSums]:
        """Return no episodes."""
        return []

    def add(self, state: list[EpisodeSums], block: Block) -> list[EpisodeSums]:
        """Append the analysed episodes of the block."""
        taken = np.flatnonzero(self._run[block.episodes] >= 0)
        if not len(taken) or not self._bases.widths:
            return state
        decisions = decisions_of(block)
        # Infinite sums give figures that are not finite, and are not shown.
        with np.errstate(over="ignore", invalid="ignore"):
            sums = _sums(self._bases, decisions)
        acts = (decisions.total(np.ones(len(decisions.row))) > 0).reshape(-1, decisions.n_agents) & self._agents
        shaped = {basis: values.reshape(*acts.shape, -1) for basis, values in sums.items()}
        found = [
            self._summary(int(block.episodes[place]), acts[place], {b: v[place] for b, v in shaped.items()})
            for place in taken.tolist()
        ]
        return self._kept(state + found)

    def merge(self, first: list[EpisodeSums], second: list[EpisodeSums]) -> list[EpisodeSums]:
        """Keep the episodes with the smallest digests of both."""
        return self._kept(first + second)

    def finish(self, state: list[EpisodeSums]) -> list[EpisodeSums]:
        """Return the episodes by digest."""
        return sorted(state, key=lambda each: each.key)

    def _summary(self, episode: int, acts: BoolArray, sums: dict[DiversityBasis, FloatArray]) -> EpisodeSums:
        agents = np.flatnonzero(acts)
        mine = {basis: values[agents] for basis, values in sums.items()}
        together = np.concatenate(list(mine.values()), axis=1)
        order = np.lexsort(together.T[::-1])
        digest = blake2b(np.ascontiguousarray(together[order]).tobytes(), digest_size=16).digest()
        return EpisodeSums(
            episode=episode,
            key=(digest, tuple(self._names[agents[order]].tolist())),
            agent=agents[order],
            sums={basis: values[order] for basis, values in mine.items()},
        )

    def _kept(self, state: list[EpisodeSums]) -> list[EpisodeSums]:
        if len(state) <= self._most:
            return state
        kept: list[EpisodeSums] = []
        n_of: dict[int, int] = {}
        for each in sorted(state, key=lambda each: each.key):
            run = int(self._run[each.episode])
            n_of[run] = n_of.get(run, 0) + 1
            if n_of[run] <= self._most:
                kept.append(each)
        return kept


def _sums(bases: Bases, decisions: Decisions) -> dict[DiversityBasis, FloatArray]:
    """Add up what each unit of a block did, shape (units, D) each."""
    sums: dict[DiversityBasis, FloatArray] = {}
    if DiversityBasis.PROBABILITIES in bases.widths:
        shares = action_probabilities(decisions.vectors(bases.probabilities), is_logit=bases.is_logit)
        shares = shares[:, : bases.components[0]]
        shares[~bases.is_comparable[decisions.agent]] = np.nan
        sums[DiversityBasis.PROBABILITIES] = _by_part(shares, decisions)
    if DiversityBasis.ACTIONS in bases.widths:
        sums[DiversityBasis.ACTIONS] = _by_part(_one_hot(bases, decisions), decisions)
    if DiversityBasis.CONTINUOUS_ACTIONS in bases.widths:
        actions = decisions.vectors(ACTIONS)[:, : (bases.widths[DiversityBasis.CONTINUOUS_ACTIONS] - 1) // 2].copy()
        is_known = np.isfinite(actions).all(axis=1) & bases.is_comparable[decisions.agent]
        actions[~is_known] = np.nan
        moments = np.column_stack([is_known.astype(np.float64), actions, actions**2])
        sums[DiversityBasis.CONTINUOUS_ACTIONS] = decisions.totals(moments)
    if DiversityBasis.POSITIONS in bases.widths:
        sums[DiversityBasis.POSITIONS] = _places(decisions, bases.widths[DiversityBasis.POSITIONS])
    if DiversityBasis.REWARDS in bases.widths:
        sums[DiversityBasis.REWARDS] = decisions.total(np.abs(decisions.vectors(REWARDS)[:, 0]))[:, np.newaxis]
    return sums


def _one_hot(bases: Bases, decisions: Decisions) -> FloatArray:
    actions = decisions.vectors(ACTIONS)
    parts = [actions[:, c, np.newaxis] == np.arange(n) for c, n in enumerate(bases.components)]
    chosen = np.concatenate(parts, axis=1).astype(np.float64)
    chosen[~bases.is_comparable[decisions.agent]] = 0.0
    return chosen


def _by_part(values: FloatArray, decisions: Decisions) -> FloatArray:
    """Add up over the parts of an episode of equal length, part by part, shape (units, parts x columns)."""
    block = decisions.block
    length = np.diff(block.offsets)[block.episode_of_row[decisions.row]]
    part = block.time_of_row[decisions.row] * N_PARTS // np.maximum(length, 1)
    return np.concatenate(
        [decisions.totals(np.where((part == p)[:, np.newaxis], values, 0.0)) for p in range(N_PARTS)], axis=1
    )


def _places(decisions: Decisions, n_places: int) -> FloatArray:
    """Count the steps in each part of the episode's extent, shape (units, places)."""
    positions = decisions.vectors(POSITIONS)
    episode = decisions.unit // decisions.n_agents
    low, high = known_extent(positions, episode, len(decisions.block.episodes))
    is_known = np.isfinite(positions).all(axis=1)
    width = np.where(high > low, high - low, 1.0)[episode]
    along = np.clip((np.nan_to_num(positions) - low[episode]) / width * N_CELLS, 0, N_CELLS - 1).astype(np.int64)
    cell = np.zeros(len(along), dtype=np.int64)
    for axis in along.T:
        cell = cell * N_CELLS + axis
    counts = np.bincount((decisions.unit * n_places + cell)[is_known], minlength=decisions.n_units * n_places)
    return counts.reshape(-1, n_places).astype(np.float64)
