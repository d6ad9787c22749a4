"""The steps that a policy is asked about: some of every chosen episode, episodes chosen by what they contain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.digests import episode_digests
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import OBSERVATIONS
from convscope.values.log import Block

MOST_EPISODES = 128
"""Of a run and checkpoint, so that nobody waits; more would make intervals of use no narrower than they need be."""
MOST_ROWS = 1_024
"""Steps of a run and checkpoint; fewer where there are so many pairs that `MOST_QUERIES` would be passed."""
FEWEST_ROWS = 100
MOST_QUERIES = 100_000
"""Steps times ordered pairs."""
MOST_BYTES = 128 << 20
"""Of a run's and checkpoint's steps in memory: pictures leave room for few."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Chosen episodes, by group and then by content; and chosen rows of them, in the same order."""

    group: IntArray
    """Number of each episode's group, shape (E,)."""
    digest: IntArray
    """Of each episode's content, shape (E,)."""
    episode: IntArray
    """Row of the log's episode table, shape (E,)."""
    n_rows: IntArray
    """Rows of each episode, shape (E,)."""
    time: IntArray
    """Timestep of each row within its episode, shape (R,)."""
    status: ByteArray
    """Shape (R, N)."""
    columns: Mapping[str, FloatArray]
    """By field, shape (R, N, ...); ``LAST`` is the action one step before, NaN at the first step."""

    @property
    def episode_of_row(self) -> IntArray:
        """Place of each row's episode among the chosen ones, shape (R,)."""
        return np.repeat(np.arange(len(self.n_rows)), self.n_rows)

    def taken(self, keep: BoolArray | IntArray) -> "Sample":
        """Return some of the episodes and their rows, by mask or in an order."""
        chosen = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
        starts = np.cumsum(self.n_rows) - self.n_rows
        spans = [np.arange(starts[e], starts[e] + self.n_rows[e]) for e in chosen.tolist()]
        rows = np.concatenate([*spans, np.zeros(0, dtype=np.int64)])
        return Sample(
            group=self.group[chosen],
            digest=self.digest[chosen],
            episode=self.episode[chosen],
            n_rows=self.n_rows[chosen],
            time=self.time[rows],
            status=self.status[rows],
            columns={name: column[rows] for name, column in self.columns.items()},
        )

    def joined(self, other: "Sample") -> "Sample":
        """Return the episodes of both; columns that only one has are NaN in the rows of the other."""
        names = sorted({*self.columns, *other.columns})
        parts = {
            name: np.concatenate([_column(each, name, like=(self, other)) for each in (self, other)]) for name in names
        }
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in self.__slots__ if name != "columns"}
        return Sample(**{name: np.concatenate(pair) for name, pair in pairs.items()}, columns=parts)


LAST = "last"
"""Name of the column of actions one step before."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleFold:
    """Keeps the episodes of smallest digest of every group; see `convscope.engine.fold.Fold`.

    Which episodes those are does not depend on where the log is cut or in which order it holds them.
    """

    fields: frozenset[str]
    group_of: IntArray
    """Number of each episode's group, -1 for those that no policy at hand made, shape (E,)."""
    rows_of: IntArray
    """Rows to take of an episode of each group, shape (G,)."""
    actions: str
    """Field whose values one step before are kept, too."""

    def start(self) -> Sample:
        """Return no episodes."""
        none = np.zeros(0, dtype=np.int64)
        status = np.zeros((0, 0), dtype=np.uint8)
        return Sample(group=none, digest=none, episode=none, n_rows=none, time=none, status=status, columns={})

    def add(self, state: Sample, block: Block) -> Sample:
        """Add the episodes of a block."""
        if OBSERVATIONS not in block.columns or (self.group_of[block.episodes] < 0).all():
            return state
        return self.merge(state, self._block_sample(block))

    def merge(self, first: Sample, second: Sample) -> Sample:
        """Keep the episodes of smallest digest of both."""
        if len(first.episode) == 0 or len(second.episode) == 0:
            return second if len(first.episode) == 0 else first
        return _smallest(first.joined(second))

    def finish(self, state: Sample) -> Sample:
        """Return the sample."""
        return state

    def _block_sample(self, block: Block) -> Sample:
        columns = dict(block.columns)
        if self.actions in columns:
            columns[LAST] = one_before(columns[self.actions], block)
        digests = episode_digests(block, [block.status, *(block.columns[name] for name in sorted(block.columns))])
        group = self.group_of[block.episodes]
        spans = [self._rows(block, e) if group[e] >= 0 else np.zeros(0, np.int64) for e in range(len(group))]
        rows = np.concatenate(spans)
        n_rows = np.array([len(span) for span in spans])
        sample = Sample(
            group=group,
            digest=digests,
            episode=block.episodes,
            n_rows=n_rows,
            time=block.time_of_row[rows],
            status=block.status[rows],
            columns={name: column[rows] for name, column in columns.items()},
        )
        return _smallest(sample.taken((group >= 0) & (n_rows > 0)))

    def _rows(self, block: Block, episode: int) -> IntArray:
        """Return rows spread evenly over the steps of an episode at which somebody acts."""
        start, stop = block.offsets[episode], block.offsets[episode + 1]
        acting: IntArray = int(start) + np.flatnonzero(block.is_acting[start:stop].any(axis=1))
        n_rows = min(len(acting), int(self.rows_of[self.group_of[block.episodes[episode]]]))
        places = ((np.arange(n_rows) + 0.5) * len(acting) / max(n_rows, 1)).astype(np.int64)
        return acting[places]


def rows_of_groups(n_episodes: Sequence[int], n_pairs: int, row_bytes: int) -> IntArray:
    """Return how many rows to take of each episode of each group.

    Parameters
    ----------
    n_episodes
        Of each group.
    n_pairs
        Ordered pairs of agents that are asked about.
    row_bytes
        Size of a step.
    """
    n_rows = min(max(MOST_QUERIES // max(n_pairs, 1), FEWEST_ROWS), MOST_ROWS, max(MOST_BYTES // row_bytes, 1))
    return np.array([-(-n_rows // max(min(n, MOST_EPISODES), 1)) for n in n_episodes], dtype=np.int64)


def one_before(actions: FloatArray, block: Block) -> FloatArray:
    """Return each row's actions of one step before, NaN at the first step of an episode."""
    before = np.roll(actions, 1, axis=0)
    before[block.time_of_row == 0] = np.nan
    return before


def _smallest(sample: Sample) -> Sample:
    order = np.lexsort([sample.episode, sample.digest, sample.group])
    group = sample.group[order]
    first = np.searchsorted(group, group, side="left")
    return sample.taken(order[np.arange(len(order)) - first < MOST_EPISODES])


def _column(sample: Sample, name: str, *, like: tuple[Sample, Sample]) -> FloatArray:
    held = sample.columns.get(name)
    if held is not None:
        return held
    shape = next(each.columns[name] for each in like if name in each.columns).shape[1:]
    return np.full((len(sample.time), *shape), np.nan)
