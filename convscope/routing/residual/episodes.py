"""Effects of single episodes, whose sums over any of them give a weight: for comparing formations."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.effect import products_of, share_of, squares_of
from convscope.routing.residual.model import Model
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeEffects:
    """Sums over the rows of each episode; m = groups of actions less one."""

    products: FloatArray
    """Of dice with the receiver's surprise, shape (E, receiver, sender, m, m)."""
    information: FloatArray
    """Known covariance of the dice, shape (E, receiver, sender, m, m)."""
    noise: FloatArray
    """The same, each row weighted by the squared length of the receiver's surprise."""
    chance: FloatArray
    """How often two draws of the sender's action would differ, shape (E, receiver, sender)."""

    def plus(self, other: "EpisodeEffects") -> "EpisodeEffects":
        """Return the sums of both."""
        return EpisodeEffects(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def of(self, places: IntArray) -> "EpisodeEffects":
        """Return some of the episodes."""
        return EpisodeEffects(**{name: getattr(self, name)[places] for name in self.__slots__})

    def shares(self, counts: FloatArray) -> FloatArray:
        """Return the share of the receiver's choice that changes, in sums that count each episode so often.

        Parameters
        ----------
        counts
            Shape (B, E).

        Returns
        -------
        FloatArray
            Shape (B, receiver, sender); NaN where nothing is told, and on the diagonal.
        """
        products, information, noise, chance = (
            np.asarray(np.tensordot(counts, getattr(self, name), axes=1), dtype=np.float64) for name in self.__slots__
        )
        squares = share_of(products, information=information, noise=noise, chance=chance)
        is_self = np.eye(squares.shape[-1], dtype=np.bool_)
        return np.where(is_self, np.nan, np.sqrt(np.clip(squares, 0.0, 1.0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeFold:
    """Sums of `EpisodeEffects`; see `convscope.engine.fold.Fold`."""

    model: Model
    place_of: IntArray
    """Place of each episode of the log among those that count, -1 for the others."""

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.model.fields

    def start(self) -> EpisodeEffects:
        """Return sums of nothing."""
        _, n_agents, width = self.model.shape
        pairs = (int(self.place_of.max()) + 1, n_agents, n_agents)
        square = np.zeros((*pairs, width, width))
        return EpisodeEffects(products=square, information=square, noise=square, chance=np.zeros(pairs))

    def add(self, state: EpisodeEffects, block: Block) -> EpisodeEffects:
        """Add a block."""
        total = EpisodeEffects(**{name: np.array(getattr(state, name)) for name in EpisodeEffects.__slots__})
        for rows in self.model.rows(block):
            place, spread = self.place_of[rows.episode], rows.spread
            things = rows.is_receiving[..., None].astype(np.float64)
            lengths = np.square(rows.surprise).sum(axis=-1) + np.square(rows.surprise.sum(axis=-1))
            noisy = things * np.sqrt(lengths)[..., None]
            differ = np.einsum("knaa->kn", spread) + spread.sum(axis=(-2, -1))
            for each in np.unique(place[place >= 0]).tolist():
                mine = place == each
                total.products[each] += products_of(things[mine], rows.dice[mine], rows.surprise[mine])
                total.information[each] += squares_of(things[mine], spread[mine])
                total.noise[each] += squares_of(noisy[mine], spread[mine])
                total.chance[each] += things[mine, :, 0].T @ differ[mine]
        return total

    def merge(self, first: EpisodeEffects, second: EpisodeEffects) -> EpisodeEffects:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: EpisodeEffects) -> EpisodeEffects:
        """Return the sums."""
        return state
