"""How much memory the predictive test may take, and what it needs."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import Group
from convscope.routing.predictive.columns import OWN_KINDS, column_bank
from convscope.routing.predictive.plan import FEWEST_FLIPS, fewest_gram_bytes
from convscope.routing.predictive.symbol_counts import symbol_places
from convscope.values.header import LogHeader

MOST_BYTES = 256 << 20
"""Beyond this the sums of a pass keep to the analysed runs and checkpoints; a mere comparison is left out."""


def first_pass_bytes(header: LogHeader, groups: Sequence[Group]) -> int:
    """Return what the tables of symbols take at the end of the first pass."""
    sizes = [len(own) for own in symbol_places(column_bank(header))]
    return 8 * len(groups) * sum(sizes) * (sum(sizes) + max(sizes, default=0))


def fewest_bytes(header: LogHeader, groups: Sequence[Group]) -> int:
    """Return the least that both passes take, as far as a log's header tells."""
    n_episodes = np.array([len(group.episodes) for group in groups], dtype=np.int64)
    bank, n_agents = column_bank(header), len(header.agents)
    n_own = sum(column.kind in OWN_KINDS for column in bank)
    # Each agent's columns stand in every design at two lags at least; to lay out those of thousands takes long.
    least = int(np.minimum(n_episodes, FEWEST_FLIPS).sum()) * 8 * (2 * n_own) ** 2
    if least > MOST_BYTES:
        return least
    return max(first_pass_bytes(header, groups), fewest_gram_bytes(bank, n_episodes, n_agents=n_agents))


def is_screened(header: LogHeader, groups: Sequence[Group]) -> bool:
    """Whether even the analysed groups do not fit, so that senders are screened first."""
    return fewest_bytes(header, [group for group in groups if group.is_analysed]) > MOST_BYTES


def affordable_groups(header: LogHeader, groups: Sequence[Group]) -> tuple[Group, ...]:
    """Return all groups where both passes fit into the budget, else those that are analysed."""
    if fewest_bytes(header, groups) <= MOST_BYTES:
        return tuple(groups)
    return tuple(group for group in groups if group.is_analysed)
