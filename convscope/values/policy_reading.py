"""What agents do given what they see: who can be told apart by it, and when it changes."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from convscope.values.arrays import FloatArray, sealed
from convscope.values.figures import figure
from convscope.values.header import Notice
from convscope.values.html import Html, box, table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyRun:
    """The policy reading of one run. Matrices have shape (members, members) and are symmetric."""

    run: str
    checkpoint: str | None
    members: tuple[str, ...]
    """Agents, or declared roles or slots where identities do not persist over episodes; in the order of their names."""
    nats: FloatArray
    """What knowing which of two it is tells of an action, beyond the observation, per decision of theirs; held out, so
    below 0 where it tells nothing. NaN where the two are not comparable."""
    nats_low: FloatArray
    """Lower end of the 95 % interval (episodes resampled), NaN as ``nats``."""
    nats_high: FloatArray
    """Upper end."""
    p_value: FloatArray
    """Family-wise over pairs, 1 where not comparable."""
    overlap: FloatArray
    """How far both meet the same situations: 1 = equally, 0 = never; NaN between agents of different spaces."""
    class_of: tuple[int, ...]
    """Class of each member, from 0."""
    attainable_p: float
    """Smallest p that the test could have given."""
    all_nats: float | None
    """As ``nats``, of all members at once that share their spaces; None where no pair is comparable."""
    all_interval: tuple[float, float] | None
    n_episodes: int
    n_decisions: int
    """Sampled decisions behind the reading."""
    stretch: tuple[int, int] | None = None
    """First and last episode of the stretch that pairs are read on, where policies changed within the run; None: all
    episodes."""

    def __post_init__(self) -> None:
        shape = (len(self.members), len(self.members))
        for name in ("nats", "nats_low", "nats_high", "p_value", "overlap"):
            object.__setattr__(self, name, sealed(getattr(self, name), shape, name))

    @property
    def n_classes(self) -> int:
        """Most classes among members that can be compared with one another: others are no kinds that anything told."""
        n_groups, group = connected_components(np.isfinite(self.nats), directed=False)
        numbers = np.asarray(self.class_of)
        return max((len(set(numbers[group == each].tolist())) for each in range(n_groups)), default=0)

    @property
    def largest_overlap(self) -> float | None:
        """Largest overlap of a pair; None where no two members share their spaces."""
        return float(np.nanmax(_of_pairs(self.overlap))) if self.n_pairs else None

    @property
    def n_pairs(self) -> int:
        """Pairs of members that share their spaces."""
        return int(np.isfinite(_of_pairs(self.overlap)).sum())

    @property
    def n_compared(self) -> int:
        """Pairs that meet the same situations often enough to be compared."""
        return int(np.isfinite(_of_pairs(self.nats)).sum())


def _of_pairs(matrix: FloatArray) -> FloatArray:
    return np.asarray(matrix[np.triu_indices(len(matrix), 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """An episode from which on agents act otherwise than before on what they see."""

    run: str
    checkpoint: str | None
    episode: int
    """First episode after the change, numbered as in the log."""
    p_value: float
    """Of the largest change in the stretch of episodes that it divides."""

    @property
    def confidence(self) -> float:
        """1 less p: no probability that there was a change."""
        return 1.0 - self.p_value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyReading:
    """The policy reading of a study."""

    runs: tuple[PolicyRun, ...] = ()
    """Of those that could be read."""
    k_agents: int | None = None
    """Classes of agents by policy: per run, then the mode, the smaller on a tie; None where no pair of any run could be
    compared."""
    change_points: tuple[ChangePoint, ...] | None = None
    """None where no run was long enough to look for one."""
    notices: tuple[Notice, ...] = ()

    def _repr_html_(self) -> Html:
        rows = [(each.run, figure(each.n_classes), figure(each.all_nats)) for each in self.runs]
        title = f"Policy: {figure(self.k_agents)} classes of agents"
        return box(title, table("By run", ("run", "classes", "nats per decision"), rows))
