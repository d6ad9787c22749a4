"""Roles within episodes: who plays which role from when to when."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from convscope.values.features import UNIT_TYPES
from convscope.values.figures import count, figure
from convscope.values.header import Notice
from convscope.values.html import Html, box, table

SEGMENT_TYPES: Mapping[str, type[pl.DataType]] = {
    **UNIT_TYPES,
    "start": pl.Int64,
    "stop": pl.Int64,
    "role": pl.Int32,
}
"""Columns of the table of segments, and their types; ``start`` is inclusive, ``stop`` exclusive, both in timesteps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTest:
    """Whether an agent of a run changes its role within episodes."""

    run: str
    checkpoint: str | None
    agent: str
    partner: str | None
    """Agent that it exchanges its role with; None where it changes by itself, or not at all."""
    p_value: float
    """Family-wise over the agents with equal spaces of the run."""
    significant: bool
    """Whether a change is claimed: ``p_value`` is at most alpha, and pieces are like whole episodes of their roles."""
    n_episodes: int
    """Episodes in which the agent's roles were followed."""
    n_switched: int
    """Episodes with more than one segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwell:
    """How long a role lasts among those who switch, from the fitted chain."""

    role: int
    steps: float | None
    """Expected steps without a switch, as if episodes did not end; None where the role was never left."""
    share: float
    """Share of the steps of those who switch, in the long run of the chain."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """Roles within episodes, decoded jointly over each episode of each agent."""

    table: pl.DataFrame
    """`SEGMENT_TYPES`: the segments of each unit, one after the other; one for a unit that does not switch."""
    switching_rate: float | None
    """Switches per step of an analysed agent, from the fitted chains; 0 where no agent was found to switch, None where
    it could not be tested."""
    dwell: tuple[Dwell, ...] = ()
    """By role; empty where nobody switches."""
    tests: tuple[SwitchTest, ...] = ()
    """Of every agent that could have switched; empty where there is nothing to switch between."""
    kinds: tuple[tuple[int, str], ...] = ()
    """Roles of segments and, in words, what they are: which of the units' roles, or which kind of agents."""
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        if self.table.columns != list(SEGMENT_TYPES):
            raise ValueError(f"columns are {self.table.columns}, expected {list(SEGMENT_TYPES)}")

    def switched(self) -> pl.DataFrame:
        """Return the segments of units that have several: run, checkpoint, episode, agent, start, stop and role."""
        unit = ["run", "checkpoint", "episode", "agent"]
        return self.table.filter(pl.len().over(unit) > 1).select(*unit, "start", "stop", "role")

    def _repr_html_(self) -> Html:
        rows = [
            (test.run, test.agent, figure(test.p_value), f"{test.n_switched} of {test.n_episodes}")
            for test in self.tests
        ]
        title = f"Roles within episodes: {count(self.table.height, 'segment')}"
        return box(title, table("Who switches", ("run", "agent", "p", "episodes with a switch"), rows))
