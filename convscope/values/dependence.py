"""What routing depends on: formation, team size, task and padding."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.arrays import FloatArray
from convscope.values.header import Notice


class FormationOrigin(StrEnum):
    """Who says which formation a team is in."""

    FILE = "file"
    """The user."""
    FOUND = "found"
    """Clusters of the team's geometry."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Formation:
    """A set of timesteps, and the routing in it."""

    name: str
    n_episodes: int
    """Episodes that show it."""
    n_timesteps: int
    spread: float | None
    """Mean distance between two members of the team; None without positions."""
    matrix: FloatArray
    """Preference, row = receiver, mean over runs; NaN = blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestChange:
    """A largest absolute change between two formations, beside what exchanged labels give."""

    value: float
    formations: tuple[str, str]
    """The two that differ most."""
    sender: str
    receiver: str | None
    """None in the form that averages over receivers first."""
    null_mean: float | None
    """None, like the others, where no exchange of labels changes anything."""
    null_high: float | None
    """95 % point."""
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """The same in one run."""

    run: str
    cell: float
    key: float
    cell_p_value: float | None
    key_p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShift:
    """How far two conditions differ in role preference in one run; bits."""

    run: str
    divergence: float
    floor: float

    @property
    def value(self) -> float:
        """The divergence beyond its floor."""
        return self.divergence - self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class PairShift:
    """How far two conditions differ in role preference; bits."""

    first: str
    second: str
    divergence: float
    """Jensen-Shannon divergence of two rows, mean over rows and runs."""
    floor: float
    """What the luck of which episodes were logged gives."""
    p_value: float | None
    null: tuple[float, float] | None
    """Mean and 95 % point of what exchanged episodes give beyond the floor; None where none can be exchanged."""
    attainable_p: float | None
    """Smallest p that exchanging episodes could give."""
    runs: tuple[RunShift, ...]
    """Runs that show both."""

    @property
    def value(self) -> float:
        """The divergence beyond its floor; may be slightly negative."""
        return self.divergence - self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far role preference changes over the conditions of one kind."""

    pairs: tuple[PairShift, ...]
    """Every two conditions; at least one pair."""

    @property
    def largest(self) -> PairShift:
        """The pair that differs most; the first of equals."""
        return max(self.pairs, key=lambda pair: pair.value)

    @property
    def p_value(self) -> float | None:
        """Of any difference at all: the smallest p, times the number of pairs (Bonferroni)."""
        known = [pair.p_value for pair in self.pairs if pair.p_value is not None]
        return min(1.0, min(known) * len(self.pairs)) if known else None

    @property
    def attainable_p(self) -> float | None:
        """The smallest that ``p_value`` could have been."""
        known = [pair.attainable_p for pair in self.pairs if pair.attainable_p is not None]
        return min(1.0, min(known) * len(self.pairs)) if known else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormationSensitivity:
    """How far routing changes with the team's formation."""

    origin: FormationOrigin
    nodes: tuple[str, ...]
    """Roles, else agents: rows and columns of the matrices."""
    formations: tuple[Formation, ...]
    cell: LargestChange
    """Over receivers and senders."""
    key: LargestChange
    """Over senders, of the mean over receivers."""
    runs: tuple[RunChange, ...]
    attainable_p: float | None
    """Smallest p that exchanging labels could give; None where it changes nothing."""
    window: int
    """Timesteps that are exchanged as one."""
    shift: Shift | None
    """How far whole rows differ between formations; None where no run has two episodes of two formations."""
    unit: str | None = None
    """Of the matrices; None where their rows are shares of a receiver's routing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dependence:
    """What routing depends on; a part is None where it was not computed or does not apply, and a notice says why."""

    formation: FormationSensitivity | None = None
    scaling: Shift | None = None
    """Over team sizes."""
    transfer: Shift | None = None
    """Over layouts, maps or scenarios."""
    padding: Shift | None = None
    """Over ways in which the same team fills the slots."""
    drift: Shift | None = None
    """From the checkpoint before to the analysed one."""
    notices: tuple[Notice, ...] = ()
