"""How concentrated each agent's routing is, where no roles were declared."""

from collections.abc import Sequence

import numpy as np

from convscope.values.arrays import FloatArray
from convscope.values.routing import RoutingTallies


def agent_concentration(tallies: RoutingTallies, agents: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Return ``1 - H(w) / log K`` of each receiver's mean shares w over its K senders: 0 = even, 1 = one target.

    Parameters
    ----------
    tallies
        Routed weight; runs and units are added up.
    agents
        Names, in the order of the agent axis. Agents without a choice are left out.
    """
    mass = np.zeros((len(agents), len(agents)))
    np.add.at(mass, tallies.receiver, tallies.mass)
    is_sender = np.zeros(mass.shape, dtype=np.bool_)
    np.logical_or.at(is_sender, tallies.receiver, tallies.valid)
    rows = zip(agents, mass, is_sender.sum(axis=1).tolist(), strict=True)
    return tuple(
        (name, _concentration(row, n_senders)) for name, row, n_senders in rows if n_senders >= 2 and row.sum() > 0
    )


def _concentration(mass: FloatArray, n_senders: int) -> float:
    share = mass[mass > 0] / mass.sum()
    return max(0.0, 1.0 + float((share * np.log(share)).sum()) / float(np.log(n_senders))) + 0.0
