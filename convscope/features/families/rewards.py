"""What an agent earns, and when."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, holds, lacks_field
from convscope.features.sides import side_numbers
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import REWARDS, TEAM_REWARDS
from convscope.values.header import LogHeader


class Rewards:
    """Mean reward, share of the team's reward, how often, and when, from each agent's own rewards.

    The share is the sum of the agent's rewards without their signs over the same sum of its team in the episode. The
    timing is the mean moment of its rewards, weighed by their size: 0 = all at the first step, 1 = all at the last.
    A reward that only the team as a whole receives says nothing about one agent, and is not used.
    """

    name = "rewards"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the agents' own rewards."""
        return frozenset({REWARDS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no rewards of single agents."""
        if not holds(header, REWARDS) and holds(header, TEAM_REWARDS):
            return "the log holds a reward for the team only, the same for every agent"
        return lacks_field(header, REWARDS)

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("mean reward", "reward per step", "earns much", "earns little"),
            (
                "share of the team's reward",
                "0 to 1",
                "a large share of the team's reward",
                "a small share of the team's reward",
            ),
            ("share of steps with a reward", "share of steps", "rewarded often", "rewarded seldom"),
            ("timing of rewards", "0 to 1", "rewarded late", "rewarded early"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Add up each unit's rewards."""
        rewards = decisions.vectors(REWARDS)[:, 0]
        size = np.abs(rewards)
        own = decisions.total(size)
        block = decisions.block
        last = np.maximum(np.diff(block.offsets) - 1, 1)[block.episode_of_row[decisions.row]]
        timing = ratio(decisions.total(size * block.time_of_row[decisions.row] / last), own)
        share = ratio(own, _team_total(own, side_numbers(header)))
        return np.column_stack([decisions.mean(rewards), share, decisions.share(size > 0, np.isfinite(size)), timing])


REWARDS_FAMILY = Rewards()


def _team_total(own: FloatArray, side: IntArray) -> FloatArray:
    per_episode = own.reshape(-1, len(side))
    is_same = side[:, np.newaxis] == side
    # Not a matrix product: its rounding could depend on how many agents there are before this one.
    totals = np.stack([np.sort(per_episode[:, members], axis=1).sum(axis=1) for members in is_same], axis=1)
    return totals.reshape(-1)
