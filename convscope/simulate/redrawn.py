"""Teams whose slots are filled anew in each episode: who is who is known by role alone."""

from collections.abc import Sequence

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Situation
from convscope.values.log import TrajectoryLog


def in_redrawn_slots(situation: Situation, roles: Sequence[str], rng: np.random.Generator) -> TrajectoryLog:
    """Return the log with the agents of each episode in another order, and the role of each slot declared.

    Parameters
    ----------
    situation
        Every episode of the same length; fields of the team are not carried over.
    roles
        Of each agent.
    rng
        Draws the orders.
    """
    log, n_agents = situation.log, len(roles)
    length = log.episodes.length
    (block,) = log.blocks(frozenset(spec.name for spec in log.header.fields), max_bytes=1 << 40)
    order = np.argsort(rng.random((len(length), n_agents)), axis=1)
    row, slot = np.arange(len(block.status))[:, None], order[block.episode_of_row]
    columns = {name: values[row, slot] for name, values in block.columns.items()}
    names = [f"slot_{number}" for number in range(n_agents)]
    declared = [[str(roles[agent]) for agent in own] for own in order.tolist()]
    return log_from_arrays(columns, length, names, declared_roles=declared)


def role_edges(situation: Situation, roles: Sequence[str]) -> set[tuple[str, str]]:
    """Return sender's and receiver's role of every true edge."""
    return {(roles[sender], roles[receiver]) for receiver, sender in np.argwhere(situation.edges).tolist()}
