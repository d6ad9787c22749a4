"""What the second pass reads: which columns at which lags, for which receivers, and in how many units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.routing.predictive.clock import Clock, ClockSums
from convscope.routing.predictive.columns import OWN_KINDS, TARGET_KINDS, Column, Kind
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MOST_UNITS = 512
"""Episodes of a run beyond this number share their flips in groups, chosen by their content."""
_FEWEST_UNITS = 128
FEWEST_FLIPS = 32
"""Units that each run has, however large the team."""
_MOST_LAG = 3
_STEPS_PER_LAG = 4
_MOST_BYTES = 64 << 20
_RAREST_SYMBOL = 0.005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """The regression that some receivers share: columns of one Gram matrix."""

    targets: tuple[int, ...]
    """Agents whose actions are predicted from these columns."""
    column: IntArray
    """Number of each column in the plan, shape (P,)."""
    lag: IntArray
    """Timesteps back, 0 for what is predicted, shape (P,)."""
    agent: IntArray
    """Whom each column belongs to, -1 for nobody, shape (P,)."""
    is_own: BoolArray
    """Whether it belongs to what an agent does and where it is, shape (P,)."""
    is_target: BoolArray
    """Whether it belongs to what agents choose, shape (P,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """All that the second pass needs to know."""

    columns: tuple[Column, ...]
    kept: IntArray
    """Place of each column in the bank of the first pass, shape (C,)."""
    clock: Clock
    mean: FloatArray
    """Of each column at each time, shape (G, intervals, C)."""
    scale: FloatArray
    """Power of two that brings each column near unit variance, shape (C,)."""
    designs: tuple[Design, ...]
    most_lag: int
    """Largest lag; the lag that is used is chosen later."""
    n_units: IntArray
    """Units of each group, shape (G,)."""

    @property
    def gram_bytes(self) -> int:
        """What the Gram matrices of all units take."""
        return int(self.n_units.sum()) * _unit_bytes(self.designs)

    def design_of(self, target: int) -> int:
        """Return the number of a receiver's design."""
        return next(number for number, design in enumerate(self.designs) if target in design.targets)


def make_plan(bank: Sequence[Column], sums: ClockSums, *, clock: Clock, n_agents: int) -> Plan:
    """Choose columns, designs and lags by what the first pass saw.

    Parameters
    ----------
    bank
        The columns of the first pass.
    sums
        Its result.
    clock
        Its intervals of time; groups that it does not read have no units.
    n_agents
        Agents of the log, analysed or not.
    """
    swept = swept_plan(bank, sums, clock=clock)
    columns = swept.columns
    teams = _teams(columns, n_agents, is_uneven=bool(sums.is_uneven[0]))
    n_episodes = clock.n_episodes
    n_groups = int(np.count_nonzero(n_episodes))
    enough = min(_FEWEST_UNITS, int(n_episodes.max()))
    longest = swept.most_lag
    # Memory may cut how far back agents are looked at, never the world: agents that follow it with other delays than
    # theirs would seem to be followed.
    designs = [_designs(columns, teams, lag, world_lag=longest) for lag in range(1, longest + 1)]
    sizes = [(lag, _units_that_fit(held, n_groups)) for lag, held in enumerate(designs, start=1)]
    most_lag, n_fitting = next((size for size in reversed(sizes) if size[1] >= enough), sizes[0])
    return replace(
        swept,
        designs=designs[most_lag - 1],
        most_lag=most_lag,
        n_units=np.minimum(n_episodes, max(min(n_fitting, MOST_UNITS), FEWEST_FLIPS)),
    )


def swept_plan(bank: Sequence[Column], sums: ClockSums, *, clock: Clock) -> Plan:
    """Choose columns by what the first pass saw, and no designs yet; each group is one unit.

    Lags are as long as episodes allow.
    """
    kept = _varying(bank, sums)
    count = np.maximum(sums.count[:, :, kept], 1)
    return Plan(
        columns=tuple(bank[place] for place in kept.tolist()),
        kept=kept,
        clock=clock,
        mean=sums.total[:, :, kept] / count,
        scale=_scale(sums)[kept],
        designs=(),
        most_lag=_longest_lag(clock),
        n_units=np.minimum(clock.n_episodes, 1),
    )


def _longest_lag(clock: Clock) -> int:
    # The first steps of an episode have no past to look back to: short episodes would be used up by it.
    n_times: int = clock.interval_of.shape[1]
    return min(_MOST_LAG, max(n_times // _STEPS_PER_LAG, 1))


def fewest_gram_bytes(bank: Sequence[Column], n_episodes: IntArray, *, n_agents: int) -> int:
    """Return the least that Gram matrices take, before anything but the header and the episodes is known.

    Parameters
    ----------
    bank
        The columns of the first pass.
    n_episodes
        Of each group, shape (G,).
    n_agents
        Agents of the log, analysed or not.
    """
    designs = _designs(bank, _teams(bank, n_agents, is_uneven=False), 1, world_lag=1)
    return int(np.minimum(n_episodes, FEWEST_FLIPS).sum()) * _unit_bytes(designs)


def _teams(columns: Sequence[Column], n_agents: int, *, is_uneven: bool) -> list[tuple[int, ...]]:
    is_shared = not (is_uneven or any(_belongs_to_target(column) for column in columns))
    return [tuple(range(n_agents))] if is_shared else [(agent,) for agent in range(n_agents)]


def _designs(
    columns: Sequence[Column], teams: Sequence[tuple[int, ...]], most_lag: int, *, world_lag: int
) -> tuple[Design, ...]:
    return tuple(_design(columns, targets, most_lag, world_lag=world_lag) for targets in teams)


def _units_that_fit(designs: Sequence[Design], n_groups: int) -> int:
    return _MOST_BYTES // max(_unit_bytes(designs) * n_groups, 1)


def _unit_bytes(designs: Sequence[Design]) -> int:
    return sum(8 * len(design.lag) ** 2 for design in designs)


def _varying(bank: Sequence[Column], sums: ClockSums) -> IntArray:
    """Return columns that say something: no constants, no rare symbols, and not the commonest symbol of an action."""
    count, total = sums.count.sum(axis=(0, 1)), sums.total.sum(axis=(0, 1))
    share = total / np.maximum(count, 1)
    is_kept = (_variance(sums) > 0) & (count > 0)
    actions: dict[tuple[int, int], list[int]] = {}
    for place, column in enumerate(bank):
        if column.kind == Kind.SYMBOL:
            actions.setdefault((column.agent, column.component), []).append(place)
    for places in actions.values():
        is_kept[places] &= share[places] >= _RAREST_SYMBOL
        # One of the symbols follows from the others; the commonest is the one whose loss costs least.
        is_kept[places[int(share[places].argmax())]] = False
    return np.flatnonzero(is_kept)


def _variance(sums: ClockSums) -> FloatArray:
    count, total = sums.count.sum(axis=(0, 1)), sums.total.sum(axis=(0, 1))
    mean = total / np.maximum(count, 1)
    variance = sums.squares / np.maximum(count, 1) - mean**2
    # What is left of a constant after rounding is no variance.
    return np.where(variance > 1e-12 * np.maximum(mean**2, 1e-300), variance, 0.0)


def _scale(sums: ClockSums) -> FloatArray:
    variance = np.maximum(_variance(sums), 1e-300)
    return np.exp2(-np.round(np.log2(variance) / 2))


def _belongs_to_target(column: Column) -> bool:
    return column.kind in (Kind.LEGAL, Kind.ENTITY_BEARING, Kind.THING_BEARING)


def _design(columns: Sequence[Column], targets: tuple[int, ...], most_lag: int, *, world_lag: int) -> Design:
    cells = [
        (lag, place)
        for place, column in enumerate(columns)
        for lag in lags_held(column, targets, most_lag, world_lag=world_lag)
    ]
    return design_of_cells(columns, targets, cells)


def design_of_cells(columns: Sequence[Column], targets: tuple[int, ...], cells: Sequence[tuple[int, int]]) -> Design:
    """Return the design that holds, at some lags, some of the columns, given as pairs of lag and number."""
    # Lag by lag, so that the columns of a lag are read side by side.
    lag, place = np.array(sorted(cells), dtype=np.int64).reshape(-1, 2).T
    held = [columns[number] for number in place.tolist()]
    return Design(
        targets=targets,
        column=place,
        lag=lag,
        agent=np.array([column.agent for column in held], dtype=np.int64),
        is_own=np.array([column.kind in OWN_KINDS for column in held], dtype=np.bool_),
        is_target=np.array([column.kind in TARGET_KINDS for column in held], dtype=np.bool_),
    )


def lags_held(column: Column, targets: tuple[int, ...], most_lag: int, *, world_lag: int) -> tuple[int, ...]:
    """Return the lags at which a design holds a column, 0 for what is predicted."""
    if column.kind in OWN_KINDS:
        now = (0,) if column.kind in TARGET_KINDS else ()
        return (*now, *range(1, most_lag + 1))
    if column.kind == Kind.ENTITY:
        # What the world did earlier may reach different agents after different delays.
        return tuple(range(1, world_lag + 1))
    if not _belongs_to_target(column):
        return (1,)
    is_own = column.agent == targets[0]
    # Which actions are legal is known before one is chosen; where things are, at the sender's lag.
    return ((0,) if column.kind == Kind.LEGAL else (1,)) if is_own else ()
