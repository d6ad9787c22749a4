"""What a scenario is: a name, what it plants, and a way to draw it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.simulate.teams import SimulatedRun, Team
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
    def runs(self) -> tuple[str, ...]:
        """Names of the runs: ``run_0``, ``run_1``, ..."""
        return tuple(f"run_{number}" for number in range(self.n_runs))

    @property
    def n_numbers(self) -> int:
        """How many weights all runs hold together."""
        return self.n_runs * self.n_episodes * self.n_steps * sum(self.members) ** 2

    def noisy(self, runs: Sequence[SimulatedRun]) -> Sequence[SimulatedRun]:
        """Return the runs where noise was drawn, else none: without it they show what was planted, to the digit."""
        return runs if self.noise else ()

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
    noise: float | None = 0.0
    """Where none is asked for; None where no noise can be asked for."""
    has_team: bool = True
    """Whether the number of agents of each role can be asked for."""
    n_copies: int = 1
    """How many times as large as its scale says the study is: twins and checkpoints count."""
