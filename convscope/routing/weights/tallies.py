"""From the rows of the tally to the sums that role preference reads."""

import numpy as np

from convscope.routing.weights.excess import MAX_UNITS, units_of
from convscope.routing.weights.tally import TallyRows
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.routing import RoutingTallies


def routing_tallies(rows: TallyRows, table: EpisodeTable, agents: IntArray) -> RoutingTallies:
    """Return the tallies of some rows, in an order that their content gives.

    Parameters
    ----------
    rows
        Of the analysed checkpoint of each run.
    table
        Names the runs and the declared roles.
    agents
        Analysed agents, as places in the log's agent axis.
    """
    unit, _ = units_of(rows)
    order = np.lexsort([rows.receiver, rows.digest, unit, table.run[rows.episode]])
    roles = table.declared_roles[rows.episode][:, agents]
    tallies = RoutingTallies(
        run=table.run[rows.episode][order],
        unit=unit[order],
        receiver=rows.receiver[order],
        valid=rows.valid[order],
        mass=rows.mass[order],
        n_steps=rows.n_steps[order],
        roles=roles[order],
        runs=table.runs,
    )
    is_long = len(np.unique(rows.episode)) > MAX_UNITS
    return _pooled(tallies) if is_long else tallies


def _pooled(tallies: RoutingTallies) -> RoutingTallies:
    """Add up rows of one unit that agree in everything but their episode: a long log must not make long tallies."""
    key = np.column_stack([tallies.run, tallies.unit, tallies.receiver, tallies.valid, tallies.roles])
    _, first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return RoutingTallies(
        run=tallies.run[first],
        unit=tallies.unit[first],
        receiver=tallies.receiver[first],
        valid=tallies.valid[first],
        mass=_added(tallies.mass, place.ravel(), len(first)),
        n_steps=_added(tallies.n_steps[:, None], place.ravel(), len(first))[:, 0],
        roles=tallies.roles[first],
        runs=tallies.runs,
    )


def _added(values: FloatArray, place: IntArray, n_rows: int) -> FloatArray:
    total = np.zeros((n_rows, values.shape[1]))
    np.add.at(total, place, values)
    return total
