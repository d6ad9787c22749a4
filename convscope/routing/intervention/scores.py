"""Second pass: how far each episode's interventions go together with what receivers did."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.digests import episode_digests
from convscope.routing.intervention.clock import Rows, on_grid, receiver_rows
from convscope.routing.intervention.reading import FIELDS
from convscope.routing.predictive.clock import Clock
from convscope.routing.predictive.columns import Column
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeScores:
    """What each episode says; the first axis counts the episodes that were read, in log order."""

    episode: IntArray
    """Row of the episode table, shape (E,)."""
    digest: IntArray
    """By the episode's content, shape (E,)."""
    products: FloatArray
    """Causes times effects, both freed of the time's and the episode's means, shape (E, N, 3 N, m)."""
    n_rows: FloatArray
    """Rows of each receiver that count, shape (E, N)."""
    n_exposed: FloatArray
    """Those after an intervention, shape (E, receiver, sender)."""
    n_known: FloatArray
    """Those in which it is known whether there was one, shape (E, receiver, sender)."""
    effects: FloatArray
    """Mean of the effects, freed of the time's means, shape (E, N, m)."""
    firsts: FloatArray
    """What each receiver did in the episode's first row, shape (E, N, m); 0 where it did not act by its own choice."""
    squares: FloatArray
    """Sums of squares of the effects around the time's means, shape (E, N, m)."""

    def joined(self, other: "EpisodeScores") -> "EpisodeScores":
        """Return these episodes and then the others."""
        return EpisodeScores(
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__}
        )

    def of(self, episodes: IntArray) -> "EpisodeScores":
        """Return some of the episodes, by row of the episode table, in an order that their content gives."""
        place = np.flatnonzero(np.isin(self.episode, episodes))
        order = place[np.argsort(self.digest[place], kind="stable")]
        return EpisodeScores(**{name: getattr(self, name)[order] for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreState:
    """State of `ScoreFold`."""

    scores: EpisodeScores
    gram: FloatArray
    """Products of the causes with each other, shape (groups, N, 3 N, 3 N)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreFold:
    """Scores of every episode; see `convscope.engine.fold.Fold`."""

    clock: Clock
    columns: tuple[tuple[Column, ...], ...]
    main: FloatArray
    """Means of the first pass, shape (cells, N, 3 N + m)."""

    @property
    def fields(self) -> frozenset[str]:
        """Actions and interventions."""
        return FIELDS

    def start(self) -> ScoreState:
        """Return the state of no episodes."""
        n_agents, width = len(self.columns), self.main.shape[2] - 3 * len(self.columns)
        return ScoreState(
            scores=_empty(n_agents, width),
            gram=np.zeros((self.clock.n_groups, n_agents, 3 * n_agents, 3 * n_agents)),
        )

    def add(self, state: ScoreState, block: Block) -> ScoreState:
        """Add a block."""
        rows, cells, group = receiver_rows(block, self.columns), self.clock.cells(block), self._group(block)
        gram = state.gram.copy()
        found: list[list[FloatArray]] = []
        for receiver, own in enumerate(rows):
            parts, products = _by_episode(block, own, freed_of_times(own, self.main[cells, receiver]))
            found.append(parts)
            for place, number in enumerate(group.tolist()):
                gram[number, receiver] += on_grid(products[place])
        stacked = [np.stack(part, axis=1) for part in zip(*found, strict=True)]
        more = EpisodeScores(
            episode=block.episodes,
            digest=episode_digests(block, [_content(rows)]),
            **dict(zip(_PARTS, stacked, strict=True)),
        )
        return ScoreState(scores=state.scores.joined(more), gram=gram)

    def merge(self, first: ScoreState, second: ScoreState) -> ScoreState:
        """Return the episodes of both."""
        return ScoreState(scores=first.scores.joined(second.scores), gram=first.gram + second.gram)

    def finish(self, state: ScoreState) -> ScoreState:
        """Return the state."""
        return state

    def _group(self, block: Block) -> IntArray:
        return self.clock.group_of[block.episodes]


_PARTS = ("products", "n_rows", "n_exposed", "n_known", "effects", "firsts", "squares")


def freed_of_times(rows: Rows, means: FloatArray) -> FloatArray:
    """Return the columns of the test less their means at each time, 0 in rows that do not count, shape (T, 3 N + m)."""
    values, is_counted = rows.main
    return np.where(is_counted[:, None], values - means, 0.0)


def freed_of_episodes(block: Block, rows: Rows, centred: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the columns less their means in each episode, and these means, (T, 3 N + m) and (B, 3 N + m)."""
    is_counted, n_agents = rows.exposed.is_counted, rows.exposed.now.shape[1]
    n_rows = np.add.reduceat(is_counted.astype(np.float64), block.offsets[:-1])
    means = np.add.reduceat(centred, block.offsets[:-1], axis=0) / np.maximum(n_rows, 1)[:, None]
    swept = np.where(is_counted[:, None], centred - means[block.episode_of_row], 0.0)
    swept[:, :n_agents] *= rows.exposed.is_known
    return swept, means


def _by_episode(block: Block, rows: Rows, centred: FloatArray) -> tuple[list[FloatArray], FloatArray]:
    """Return the parts of `EpisodeScores` of one receiver, each (B, ...), and products of causes, (B, 3 N, 3 N)."""
    starts, is_counted, is_known = block.offsets[:-1], rows.exposed.is_counted, rows.exposed.is_known
    n_causes = rows.causes.shape[1]
    swept, means = freed_of_episodes(block, rows, centred)
    every = np.stack([part.T @ part for part in episode_parts(swept, block)])
    counts = (is_counted[:, None], rows.exposed.now * is_counted[:, None], is_known & is_counted[:, None])
    n_rows, n_exposed, n_known = (np.add.reduceat(count.astype(np.float64), starts, axis=0) for count in counts)
    squares = np.add.reduceat(centred[:, n_causes:] ** 2, starts, axis=0)
    firsts = rows.exposed.outcome[starts]
    parts = [
        every[:, :n_causes, n_causes:],
        n_rows[:, 0],
        n_exposed,
        n_known,
        means[:, n_causes:],
        firsts,
        squares,
    ]
    return parts, every[:, :n_causes, :n_causes]


def episode_parts(values: FloatArray, block: Block) -> Sequence[FloatArray]:
    """Return the rows of each episode."""
    return np.split(values, block.offsets[1:-1])


def _content(rows: tuple[Rows, ...]) -> FloatArray:
    return np.concatenate([np.where(own.exposed.is_counted[:, None], own.main[0], np.nan) for own in rows], axis=1)


def _empty(n_agents: int, width: int) -> EpisodeScores:
    pair, effect = (0, n_agents, n_agents), (0, n_agents, width)
    shapes = {
        "products": (0, n_agents, 3 * n_agents, width),
        "n_rows": (0, n_agents),
        "n_exposed": pair,
        "n_known": pair,
        "effects": effect,
        "firsts": effect,
        "squares": effect,
    }
    none = np.zeros(0, dtype=np.int64)
    return EpisodeScores(episode=none, digest=none, **{name: np.zeros(shape) for name, shape in shapes.items()})
