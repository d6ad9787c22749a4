"""What logged shares say beyond the even share: sums by unit, edges, and their tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.edges import PairFigures
from convscope.routing.flips import one_sided_p
from convscope.routing.weights.tally import TallyRows
from convscope.values.arrays import FloatArray, IntArray

MAX_UNITS = 512
"""Episodes beyond this number share flips in groups, chosen by their content."""
_FEWEST_EPISODES = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excess:
    """Sums of one run and checkpoint over pairs of nodes (agents or roles)."""

    excess: FloatArray
    """Shares beyond the even share, summed by unit, shape (U, receiver, sender)."""
    mass: FloatArray
    """Summed shares, shape (receiver, sender)."""
    n_steps: FloatArray
    """Timesteps of receivers at which the sender was there, shape (receiver, sender)."""
    n_units: IntArray
    """Units that say something of a pair, shape (receiver, sender)."""


def agent_excess(rows: TallyRows) -> Excess:
    """Sum over pairs of agents; ``rows`` are those of one run and checkpoint."""
    n_rows, n_agents = rows.valid.shape
    senders = np.broadcast_to(np.arange(n_agents), (n_rows, n_agents))
    return _excess(rows, rows.receiver, senders, n_nodes=n_agents)


def role_excess(rows: TallyRows, roles: IntArray, n_roles: int) -> Excess:
    """Sum over pairs of roles; agents without a role are left out.

    Parameters
    ----------
    rows
        Of one run and checkpoint.
    roles
        Role of each agent in each row's episode, -1 for none, shape (K, N).
    n_roles
        Number of roles.
    """
    receiving = roles[np.arange(len(roles)), rows.receiver]
    return _excess(rows, receiving, roles, n_nodes=n_roles)


def excess_figures(parts: Sequence[Excess], *, n_flips: int, q: float, rng: np.random.Generator) -> PairFigures:
    """Test whether senders get more than the even share, all runs together (docs/routing.md).

    Parameters
    ----------
    parts
        One of each run; runs weigh the same.
    n_flips
        Number of sign flips.
    q
        False discovery rate at which edges are claimed.
    rng
        Draws them.

    Returns
    -------
    PairFigures
        Weight: mean share over timesteps, averaged over runs. One-sided p of sign flips of units, never mixing runs;
        NaN where fewer than 6 episodes say something.
    """
    n_nodes = len(parts[0].mass)
    steps = np.array([part.n_steps for part in parts])
    n_runs = (steps > 0).sum(axis=0)
    shares = [_over(part.mass, part.n_steps) for part in parts]
    weight = np.where(n_runs > 0, np.sum(shares, axis=0) / np.maximum(n_runs, 1), np.nan)
    columns = np.concatenate([_over(part.excess, part.n_steps).reshape(len(part.excess), -1) for part in parts])
    p_value = one_sided_p(columns, n_flips=n_flips, q=q, rng=rng).reshape(n_nodes, n_nodes)
    is_enough = np.sum([part.n_units for part in parts], axis=0) >= _FEWEST_EPISODES
    return PairFigures(weight=weight, p_value=np.where(is_enough, p_value, np.nan))


def _excess(rows: TallyRows, receiving: IntArray, sending: IntArray, *, n_nodes: int) -> Excess:
    unit, n_units = units_of(rows)
    order = np.lexsort([rows.receiver, rows.digest])
    is_used = rows.valid[order] & (sending[order] >= 0) & (receiving[order, None] >= 0)
    place, sender = np.nonzero(is_used)
    row = order[place]
    cell = (unit[row] * n_nodes + receiving[row]) * n_nodes + sending[row, sender]
    even = rows.n_steps / np.maximum(rows.valid.sum(axis=1), 1)
    shape = (n_units, n_nodes, n_nodes)
    mass = _sums(cell, rows.mass[row, sender], shape)
    distinct, first = np.unique(np.column_stack([row, cell]), axis=0, return_index=True)
    steps = _sums(distinct[:, 1], rows.n_steps[row[first]], shape)
    return Excess(
        excess=mass - _sums(cell, even[row], shape),
        mass=mass.sum(axis=0),
        n_steps=steps.sum(axis=0),
        n_units=(steps > 0).sum(axis=0),
    )


def _sums(cell: IntArray, values: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    # A running count adds in the order of the rows, which their content gives, not their place in the log.
    sums = np.bincount(cell, values, shape[0] * shape[1] * shape[2]).reshape(shape)
    return sums.astype(np.float64)


def units_of(rows: TallyRows) -> tuple[IntArray, int]:
    """Return the unit of each row, in an order that only the episodes' content gives, and the number of units."""
    # Equal episodes have equal digests; the second key keeps them apart and cannot matter.
    keys = np.column_stack([rows.digest, rows.episode])
    distinct, unit = np.unique(keys, axis=0, return_inverse=True)
    if len(distinct) <= MAX_UNITS:
        return unit.ravel(), len(distinct)
    return rows.digest % MAX_UNITS, MAX_UNITS


def _over(sums: FloatArray, n_steps: FloatArray) -> FloatArray:
    return sums / np.maximum(n_steps, 1.0)
