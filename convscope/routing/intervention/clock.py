"""First pass: how often each sender is intervened on at each time in the episode, and what receivers do then.

What happens more often late in an episode, or in a schedule that all episodes share, is swept out with these means.
"""

from dataclasses import dataclass

import numpy as np

from convscope.routing.intervention.reading import (
    FIELDS,
    Exposure,
    exposure,
    first_chances,
    history,
    is_followed,
    read_meddling,
    read_outcomes,
    shifted,
)
from convscope.routing.predictive.clock import Clock
from convscope.routing.predictive.columns import Column
from convscope.routing.predictive.pieces import pieces
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.log import Block

QUANTUM = 2.0**26
"""Sums are of whole multiples of 1 / QUANTUM: exact, so that no order of episodes changes a bit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """One receiver's rows of a block: those of the test, and those of the check of randomness."""

    exposed: Exposure
    causes: FloatArray
    """Interventions now, in the row before, and earlier, shape (T, 3 N)."""
    effects: FloatArray
    """The receiver's actions, shape (T, m)."""
    is_first: BoolArray
    """Rows of `first_chances`, shape (T,)."""
    before: FloatArray
    """The receiver's actions in the row before, shape (T, m)."""

    @property
    def main(self) -> tuple[FloatArray, BoolArray]:
        """Columns of the test and its rows."""
        return np.concatenate([self.causes, self.effects], axis=1), self.exposed.is_counted

    @property
    def onsets(self) -> FloatArray:
        """1 where the first intervention of an episode comes: on each sender, and on any; shape (K, N + 1)."""
        now = self.exposed.now[self.is_first]
        return np.concatenate([now, now.max(axis=1, keepdims=True)], axis=1)


def receiver_rows(block: Block, columns: tuple[tuple[Column, ...], ...]) -> tuple[Rows, ...]:
    """Return the rows of each receiver."""
    meddling, outcomes = read_meddling(block), read_outcomes(block, columns)
    rows: list[Rows] = []
    for receiver in range(len(columns)):
        exposed = exposure(block, meddling, outcomes, receiver=receiver)
        rows.append(
            Rows(
                exposed=exposed,
                causes=np.concatenate([exposed.now, history(exposed.now, block)], axis=1),
                effects=exposed.outcome,
                is_first=first_chances(exposed, block),
                before=shifted(exposed.outcome, is_followed(block)),
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeSums:
    """Sums by time in the episode, of every receiver; cells are groups and intervals."""

    main: FloatArray
    """Shape (cells, N, 3 N + m)."""
    n_main: FloatArray
    """Rows, shape (cells, N)."""
    onsets: FloatArray
    """First interventions, shape (cells, N, N + 1)."""
    before: FloatArray
    """What the receiver did in the row before, where the first intervention could come, shape (cells, N, m)."""
    scatter: FloatArray
    """Products of that with itself, shape (cells, N, m, m)."""
    n_first: FloatArray
    """Rows in which the first intervention could come, shape (cells, N)."""
    together: FloatArray
    """First interventions times what the receiver did before, shape (cells, N, N + 1, m)."""

    def plus(self, other: "TimeSums") -> "TimeSums":
        """Add two states."""
        return TimeSums(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def means(self) -> FloatArray:
        """Return the means of the test's columns, 0 where there is no row, shape (cells, N, 3 N + m)."""
        means: FloatArray = self.main / np.maximum(self.n_main, 1)[..., None]
        return means


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeFold:
    """Sums by time in the episode; see `convscope.engine.fold.Fold`."""

    clock: Clock
    columns: tuple[tuple[Column, ...], ...]
    """Of each agent's actions."""

    @property
    def fields(self) -> frozenset[str]:
        """Actions and interventions."""
        return FIELDS

    @property
    def width(self) -> int:
        """Columns of an action."""
        return max(len(own) for own in self.columns)

    def start(self) -> TimeSums:
        """Return sums of nothing."""
        shape, width = (self.clock.n_groups * self.clock.n_intervals, len(self.columns)), self.width
        return TimeSums(
            main=np.zeros((*shape, 3 * shape[1] + width)),
            n_main=np.zeros(shape),
            onsets=np.zeros((*shape, shape[1] + 1)),
            before=np.zeros((*shape, width)),
            scatter=np.zeros((*shape, width, width)),
            n_first=np.zeros(shape),
            together=np.zeros((*shape, shape[1] + 1, width)),
        )

    def add(self, state: TimeSums, block: Block) -> TimeSums:
        """Add a block."""
        total = TimeSums(**{name: getattr(state, name).copy() for name in TimeSums.__slots__})
        for piece in pieces(block, 4 * len(self.columns) + self.width, is_wanted=self.clock.is_read(block)):
            self._add_to(total, piece)
        return total

    def merge(self, first: TimeSums, second: TimeSums) -> TimeSums:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: TimeSums) -> TimeSums:
        """Return the sums."""
        return state

    def _add_to(self, state: TimeSums, block: Block) -> None:
        cells = self.clock.cells(block)
        for receiver, rows in enumerate(receiver_rows(block, self.columns)):
            values, is_counted = rows.main
            at, first = cells[is_counted], cells[rows.is_first]
            before, onsets = on_grid(rows.before[rows.is_first]), rows.onsets
            for place, part, held in (
                (at, state.main, on_grid(values[is_counted])),
                (at, state.n_main, np.ones(len(at))),
                (first, state.onsets, onsets),
                (first, state.before, before),
                (first, state.scatter, on_grid(before[:, :, None] * before[:, None, :])),
                (first, state.n_first, np.ones(len(first))),
                (first, state.together, onsets[:, :, None] * before[:, None, :]),
            ):
                np.add.at(part[:, receiver], place, held)


def on_grid(values: FloatArray) -> FloatArray:
    """Return values rounded to multiples of 1 / `QUANTUM`."""
    rounded: FloatArray = np.round(values * QUANTUM) / QUANTUM
    return rounded
