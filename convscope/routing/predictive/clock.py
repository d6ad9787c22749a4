"""The first pass: the mean of every column at every time in the episode.

What all agents share because of the time in the episode (a schedule, an opening) is swept out with these means.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from convscope.behaviour.acting import has_choice
from convscope.behaviour.groups import Group, group_of_each
from convscope.routing.predictive.columns import Column, fields_of
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.reading import read_columns
from convscope.routing.predictive.symbol_counts import SymbolCounts, count_symbols
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.log import Block

_MOST_BYTES = 32 << 20
_QUANTUM = 2.0**26


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clock:
    """Times in the episode, cut into intervals: each step is one, unless memory is short."""

    group_of: IntArray
    """Group (run and checkpoint) of each episode of the log, -1 where it is not read, shape (E,)."""
    interval_of: IntArray
    """Interval of each time, by group, shape (G, longest episode)."""

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.interval_of)

    @property
    def n_episodes(self) -> IntArray:
        """Episodes of each group, 0 where it is not read, shape (G,)."""
        return np.bincount(self.group_of[self.group_of >= 0], minlength=self.n_groups)

    @property
    def n_intervals(self) -> int:
        """Largest number of intervals of a group."""
        return int(self.interval_of.max()) + 1

    def is_read(self, block: Block) -> BoolArray:
        """Return which episodes of a block are read, shape (B,)."""
        return np.greater_equal(self.group_of[block.episodes], 0)

    def only(self, groups: IntArray) -> "Clock":
        """Return a clock by which only some groups are read; their numbers stay."""
        kept = np.where(np.isin(self.group_of, groups), self.group_of, -1)
        return Clock(group_of=kept, interval_of=self.interval_of)

    def cells(self, block: Block) -> IntArray:
        """Return the cell (group and interval in one number) of each row of a block, shape (T,)."""
        group = self.group_of[block.episodes][block.episode_of_row]
        return group * self.n_intervals + self.interval_of[group, block.time_of_row]


def make_clock(table: EpisodeTable, groups: tuple[Group, ...], *, n_columns: int) -> Clock:
    """Make each step an interval, wider ones only where means would not fit into memory.

    Wider intervals would let a schedule that all agents share through as influence. What means of few rows take away
    is paid for by the freedom of the fit (`convscope.routing.predictive.fits.DesignFit`).
    """
    group_of = group_of_each(groups, table.n_episodes)
    n_times = int(table.rows.max())
    most_intervals = max(1, _MOST_BYTES // (8 * n_columns * len(groups)))
    intervals = [_intervals(table.rows[group.episodes], n_times, most_intervals) for group in groups]
    return Clock(group_of=group_of, interval_of=np.array(intervals))


def _intervals(lengths: IntArray, n_times: int, most: int) -> IntArray:
    n_alive = np.array(np.add.accumulate(np.bincount(lengths, minlength=n_times + 1)[::-1])[::-1][1:])
    fewest = max(1, -(-int(n_alive.sum()) // most))
    before = np.cumsum(n_alive) - n_alive
    return np.unique(before // fewest, return_inverse=True)[1].ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClockSums:
    """Sums over rows; exact, so that neither the order of episodes nor the cut into blocks changes a bit."""

    total: FloatArray
    """Sum of each column, shape (G, intervals, C)."""
    count: FloatArray
    """Rows with a value, shape (G, intervals, C)."""
    squares: FloatArray
    """Sum of squares of each column, shape (C,)."""
    symbols: SymbolCounts
    is_uneven: BoolArray
    """Whether somebody lacked a choice while somebody else acted, shape (1,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClockFold:
    """Sums columns by time in the episode; see `convscope.engine.fold.Fold`."""

    clock: Clock
    columns: tuple[Column, ...]
    counts_symbols: bool = True
    """Whether to count how actions go together, of any two agents."""

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return fields_of(self.columns)

    def start(self) -> ClockSums:
        """Return sums of nothing."""
        n_columns, n_groups = len(self.columns), self.clock.n_groups
        shape = (n_groups, self.clock.n_intervals, n_columns)
        return ClockSums(
            total=np.zeros(shape),
            count=np.zeros(shape),
            squares=np.zeros(n_columns),
            symbols=self._no_symbols(),
            is_uneven=np.zeros(1, dtype=np.bool_),
        )

    def add(self, state: ClockSums, block: Block) -> ClockSums:
        """Add a block."""
        for piece in pieces(block, len(self.columns), is_wanted=self.clock.is_read(block)):
            state = self.merge(state, self._sums(piece))
        return state

    def merge(self, first: ClockSums, second: ClockSums) -> ClockSums:
        """Return the sums of both."""
        return ClockSums(**{f.name: getattr(first, f.name) + getattr(second, f.name) for f in fields(ClockSums)})

    def finish(self, state: ClockSums) -> ClockSums:
        """Return the sums."""
        return state

    def _sums(self, block: Block) -> ClockSums:
        values = read_columns(block, self.columns)
        is_known = np.isfinite(values)
        is_whole = bool(is_known.all())
        if not is_whole:
            values[~is_known] = 0.0
        # On a grid sums of doubles are exact, hence the same in any order; a mean needs no more digits than this.
        values *= _QUANTUM
        np.rint(values, out=values)
        values /= _QUANTUM
        known = self._by_cell(np.ones((block.n_rows, 1)) if is_whole else is_known.astype(np.float64), block)
        total = self._by_cell(values, block)
        return ClockSums(
            total=total,
            count=np.broadcast_to(known, total.shape).copy(),
            squares=np.einsum("tc,tc->c", values, values),
            symbols=self._symbols(values, block),
            is_uneven=np.array([_is_uneven(block)]),
        )

    def _by_cell(self, values: FloatArray, block: Block) -> FloatArray:
        total = np.zeros((self.clock.n_groups, self.clock.n_intervals, values.shape[1]))
        groups = self.clock.group_of[block.episodes].tolist()
        for group, (start, stop) in zip(groups, pairwise(block.offsets.tolist()), strict=True):
            interval = self.clock.interval_of[group, : stop - start]
            if interval.max(initial=-1) == stop - start - 1:
                total[group, : stop - start] += values[start:stop]
            else:
                firsts = np.flatnonzero(np.diff(interval, prepend=-1))
                total[group, interval[firsts]] += np.add.reduceat(values[start:stop], firsts, axis=0)
        return total

    def _symbols(self, held: FloatArray, block: Block) -> SymbolCounts:
        episode = block.episode_of_row
        later = np.flatnonzero(np.diff(episode) == 0) + 1
        group = self.clock.group_of[block.episodes][episode]
        return count_symbols(held, group, later, bank=self.columns if self.counts_symbols else ())

    def _no_symbols(self) -> SymbolCounts:
        none = np.zeros(0, dtype=np.int64)
        bank = self.columns if self.counts_symbols else ()
        return count_symbols(np.zeros((0, len(self.columns))), none, none, bank=bank)


def _is_uneven(block: Block) -> bool:
    is_choosing = has_choice(block)
    return bool((is_choosing.any(axis=1) & ~is_choosing.all(axis=1)).any())
