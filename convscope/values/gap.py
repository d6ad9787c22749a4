"""The translation gap: how far the roles and routing that were found are from those that were declared."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.arrays import FloatArray
from convscope.values.conventions import Conventions, Renaming
from convscope.values.figures import figure, interval, probability
from convscope.values.header import Notice
from convscope.values.html import Html, box, table

MOST_LISTED = 24
"""Symmetries of a prior that are listed."""


class Verdict(StrEnum):
    """What the evidence allows to say; the order is the order in which they are ruled out."""

    INSUFFICIENT_EVIDENCE = "insufficient-evidence"
    NO_ROLE_STRUCTURE = "no-role-structure"
    MULTIPLE_CONVENTIONS = "multiple-conventions"
    ALIGNED = "aligned"
    PARTIAL = "partial"
    STRUCTURED_BUT_DIFFERENT = "structured-but-different"
    INCONCLUSIVE = "inconclusive"


class Subject(StrEnum):
    """What a verdict is about: the most that the prior declares."""

    ROUTING = "routing"
    ROLES = "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class NullRange:
    """What the null of a component gives, on the scale of its value."""

    mean: float
    low: float
    high: float
    """Its draws lie between ``low`` and ``high`` in 95 %; where 0 is the end of the scale, below ``high``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component of the gap; 0 = as declared."""

    name: str
    value: float | None
    """None when it was not computed or does not apply; ``why`` says which."""
    interval: tuple[float, float] | None = None
    interval_kind: str | None = None
    """What the interval is, such as ``Student-t over runs, 95 %`` or ``these runs only``."""
    null: NullRange | None = None
    """None where there is no test."""
    p_value: float | None = None
    attainable_p: float | None = None
    scorable: bool = False
    why: str | None = None
    """Why it cannot be scored; None when it can."""
    parts: tuple[tuple[str, float], ...] = ()
    """Named figures that belong to the value, such as lambda or the specificity p."""
    per_run: tuple[tuple[str, float], ...] = ()
    """Value of each run by name, unclipped, where runs have values of their own."""
    parts_by_run: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    """Those of the named figures that have values of their own in each run, by name."""
    effect: str = ""
    """What the value says, in a sentence; empty without a value."""
    note: str = ""
    """What the sentence must name beside the value, such as the largest part of stability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAgreement:
    """How well the routing between agents goes together with the declared one, raw and beyond what else orders them."""

    correlation: float | None
    """Of the ranks of each receiver's senders, mean over runs; None where one of the two is even."""
    p_value: float | None
    """One-sided; None where agents are too few to permute."""
    partial_correlation: float | None
    """Beyond the controls; None where there are none, or where they leave nothing of the declared routing."""
    partial_p_value: float | None
    """By Freedman and Lane."""
    controls: tuple[str, ...]
    """Such as ``closeness`` and ``slot``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """All components and the verdict."""

    components: tuple[Component, ...]
    """Alignment, dilution, foreign, recovery, behaviour, multiplicity, stability, in this order."""
    declared: FloatArray | None
    """Q over the roles, shape (R, R), as conditioned on identifiable cells; None without a declared matrix."""
    learned: FloatArray | None
    """P averaged over runs, shape (R, R)."""
    roles: tuple[str, ...]
    composite: Component | None
    """None where it is withheld because a part of it cannot be scored; a notice says which."""
    verdict: Verdict
    reasons: tuple[str, ...]
    """In words, the deciding one first."""
    smallest_detectable: float | None
    """Gap that would be found with 80 % power; None when not computed."""
    runs_needed: int | None
    """Runs in all that would decide, with one or two runs a lower bound; None where the verdict is decided."""
    subject: Subject = Subject.ROUTING
    """Roles where the prior declares no routing: then the verdict is about role recovery."""
    conventions: Conventions | None = None
    """None where no role preference can be compared over runs."""
    renaming: Renaming | None = None
    """Of the roles, that brings the mean preference nearest to the prior; None without scorable rows."""
    symmetries: tuple[tuple[str, ...], ...] = ()
    """Renamings of ``roles`` that leave the prior as it is, the one that renames none first; up to `MOST_LISTED`."""
    n_symmetries: int = 1
    """How many there are."""
    outlook: tuple[str, ...] = ()
    """What would change the verdict, in words."""
    agreement: DeclaredAgreement | None = None
    """Between agents; None without a declared matrix, and where roles or slots are redrawn."""
    notices: tuple[Notice, ...] = ()

    def component(self, name: str) -> Component:
        """Return the component of this name."""
        return next(component for component in self.components if component.name == name)

    def _repr_html_(self) -> Html:
        header = ("component", "value", "interval", "p", "why not")
        rows = [
            (part.name, figure(part.value), interval(part.interval), probability(part.p_value), part.why or "")
            for part in self.components
        ]
        title = f"Translation gap: {self.verdict.value}"
        return box(title, table("Components of the gap, 0 = as declared", header, rows))
