"""What an agent's situation is before it acts, as numbers that a model of its conduct can use."""

import numpy as np

from convscope.features.sides import side_numbers
from convscope.randomness import generator
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, OBSERVATIONS, POSITIONS
from convscope.values.header import ActionKind, LogHeader
from convscope.values.log import Block
from convscope.values.status import Status

FIELDS = frozenset({ACTIONS, OBSERVATIONS, POSITIONS, ENTITY_POSITIONS})
MAX_OBSERVED = 64
"""Wider observations are projected at random onto so many numbers."""
MAX_CHOICES = 32
"""Choices up to which the last action is part of the situation, and conduct can be told at all."""
SETTLING = 3.0
"""Steps in which what is peculiar to the start of an episode fades."""
MEMORY = 0.8
"""Weight of each action in what an agent did lately, against the one after it."""
N_REMEMBERED = 12
CLOSE = 1e-6


def situations(header: LogHeader, block: Block, longest: int) -> FloatArray:
    """Describe the situation of each agent in each row of a block.

    The time within the episode, the agent's own last action, its observation, its place and last move, and the way to
    the nearest agent of its own sort, of another sort, and to the nearest other thing. A sort is a side and a group of
    equal spaces. No name and no index of an agent is among them.

    Parameters
    ----------
    header
        Of the log, with a side for every agent.
    block
        Whole episodes.
    longest
        Timesteps of the log's longest episode.

    Returns
    -------
    FloatArray
        Shape (T, N, C), NaN where unknown.
    """
    n_agents = block.status.shape[1]
    shared = np.broadcast_to(_clock(block, longest)[:, np.newaxis], (block.n_rows, n_agents, 3))
    parts = [shared, _last_actions(header, block), _observed(block), _places(header, block)]
    return np.concatenate([part for part in parts if part is not None], axis=2)


def _clock(block: Block, longest: int) -> FloatArray:
    share = block.time_of_row / max(longest - 1, 1)
    return np.column_stack([share, share**2, np.exp(-block.time_of_row / SETTLING)])


def _last_actions(header: LogHeader, block: Block) -> FloatArray | None:
    """Return the agent's own last action, and what it did lately, which stands for moods that the log does not show."""
    actions = block.columns.get(ACTIONS)
    if actions is None:
        return None
    acts = actions.reshape(*block.status.shape, -1)
    if any(agent.action_space.kind is ActionKind.CONTINUOUS for agent in header.agents):
        acts = acts[:, :, :MAX_CHOICES]
    elif choices(header) > MAX_CHOICES:
        return None
    else:
        spaces = [agent.action_space.n for agent in header.agents]
        n = [max((space[c] for space in spaces if c < len(space)), default=0) for c in range(acts.shape[2])]
        parts = [acts[:, :, c, np.newaxis] == np.arange(n_choices) for c, n_choices in enumerate(n)]
        acts = np.concatenate(parts, axis=2).astype(np.float64)
    last = np.nan_to_num(_before(acts, block))
    lately, shifted = last.copy(), last
    for back in range(1, N_REMEMBERED):
        shifted = np.nan_to_num(_before(shifted, block))
        lately += MEMORY**back * shifted
    return np.concatenate([last, lately], axis=2)


def choices(header: LogHeader) -> int:
    """Largest number of choices, over all components of an action, that an agent has."""
    return max((sum(agent.action_space.n) for agent in header.agents), default=0)


def _observed(block: Block) -> FloatArray | None:
    observations = block.columns.get(OBSERVATIONS)
    if observations is None:
        return None
    flat = observations.reshape(*block.status.shape, -1)
    width = flat.shape[2]
    if width <= MAX_OBSERVED:
        return flat
    mixing = generator(0, "segments", "observations").normal(size=(width, MAX_OBSERVED)) / np.sqrt(width)
    known = np.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(known @ mixing)


def _places(header: LogHeader, block: Block) -> FloatArray | None:
    positions = block.columns.get(POSITIONS)
    if positions is None:
        return None
    in_play = (block.status == Status.ACTING) | (block.status == Status.WAITING)
    present = np.where(in_play[:, :, np.newaxis], positions, np.nan)
    sort = _sorts(header)
    is_own = sort[:, np.newaxis] == sort
    parts = [present, present - _before(present, block)]
    company = (is_own & ~np.eye(len(sort), dtype=np.bool_), ~is_own)
    parts += [_nearest(present, present, allowed) for allowed in company if allowed.any()]
    things = block.columns.get(ENTITY_POSITIONS)
    if things is not None and things.shape[-1] == positions.shape[-1] and things.shape[1]:
        parts.append(_nearest(present, things, np.ones((len(sort), things.shape[1]), dtype=np.bool_)))
    return np.concatenate(parts, axis=2)


def _sorts(header: LogHeader) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    numbers: dict[tuple[int, str], int] = {}
    pairs = zip(side_numbers(header).tolist(), header.agents, strict=True)
    return np.array([numbers.setdefault((side, agent.group), len(numbers)) for side, agent in pairs], dtype=np.int64)


def _nearest(own: FloatArray, others: FloatArray, allowed: BoolArray) -> FloatArray:
    """Way to the nearest of the others, its direction and its length, shape (T, N, 2 d + 1)."""
    n_axes = own.shape[2]
    found = np.full((*own.shape[:2], 2 * n_axes + 1), np.nan)
    # One agent after the other: all pairs of a large team at once would not fit into memory.
    for agent in range(own.shape[1]):
        way = others[:, allowed[agent]] - own[:, agent, np.newaxis]
        if not way.shape[1]:
            continue
        length = np.sqrt((way**2).sum(axis=2))
        nearest = np.where(np.isfinite(length), length, np.inf).argmin(axis=1)
        rows = np.arange(len(way))
        found[:, agent, :n_axes] = way[rows, nearest]
        found[:, agent, -1] = length[rows, nearest]
        found[:, agent, n_axes:-1] = way[rows, nearest] / np.maximum(length[rows, nearest], CLOSE)[:, np.newaxis]
    return found


def _before(values: FloatArray, block: Block) -> FloatArray:
    """Values of the row before, NaN at the first row of an episode, same shape."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[block.offsets[:-1]] = np.nan
    return before
