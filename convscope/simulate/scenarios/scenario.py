"""What a scenario is: a name, what it plants, and a way to draw it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from convscope.simulate.teams import Team
from convscope.values.log import TrajectoryLog

ROLES = ("scout", "carrier", "guard")

Truth = float | str | list["Truth"] | dict[str, "Truth"] | None
"""What a scenario plants, as JSON; in a matrix a row is a receiving role and None a cell that cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is simulated."""

    n_runs: int = 5
    members: tuple[int, ...] = (2, 2, 2)
    """Agents of each of the three roles."""
    n_episodes: int = 20
    """Of each run."""
    n_steps: int = 25
    """Of each episode."""
    noise: float = 0.0
    """Standard deviation of the log of two factors of each weight, one drawn once for a run and one at each step; 0
    gives the truth to the digit."""

    def team(self, preference: tuple[tuple[float, ...], ...]) -> Team:
        """Return a team of this size and noise."""
        return Team(
            preference=preference,
            members=self.members,
            n_episodes=self.n_episodes,
            n_steps=self.n_steps,
            dyad_noise=self.noise,
            step_noise=self.noise,
        )

    @property
    def agents(self) -> tuple[str, ...]:
        """Names of the agents, role by role: ``scout_0``, ``scout_1``, ``carrier_0``, ..."""
        return tuple(f"{role}_{number}" for role, n in zip(ROLES, self.members, strict=True) for number in range(n))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planted:
    """The files of a scenario and their truth."""

    logs: Mapping[str, TrajectoryLog]
    """By name of the file without its ending; a folder before it holds a twin of the study."""
    priors: str
    """Text of the priors file."""
    truth: Mapping[str, Truth]
    others: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Other files, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One ground truth."""

    name: str
    number: int
    """Of the ground truth in docs/simulate.md."""
    description: str
    """One line: what is planted, and what an analysis must make of it."""
    plant: Callable[[Scale, np.random.Generator], Planted]
