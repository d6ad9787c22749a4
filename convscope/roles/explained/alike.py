"""Whether the agents of an episode all play the same role: then roles tell episodes apart, and no agents."""

import numpy as np

from convscope.roles.explained.losses import UnitTable
from convscope.values.arrays import IntArray


def episodes_alike(units: UnitTable) -> tuple[int, int]:
    """Return in how many episodes all agents play one role, and in how many two or more agents have one.

    Parameters
    ----------
    units
        Of one run.
    """
    return _counted(units, units.role)


def dealt_alike(units: UnitTable, *, n_draws: int, rng: np.random.Generator) -> IntArray:
    """Return the first number of `episodes_alike` where each agent's roles are dealt anew over its episodes, (draws,).

    Agents keep what they play how often, but no longer play it together.

    Parameters
    ----------
    units
        Of one run.
    n_draws
        How often the roles are dealt.
    rng
        Deals them.
    """
    by_agent = np.lexsort((units.unit_episode, units.agent))
    counts = np.zeros(n_draws, dtype=np.int64)
    for draw in range(n_draws):
        dealt = np.empty_like(units.role)
        dealt[by_agent] = units.role[np.lexsort((rng.random(len(units.role)), units.agent))]
        counts[draw] = _counted(units, dealt)[0]
    return counts


def _counted(units: UnitTable, role: IntArray) -> tuple[int, int]:
    episode = np.unique(units.unit_episode, return_inverse=True)[1]
    n_units = np.bincount(episode)
    low, high = np.full(len(n_units), units.n_roles), np.full(len(n_units), -1)
    np.minimum.at(low, episode, role)
    np.maximum.at(high, episode, role)
    several = n_units > 1
    return int((several & (low == high)).sum()), int(several.sum())
