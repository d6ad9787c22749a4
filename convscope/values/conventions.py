"""Conventions: the role and routing structures on which runs settled."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.arrays import FloatArray, sealed


class ConventionNull(StrEnum):
    """What runs of one convention are taken to look like."""

    HABITS = "habits"
    """One preference, and habits between single agents as large as those within role pairs."""
    SPREAD = "spread"
    """One cloud: normal, with the covariance between runs that was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """The renaming of roles under which a preference comes nearest to the prior."""

    behaves_as: tuple[str, ...]
    """For each role, the role as which it is declared; each itself where nothing is gained by renaming."""
    gap: float | None
    """g of the mean preference under it; None without scorable rows."""
    certainty: float | None
    """Share of resampled runs (of episodes under three runs) that choose the same; None where none can be drawn."""
    n_equal: int
    """Renamings that come equally near, itself among them: symmetries of the prior."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Convention:
    """One convention, with the runs that settled on it."""

    runs: tuple[str, ...]
    preference: FloatArray
    """Mean of P over its runs, shape (R, R); NaN = blank."""
    gap: float | None
    """g of that mean, without noise floor: 0 = as declared; None without scorable rows."""
    renaming: Renaming


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossPlayReturns:
    """What runs gained that played with one another, as the user gives it."""

    runs: tuple[str, ...]
    returns: FloatArray
    """Mean return of agents of the row's run with agents of the column's; NaN = not tried, shape (n, n)."""
    sha256: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "returns", sealed(self.returns, (len(self.runs), len(self.runs)), "returns"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossPlay:
    """How well runs play with one another, beside the conventions found in their routing."""

    runs: tuple[str, ...]
    """Runs that both the matrix and the routing know."""
    distance: FloatArray
    """``1 - XP / SP`` of every two of them, shape (n, n): 0 = as well together as among themselves."""
    within: float | None
    """Mean distance of two runs of one convention; None where no convention has two."""
    between: float | None
    """Mean distance of two runs of different conventions; None where there is one convention."""
    p_value: float | None
    """Chance that dealt-out conventions would set the runs as far apart."""
    correlation: float | None
    """Of these distances with those of the routing, over pairs of runs."""
    correlation_p: float | None
    """By exchange of runs (Mantel)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "distance", sealed(self.distance, (len(self.runs), len(self.runs)), "distance"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conventions:
    """All conventions of a study, those of most runs first."""

    found: tuple[Convention, ...]
    null: ConventionNull | None
    """None where neither can be drawn."""
    p_value: float | None
    """Of several conventions."""
    distance: FloatArray
    """Divergence between the preferences of every two runs, in bits, in the order of ``runs``, shape (S, S)."""
    runs: tuple[str, ...]
    crossplay: CrossPlay | None = None
    """None without a matrix of cross-play."""
