"""Runs, agents and roles in the order of their names: their order in the log then changes no result."""

from dataclasses import replace

import numpy as np

from convscope.routing.preference import role_preference
from convscope.values.arrays import IntArray
from convscope.values.preference import RolePreference
from convscope.values.routing import RoutingGraph, RoutingTallies


def in_name_order(routing: RoutingGraph, preference: RolePreference) -> tuple[RoutingGraph, RolePreference]:
    """Return routing with runs, agents and roles renumbered by name, and the preference fitted to it.

    Parameters
    ----------
    routing
        Its tallies and halves are renumbered.
    preference
        Its roles are those that the tallies count.
    """
    roles = tuple(sorted(preference.roles))
    place_of_role = np.array([*(roles.index(role) for role in preference.roles), -1])
    agents = tuple(sorted(routing.agents))
    order = np.array([routing.agents.index(agent) for agent in agents])
    tallies = _renumbered(routing.tallies, order, place_of_role)
    halves = tuple(
        (_renumbered(first, order, place_of_role), _renumbered(second, order, place_of_role))
        for first, second in routing.halves
    )
    ordered = replace(routing, agents=agents, tallies=tallies, halves=halves)
    return ordered, role_preference(tallies, roles)


def _renumbered(tallies: RoutingTallies, order: IntArray, place_of_role: IntArray) -> RoutingTallies:
    runs = tuple(sorted(tallies.runs))
    place_of_run = np.array([runs.index(run) for run in tallies.runs])
    run, receiver, valid = place_of_run[tallies.run], np.argsort(order)[tallies.receiver], tallies.valid[:, order]
    rows = np.lexsort((*np.packbits(valid, axis=1).T, receiver, tallies.unit, run))
    return RoutingTallies(
        run=run[rows],
        unit=tallies.unit[rows],
        receiver=receiver[rows],
        valid=valid[rows],
        mass=tallies.mass[:, order][rows],
        n_steps=tallies.n_steps[rows],
        # No role is numbered -1, which is also the last place.
        roles=place_of_role[tallies.roles[:, order][rows]],
        runs=runs,
    )
