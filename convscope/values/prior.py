"""What the designer declared: roles, routing and behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.values.arrays import FloatArray, sealed
from convscope.values.figures import figure
from convscope.values.html import Html, box, table


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatement:
    """One statement of order, such as: an archer attends to knights more than to archers."""

    receiver: str
    """Role that attends."""
    roles: tuple[str, ...]
    """Roles attended to, from more to less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeStatement:
    """One edge that must be there, or must not: a guard must draw on collectors, and must not on guards."""

    receiver: str
    sender: str
    is_required: bool
    """Required: more than the even share of the receiver's choices; forbidden: less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourExpectation:
    """One expectation of behaviour, such as: an archer's distance to the nearest opponent is high.

    High or low is meant against the units of the other roles.
    """

    role: str
    feature: str
    is_high: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeWeights:
    """How much each component counts in the composite; of any sum, at least 0."""

    alignment: float = 0.5
    recovery: float = 0.25
    instability: float = 0.25

    @property
    def shares(self) -> dict[str, float]:
        """The weights by name, scaled to a sum of 1."""
        weights = {"alignment": self.alignment, "recovery": self.recovery, "instability": self.instability}
        largest = max(weights.values())
        scaled = {name: weight / largest for name, weight in weights.items()}  # first, so that no sum overflows
        return {name: weight / sum(scaled.values()) for name, weight in scaled.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RolePrior:
    """Declared roles and, where given, declared routing. Immutable; parsed from a priors file or from a log."""

    roles: tuple[str, ...]
    """Names of the declared roles, in the order of the matrix."""
    role_of: Mapping[str, str]
    """Declared role of each agent by name; empty where the log's own labels per episode speak."""
    preference: FloatArray | None = None
    """Q, shape (R, R), row = receiving role, rows sum to 1 over the declared cells; NaN rows are undeclared, NaN
    cells in a declared row are don't-care. None when no row is declared."""
    orders: tuple[OrderStatement, ...] = ()
    edges: tuple[EdgeStatement, ...] = ()
    behaviours: tuple[BehaviourExpectation, ...] = ()
    composite: CompositeWeights = CompositeWeights()
    margin: float | None = None
    """Overrides `AnalysisConfig.margin`."""
    alpha: float | None = None
    """Overrides `AnalysisConfig.alpha`."""
    sha256: str | None = None
    """Digest of the priors file; None for a prior made from the log's labels or in a notebook."""
    file: str | None = None
    """Name of that file."""

    def __post_init__(self) -> None:
        if self.preference is not None:
            square = (len(self.roles), len(self.roles))
            object.__setattr__(self, "preference", sealed(self.preference, square, "preference"))

    def _repr_html_(self) -> Html:
        agents = table("Declared roles", ("agent", "role"), list(self.role_of.items()))
        if self.preference is None:
            return box("Prior", agents)
        rows = [(role, *map(figure, row)) for role, row in zip(self.roles, self.preference.tolist(), strict=True)]
        return box("Prior", agents, table("Declared routing, row = receiving role", ("receiver", *self.roles), rows))
