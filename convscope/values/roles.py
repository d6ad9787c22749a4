"""Roles that were found in behaviour."""

from dataclasses import dataclass

import polars as pl

from convscope.values.analysed import Checkpoints, is_analysed
from convscope.values.arrays import FloatArray
from convscope.values.figures import figure, signed
from convscope.values.header import Notice
from convscope.values.html import Html, box, table


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFeature:
    """A feature that sets a role apart."""

    name: str
    unit: str
    effect: float
    """Difference between the role's mean and the other units' mean, in pooled standard deviations."""
    mean: float
    """Mean of the role's units, in the feature's unit."""
    other_mean: float
    """Mean of the other units."""


UnitName = tuple[str, str | None, int, str]
"""Run, checkpoint, episode and agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineUnit:
    """A unit that hardly belongs to its role."""

    unit: UnitName
    confidence: float
    """Probability of its role."""
    next_role: int
    """The role whose centre is the nearest but its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleProfile:
    """What a found role is, in words and numbers."""

    role: int
    """From 0, by falling size."""
    label: str
    """A few plain words, such as ``far from its nearest ally, slow``."""
    size: int
    """Units of the role."""
    features: tuple[ProfileFeature, ...]
    """Strongest first."""
    exemplars: tuple[UnitName, ...]
    """The units nearest to the role's centre."""
    borderline: tuple[BorderlineUnit, ...] = ()
    """The units that are least sure of their role, if any is unsure."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgentClasses:
    """Which agents of one run can be told apart by their behaviour over episodes."""

    run: str
    checkpoint: str | None
    members: tuple[str, ...]
    """Agents, or declared roles or slots where identities do not persist over episodes."""
    distance: FloatArray
    """Energy distance between members, shape (n, n)."""
    p_value: FloatArray
    """Family-wise p of each pair, shape (n, n), 1 on the diagonal."""
    class_of: tuple[int, ...]
    """Class of each member, from 0."""
    attainable_p: float
    """Smallest p that the test could have given."""

    @property
    def n_classes(self) -> int:
        """Number of classes; 1 when no two members can be told apart."""
        return len(set(self.class_of))


MIN_STRENGTH = 0.8
"""Prediction strength that counts as confirmed, as its authors (Tibshirani and Walther 2005) advise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One number of roles above 1, and what speaks for it."""

    k: int
    separation_p: float
    """Largest p of a valley over neighbouring groups that nothing else sets apart."""
    strength: float | None
    """Prediction strength, 0 to 1; None where groups are not set apart, so that it was not computed."""

    @property
    def is_confirmed(self) -> bool:
        """Whether resampling confirms groups that are set apart."""
        return self.strength is not None and self.strength >= MIN_STRENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryScores:
    """Agreement of found with declared roles, on units."""

    ami: float
    ari: float
    homogeneity: float
    completeness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleMatch:
    """A declared role and the found role that is matched with it."""

    declared: str
    found: int | None
    """None where there are fewer found than declared roles."""
    share_of_declared: float
    """Share of the declared role's units that play the found one."""
    share_of_found: float
    """Share of the found role's units that are declared so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleMatching:
    """Declared and found roles matched one to one, so that as many units as possible agree."""

    matches: tuple[RoleMatch, ...]
    """One per declared role, in the order of names."""
    share: float
    """Share of all units whose found role is the match of their declared one."""
    merged: tuple[tuple[int, tuple[str, ...]], ...]
    """Found roles that most units of two or more declared roles play, with these."""
    split: tuple[tuple[str, tuple[int, ...]], ...]
    """Declared roles that are most of two or more found roles, with these."""
    foreign: tuple[int, ...]
    """Found roles that are no declared role's match."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleAssignment:
    """Found roles at both levels, of the analysed checkpoint and of all others."""

    table: pl.DataFrame
    """`UNIT_KEYS`, ``role`` (Int32, from 0 by falling size, null = unassigned) and ``confidence`` (0 to 1)."""
    k: int | None
    """Roles among units; 1 = no evidence for more than one. None when nothing could be clustered."""
    k_agents: int | None
    """Classes of agents that can be told apart: per run, then the mode, the smaller on a tie; None if not testable."""
    k1_rejected: bool | None
    """Whether one single role was rejected at the unit level."""
    stability: float | None
    """Mean adjusted Rand index over resampled episodes, 1 = always the same."""
    candidates: tuple[Candidate, ...] = ()
    """Each number of roles that was tried, in the coordinates in which roles were found."""
    classes: tuple[AgentClasses, ...]
    profiles: tuple[RoleProfile, ...]
    recovery: RecoveryScores | None
    """None without declared roles."""
    confusion: pl.DataFrame | None
    """Declared role, found role and count of units; None without declared roles."""
    map: FloatArray | None
    """First two principal components of each row of ``table``, shape (units, 2), NaN where a unit has no features;
    for the picture only."""
    matching: RoleMatching | None = None
    """None without declared roles."""
    umap: FloatArray | None = None
    """A second picture of the units, shape (units, 2), NaN where a unit was left out; None when it was not drawn."""
    notices: tuple[Notice, ...] = ()
    analysed: Checkpoints | None = None
    """The checkpoints in which roles were found; None when the table holds no others."""

    def of_analysed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a table of units that belong to the analysed checkpoints."""
        return frame if self.analysed is None else frame.filter(is_analysed(frame, self.analysed))

    def _repr_html_(self) -> Html:
        rows = [
            (str(profile.role), profile.label, figure(profile.size), _strongest(profile)) for profile in self.profiles
        ]
        title = f"Roles: {figure(self.k)} among units, {figure(self.k_agents)} classes of agents"
        return box(title, table("Roles that were found", ("role", "in words", "units", "set apart by"), rows))


def _strongest(profile: RoleProfile) -> str:
    return "; ".join(f"{feature.name} {signed(feature.effect)} sd" for feature in profile.features[:3])
