"""Third pass, where channels are cut: whether a receiver still answers what the sender did before the cut.

A cut need not change how often a receiver takes an action; it breaks the tie to what the sender did. What the sender
did in the row before comes before the cut, so that it may be multiplied into what the receiver does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.intervention.clock import Rows, receiver_rows
from convscope.routing.intervention.reading import FIELDS, is_followed, shifted
from convscope.routing.intervention.scores import episode_parts, freed_of_episodes, freed_of_times
from convscope.routing.predictive.clock import Clock
from convscope.routing.predictive.columns import Column
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interactions:
    """What each episode says, in log order; columns are products of sender's and receiver's, sender's first."""

    episode: IntArray
    """Row of the episode table, shape (E,)."""
    scores: FloatArray
    """Interventions, freed of all others, times the products; shape (E, receiver, sender, m * m)."""
    means: FloatArray
    """Means of the products over the episode, shape (E, receiver, sender, m * m)."""

    def joined(self, other: "Interactions") -> "Interactions":
        """Return these episodes and then the others."""
        return Interactions(
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__}
        )

    def of(self, episodes: IntArray) -> "Interactions":
        """Return some of the episodes, by row of the episode table, in the order asked for."""
        order = np.argsort(self.episode)[np.searchsorted(np.sort(self.episode), episodes)]
        return Interactions(**{name: getattr(self, name)[order] for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteractionFold:
    """Sums products of each episode; see `convscope.engine.fold.Fold`."""

    clock: Clock
    columns: tuple[tuple[Column, ...], ...]
    main: FloatArray
    """Means of the first pass, shape (cells, N, 3 N + m)."""
    turn: FloatArray
    """By which the causes become interventions freed of all others, shape (groups, receiver, 3 N, sender)."""
    scale: FloatArray
    """Of each agent's columns as a sender, shape (groups, N, m)."""

    @property
    def fields(self) -> frozenset[str]:
        """Actions and interventions."""
        return FIELDS

    @property
    def width(self) -> int:
        """Columns of an action."""
        return int(self.scale.shape[-1])

    def start(self) -> Interactions:
        """Return the state of no episodes."""
        shape = (0, len(self.columns), len(self.columns), self.width**2)
        return Interactions(episode=np.zeros(0, dtype=np.int64), scores=np.zeros(shape), means=np.zeros(shape))

    def add(self, state: Interactions, block: Block) -> Interactions:
        """Add a block."""
        rows, cells = receiver_rows(block, self.columns), self.clock.cells(block)
        freed = [freed_of_times(own, self.main[cells, receiver]) for receiver, own in enumerate(rows)]
        has_before, n_causes = is_followed(block), rows[0].causes.shape[1]
        group = self.clock.group_of[block.episodes][block.episode_of_row]
        sent = [
            shifted(columns[:, n_causes:], has_before) * self.scale[group, sender]
            for sender, columns in enumerate(freed)
        ]
        found = [
            self._of_receiver(block, own, freed[receiver], sent=sent, turn=self.turn[:, receiver])
            for receiver, own in enumerate(rows)
        ]
        scores, means = (np.stack(part, axis=1) for part in zip(*found, strict=True))
        return state.joined(Interactions(episode=block.episodes, scores=scores, means=means))

    def merge(self, first: Interactions, second: Interactions) -> Interactions:
        """Return the episodes of both."""
        return first.joined(second)

    def finish(self, state: Interactions) -> Interactions:
        """Return the state."""
        return state

    def _of_receiver(
        self, block: Block, rows: Rows, centred: FloatArray, *, sent: Sequence[FloatArray], turn: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return scores and means of one receiver, (B, N, m * m) both."""
        n_causes = rows.causes.shape[1]
        swept, _ = freed_of_episodes(block, rows, centred)
        group = self.clock.group_of[block.episodes]
        effects = centred[:, n_causes:]
        n_rows = np.add.reduceat(rows.exposed.is_counted.astype(np.float64), block.offsets[:-1])
        causes = episode_parts(swept[:, :n_causes], block)
        own = np.concatenate([part @ turn[number] for part, number in zip(causes, group.tolist(), strict=True)])
        scores, means = (
            np.stack([_products(weight[:, None] * columns, effects, block) for weight, columns in pairs], axis=1)
            for pairs in (zip(own.T, sent, strict=True), ((np.ones(block.n_rows), columns) for columns in sent))
        )
        return scores, means / np.maximum(n_rows, 1)[:, None, None]


def _products(first: FloatArray, second: FloatArray, block: Block) -> FloatArray:
    pairs = zip(episode_parts(first, block), episode_parts(second, block), strict=True)
    return np.stack([(a.T @ b).ravel() for a, b in pairs])
