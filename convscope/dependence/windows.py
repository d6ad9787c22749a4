"""Routing and team shape of every window of an episode: the fold behind all that routing may depend on."""

from dataclasses import dataclass, fields, replace

import numpy as np

from convscope.dependence.geometry import MOST_AGENTS, QUANTILES, team_shapes
from convscope.routing.weights.fold import WeightFold
from convscope.routing.weights.tally import sum_shares
from convscope.values.arrays import BoolArray, FloatArray, IntArray, ranges
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import POSITIONS
from convscope.values.log import Block
from convscope.values.status import Status

MOST_WINDOWS = 32
"""Of one episode."""
FEW_WINDOWS = 1 << 16
"""Of all episodes; more are cut only as far as into one an episode."""
MOST_CELLS = 1 << 26
"""Windows, receivers and senders that are told apart; keeps the memory of the sums in bounds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowPlan:
    """How episodes are cut into windows."""

    n_windows: int
    """Of the longest episode; 0 where the log is too large to tell even its episodes apart."""
    width: int
    """Timesteps of a window; the last one of an episode may be shorter."""
    is_analysed: BoolArray
    """Episodes that count, shape (E,)."""
    is_before: BoolArray
    """Episodes of the checkpoint before; read to see whether routing still changes, shape (E,)."""


def plan_windows(table: EpisodeTable, checkpoint: str | None, n_agents: int) -> WindowPlan:
    """Return how to cut: up to 32 windows an episode, fewer where there are many episodes.

    Empty slots change the cut only where there are so many that the finest one would not fit into memory.

    Parameters
    ----------
    table
        Of the log's episodes.
    checkpoint
        As in `EpisodeTable.is_analysed`.
    n_agents
        Analysed agents.
    """
    is_analysed, is_before = table.is_analysed(checkpoint), table.is_before(checkpoint)
    longest = int(table.rows[is_analysed].max(initial=1))
    n_episodes = max(1, int(is_analysed.sum()))
    most = MOST_CELLS // (max(1, int((is_analysed | is_before).sum())) * n_agents**2)
    n_windows = min(MOST_WINDOWS, max(1, FEW_WINDOWS // n_episodes), most, longest)
    width = -(-longest // max(n_windows, 1))
    return WindowPlan(
        n_windows=-(-longest // width) if n_windows else 0,
        width=width,
        is_analysed=is_analysed,
        is_before=is_before,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowRows:
    """Sums over the timesteps of windows, in log order."""

    episode: IntArray
    """Row of the log's episode table, shape (K,)."""
    window: IntArray
    """Shape (K,)."""
    receiver: IntArray
    """Index among the analysed agents, shape (K,)."""
    valid: BoolArray
    """Shape (K, N)."""
    mass: FloatArray
    """Summed shares, shape (K, N)."""
    n_steps: FloatArray
    """Shape (K,)."""
    shape_episode: IntArray
    """Shape (G,)."""
    shape_window: IntArray
    """Shape (G,)."""
    shape: FloatArray
    """Mean shape of the team in each window, shape (G, 5); NaN where it is not known."""

    def joined(self, other: "WindowRows") -> "WindowRows":
        """Return these rows and then the other ones."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        return WindowRows(**{name: np.concatenate(pair) for name, pair in pairs.items()})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """What the windows of a log hold."""

    plan: WindowPlan
    rows: WindowRows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowFold:
    """Sums logged weights and team shapes over windows; see `convscope.engine.fold.Fold`."""

    weights: WeightFold | None
    """Says which field, agents and heads count; None where no logged weights are in use: then nothing is read."""
    plan: WindowPlan

    @property
    def fields(self) -> frozenset[str]:
        """The weights and the positions."""
        return frozenset() if self.weights is None else self.weights.fields | {POSITIONS}

    def start(self) -> WindowRows:
        """Return no rows."""
        n_agents = 0 if self.weights is None else len(self.weights.tally.agents)
        none = np.zeros(0, dtype=np.int64)
        return WindowRows(
            episode=none,
            window=none,
            receiver=none,
            valid=np.zeros((0, n_agents), dtype=np.bool_),
            mass=np.zeros((0, n_agents)),
            n_steps=np.zeros(0),
            shape_episode=none,
            shape_window=none,
            shape=np.zeros((0, len(QUANTILES))),
        )

    def add(self, state: WindowRows, block: Block) -> WindowRows:
        """Add the windows of a block; a file without weights adds none."""
        weights = self.weights
        if weights is None or not self.plan.n_windows or weights.tally.field not in block.columns:
            return state
        counted = _part(block, (self.plan.is_analysed | self.plan.is_before)[block.episodes])
        return state.joined(self._windows(counted, weights)) if counted.n_rows else state

    def merge(self, first: WindowRows, second: WindowRows) -> WindowRows:
        """Return the rows of both."""
        return first.joined(second)

    def finish(self, state: WindowRows) -> Windows:
        """Return the rows and how they were cut."""
        return Windows(plan=self.plan, rows=state)

    def _windows(self, block: Block, weights: WeightFold) -> WindowRows:
        # Episodes of an earlier checkpoint may be longer than those that the cut was made for.
        window = np.minimum(block.time_of_row // self.plan.width, self.plan.n_windows - 1)
        window_of_row = block.episode_of_row * self.plan.n_windows + window
        shares = weights.shares(block)
        summed = sum_shares(shares, window_of_row)
        episode, window = np.divmod(summed.part, self.plan.n_windows)
        windows, shapes = _shapes(block, window_of_row, weights.tally.agents)
        shape_episode, shape_window = np.divmod(windows, self.plan.n_windows)
        return WindowRows(
            episode=block.episodes[episode],
            window=window,
            receiver=summed.receiver,
            valid=summed.valid,
            mass=summed.mass,
            n_steps=summed.n_steps,
            shape_episode=block.episodes[shape_episode],
            shape_window=shape_window,
            shape=shapes,
        )


def _part(block: Block, is_kept: BoolArray) -> Block:
    """Return some whole episodes of a block."""
    if bool(is_kept.all()):
        return block
    rows = ranges(block.offsets[:-1][is_kept], block.offsets[1:][is_kept])
    lengths = np.diff(block.offsets)[is_kept]
    return replace(
        block,
        episodes=block.episodes[is_kept],
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        status=block.status[rows],
        columns={name: column[rows] for name, column in block.columns.items()},
    )


def _shapes(block: Block, window_of_row: IntArray, agents: IntArray) -> tuple[IntArray, FloatArray]:
    positions = block.columns.get(POSITIONS)
    if positions is None or not 2 <= len(agents) <= MOST_AGENTS:
        return np.zeros(0, dtype=np.int64), np.zeros((0, len(QUANTILES)))
    status = block.status[:, agents]
    is_present = (status == Status.ACTING) | (status == Status.WAITING)
    shapes = team_shapes(positions[:, agents], is_present)
    windows, starts = np.unique(window_of_row, return_index=True)
    is_known = np.isfinite(shapes[:, 0])
    total = np.add.reduceat(np.where(is_known[:, None], shapes, 0.0), starts, axis=0)
    n_known = np.add.reduceat(is_known.astype(np.float64), starts)[:, None]
    return windows, np.divide(total, n_known, out=np.full_like(total, np.nan), where=n_known > 0)
