"""Roles in the place of agents: what pairs of agents that have two roles in an episode say together.

A row of roles is one sender at one step: its dice stand at its role, and at each role stands the mean surprise of the
others that have it. The sender's dice are as independent of these as of a single receiver's, so that the same scores,
variances and draws hold, also where slots are filled anew in each episode.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from convscope.routing.residual.model import Model, Rows
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleModel:
    """As `Model`, of roles."""

    of_agents: Model
    """Actions are grouped alike for all agents."""
    roles: IntArray
    """Role of each agent in each episode of the log, -1 for none and for agents that are not analysed, shape (E, N)."""
    n_roles: int

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.of_agents.fields

    @property
    def shape(self) -> tuple[int, int, int]:
        """Runs and checkpoints, roles, and groups of actions less one."""
        n_groups, _, width = self.of_agents.shape
        return n_groups, self.n_roles, width

    def rows(self, block: Block) -> Iterator[Rows]:
        """Return the rows of each run and checkpoint in a block, sender by sender."""
        for rows in self.of_agents.rows(block):
            has_role = np.equal(self.roles[rows.episode][..., None], np.arange(self.n_roles)).astype(np.float64)
            for sender in range(has_role.shape[1]):
                is_sending = has_role[:, sender].any(axis=1)
                if is_sending.any():
                    yield _of_sender(rows, has_role, sender=sender, kept=np.flatnonzero(is_sending))


def _of_sender(rows: Rows, has_role: FloatArray, *, sender: int, kept: IntArray) -> Rows:
    """Return the rows in which one agent sends, roles in the place of agents."""
    others = has_role[kept] * rows.is_receiving[kept][..., None]
    others[:, sender] = 0.0
    n_others = others.sum(axis=1)
    mean = others / np.maximum(n_others, 1)[:, None]
    at_role = has_role[kept, sender][..., None]
    return replace(
        rows,
        episode=rows.episode[kept],
        surprise=np.einsum("knr,knm->krm", mean, rows.surprise[kept]),
        own=np.einsum("knr,knm->krm", mean, rows.own[kept]),
        is_receiving=n_others > 0,
        shares=at_role * rows.shares[kept, sender][:, None],
        dice=at_role * rows.dice[kept, sender][:, None],
    )
