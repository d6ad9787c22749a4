"""How much of a receiver's next choice changes where a sender does otherwise: the weight of an edge.

A sender's dice are noise of a known covariance, so that a regression of the receiver's surprise on them has no unknown
confounder. What an action does may depend on what the receiver was about to do: opposite effects in two situations
must not cancel, and so the coefficients may follow the receiver's own probabilities at the step.
"""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.model import Model, Rows
from convscope.routing.residual.roles import RoleModel
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block

MOST_UNITS = 16
"""Parts of a run's episodes that effects are summed over; halves of a run are made of these."""
_FEWEST_DRAWS = 1.0
"""A direction in which fewer draws than this would differ says nothing."""
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """Sums over rows; m = groups of actions less one, q = 1 + m things that an effect may follow."""

    products: FloatArray
    """Of things and dice with the receiver's surprise, by unit, shape (U, receiver, sender, q * m, m)."""
    information: FloatArray
    """Known covariance of things and dice, by group (run and checkpoint), shape (G, receiver, sender, q * m, q * m)."""
    noise: FloatArray
    """The same, each row weighted by the squared length of the receiver's surprise."""
    chance: FloatArray
    """How often two draws of the sender's action would differ, over the same rows, shape (G, receiver, sender)."""

    def plus(self, other: "Effects") -> "Effects":
        """Return the sums of both."""
        return Effects(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectFold:
    """Sums of `Effects`; see `convscope.engine.fold.Fold`."""

    model: Model | RoleModel
    unit_of: IntArray
    """Unit of each episode, shape (E,)."""

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.model.fields

    def start(self) -> Effects:
        """Return sums of nothing."""
        n_groups, n_agents, width = self.model.shape
        pairs, wide = (n_agents, n_agents), (1 + width) * width
        return Effects(
            products=np.zeros((int(self.unit_of.max()) + 1, *pairs, wide, width)),
            information=np.zeros((n_groups, *pairs, wide, wide)),
            noise=np.zeros((n_groups, *pairs, wide, wide)),
            chance=np.zeros((n_groups, *pairs)),
        )

    def add(self, state: Effects, block: Block) -> Effects:
        """Add a block."""
        total = self.start().plus(state)
        for rows in self.model.rows(block):
            things, spread, unit = _things(rows), rows.spread, self.unit_of[rows.episode]
            for each in np.unique(unit).tolist():
                mine = unit == each
                total.products[each] += products_of(things[mine], rows.dice[mine], rows.surprise[mine])
            total.information[rows.number] += squares_of(things, spread)
            lengths = np.square(rows.surprise).sum(axis=-1) + np.square(rows.surprise.sum(axis=-1))
            total.noise[rows.number] += squares_of(things * np.sqrt(lengths)[..., None], spread)
            differ = np.einsum("knaa->kn", spread) + spread.sum(axis=(-2, -1))
            total.chance[rows.number] += things[..., 0].T @ differ
        return total

    def merge(self, first: Effects, second: Effects) -> Effects:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: Effects) -> Effects:
        """Return the sums."""
        return state


def squared_share(effects: Effects, number: int, *, units: IntArray, share: float) -> FloatArray:
    """Return the squared share of the receiver's choice that changes, shape (receiver, sender); NaN where untold.

    Parameters
    ----------
    effects
        Of the log.
    number
        Of the run and checkpoint.
    units
        Its units, or some of them.
    share
        Share of its episodes that these are.

    Returns
    -------
    FloatArray
        The mean over steps and over two draws of the sender's action that differ, of half the squared length of the
        change in the receiver's probabilities, less what luck adds: slightly negative values are none.
    """
    return share_of(
        effects.products[units].sum(axis=0),
        information=effects.information[number] * share,
        noise=effects.noise[number] * share,
        chance=effects.chance[number] * share,
    )


def share_of(products: FloatArray, *, information: FloatArray, noise: FloatArray, chance: FloatArray) -> FloatArray:
    """Return what `squared_share` does from sums over rows, shape (...); the last axes are those of `Effects`."""
    inverse = _inverse(information)
    completed = products + products.sum(axis=-1, keepdims=True)
    lengths = np.einsum("...ab,...ac,...bc->...", inverse, products, completed, optimize=True)
    luck = np.einsum("...ab,...ab->...", inverse, noise)
    is_told = (inverse != 0).any(axis=(-2, -1)) & (chance > 0)
    return np.where(is_told, (lengths - luck) / np.where(is_told, chance, 1.0), np.nan)


def _things(rows: Rows) -> FloatArray:
    """Return what an effect may follow, the constant first, 0 where the receiver does not act, shape (K, N, q)."""
    every = np.concatenate([np.ones((*rows.own.shape[:2], 1)), rows.own], axis=-1)
    return np.where(rows.is_receiving[..., None], every, 0.0)


def _inverse(information: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(information)
    is_kept = values > np.maximum(_TOLERANCE * values[..., -1:], _FEWEST_DRAWS)
    scale = np.where(is_kept, 1 / np.where(is_kept, values, 1.0), 0.0)
    inverse: FloatArray = (vectors * scale[..., None, :]) @ vectors.swapaxes(-1, -2)
    return inverse


def products_of(things: FloatArray, dice: FloatArray, surprise: FloatArray) -> FloatArray:
    """Return sums over rows, shape (receiver, sender, q * m, m)."""
    n_rows, n_agents, width = dice.shape
    told = np.einsum("knq,knm->knqm", things, surprise)
    total = told.reshape(n_rows, -1).T @ dice.reshape(n_rows, -1)
    by_pair = total.reshape(n_agents, -1, width, n_agents, width).transpose(0, 3, 1, 4, 2)
    return np.asarray(by_pair.reshape(n_agents, n_agents, -1, width), dtype=np.float64)


def squares_of(things: FloatArray, spread: FloatArray) -> FloatArray:
    """Return sums over rows of the covariances, shape (receiver, sender, q * m, q * m)."""
    n_rows, n_agents, width, _ = spread.shape
    q = things.shape[-1]
    total = np.einsum("knq,knp->knqp", things, things).reshape(n_rows, -1).T @ spread.reshape(n_rows, -1)
    by_pair = total.reshape(n_agents, q, q, n_agents, width, width).transpose(0, 3, 1, 4, 2, 5)
    return np.asarray(by_pair.reshape(n_agents, n_agents, q * width, q * width), dtype=np.float64)
