"""Whether agents' dice fall together at the same step, which those of agents that draw apart never do."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.model import Model, known_dice, known_shares, spread_of
from convscope.routing.residual.reading import policies
from convscope.routing.residual.scores import Scores, product_squares, products
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointFold:
    """Products of the dice of two agents at the same step; see `convscope.engine.fold.Fold`."""

    model: Model

    @property
    def fields(self) -> frozenset[str]:
        """What probabilities are read from."""
        return self.model.fields

    def start(self) -> Scores:
        """Return sums of nothing, by group, first and second agent."""
        n_groups, n_agents, width = self.model.shape
        pairs = (n_groups, n_agents, n_agents, width**2)
        return Scores(score=np.zeros(pairs), variance=np.zeros((*pairs, width**2)))

    def add(self, state: Scores, block: Block) -> Scores:
        """Add a block."""
        total = self.start().plus(state)
        own = policies(block, self.model.groups)
        group = self.model.group_of[block.episodes][block.episode_of_row]
        for number in np.unique(group).tolist():
            here = np.flatnonzero(group == number)
            dice, spread = known_dice(own, here), spread_of(known_shares(own, here)[..., :-1])
            total.score[number] += products(dice, dice)
            total.variance[number] += product_squares(spread, spread)
        return total

    def merge(self, first: Scores, second: Scores) -> Scores:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: Scores) -> Scores:
        """Return the sums."""
        return state
