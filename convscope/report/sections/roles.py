"""The roles that were found, and who plays them."""

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from convscope.report.charts.picture import picture_of
from convscope.report.charts.role_map import MAX_POINTS
from convscope.report.deciders import Deciders, deciders_of, situational_words
from convscope.report.diversity import DiversityRow, diversity_rows
from convscope.report.divisions import Division, divisions
from convscope.report.drawn import map_chart, mapped_units, umap_chart
from convscope.report.listing import Listing, listing
from convscope.report.matched import matching_sentences
from convscope.report.matrix import Matrix
from convscope.report.occupancy import confusion_matrix, occupancy_matrix
from convscope.report.palette import SHAPE_SIGNS, kind_of
from convscope.report.readings import Readings, readings_of
from convscope.report.scope import is_analysed_unit
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.roles import BorderlineUnit, Candidate, ProfileFeature, RecoveryScores, RoleProfile, UnitName

MAX_ROLES = 20
MAX_DIVISIONS = 12
MAX_FEATURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """One found role."""

    role: int
    kind: int
    sign: str
    label: str
    size: int
    share: float
    features: tuple[ProfileFeature, ...]
    exemplar: str
    borderline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesView:
    """What the section shows."""

    k: int | None
    k_agents: int | None
    k1_rejected: bool | None
    follows: str | None
    """Said where the roles follow the situation and no agents."""
    stability: float | None
    candidates: tuple[Candidate, ...]
    unassigned: float | None
    """Share of units with features that have no role; None where all have one."""
    n_units: int
    n_drawn: int
    map: Markup | None
    umap: Markup | None
    matched: tuple[str, ...]
    profiles: Listing[ProfileRow]
    occupancy: Matrix | None
    classes: Listing[Division]
    recovery: RecoveryScores | None
    confusion: Matrix | None
    identities_persist: bool
    diversity: tuple[DiversityRow, ...]
    readings: Readings
    deciders: Deciders | None


def _view(evidence: Evidence) -> RolesView:
    roles = evidence.roles
    n_units = int(mapped_units(evidence).sum())
    total = sum(profile.size for profile in roles.profiles)
    return RolesView(
        k=roles.k,
        k_agents=roles.k_agents,
        k1_rejected=roles.k1_rejected,
        follows=situational_words(evidence.explained, evidence.config.alpha),
        stability=roles.stability,
        candidates=roles.candidates,
        unassigned=_unassigned(evidence),
        n_units=n_units,
        n_drawn=min(MAX_POINTS, n_units),
        map=picture_of(
            map_chart(evidence), "Scatter of episodes of single agents, a colour and a shape for each role."
        ),
        umap=picture_of(umap_chart(evidence), "The same episodes by UMAP, a colour and a shape for each role."),
        matched=matching_sentences(roles.matching) if roles.matching and _is_recovered(evidence) else (),
        profiles=listing([_profile(profile, total) for profile in roles.profiles], MAX_ROLES),
        occupancy=occupancy_matrix(evidence),
        classes=listing(divisions(roles.classes), MAX_DIVISIONS),
        recovery=roles.recovery,
        confusion=None if roles.confusion is None else confusion_matrix(roles.confusion, evidence.header.roles),
        identities_persist=evidence.header.identities_persist,
        diversity=diversity_rows(evidence.diversity),
        readings=readings_of(evidence),
        deciders=deciders_of(evidence.explained, evidence.config.alpha),
    )


def _is_recovered(evidence: Evidence) -> bool:
    """Whether found roles agree with declared ones beyond chance: else a table of both says nothing of either."""
    gap = evidence.gap
    p_value = None if gap is None else gap.component("recovery").p_value
    return p_value is not None and p_value <= evidence.config.alpha


def _unassigned(evidence: Evidence) -> float | None:
    known = evidence.roles.table.filter(is_analysed_unit(evidence), pl.col("confidence").is_not_null())
    n_unassigned = int(known["role"].null_count())
    return n_unassigned / known.height if n_unassigned else None


def _profile(profile: RoleProfile, total: int) -> ProfileRow:
    return ProfileRow(
        role=profile.role,
        kind=kind_of(profile.role),
        sign=SHAPE_SIGNS[kind_of(profile.role)],
        label=profile.label,
        size=profile.size,
        share=profile.size / total if total else 0.0,
        features=profile.features[:MAX_FEATURES],
        exemplar=_named(profile.exemplars[0]) if profile.exemplars else "",
        borderline=_borderline(profile.borderline[0]) if profile.borderline else "",
    )


def _named(unit: UnitName) -> str:
    run, checkpoint, episode, agent = unit
    where = run if checkpoint is None else f"{run}, checkpoint {checkpoint}"
    return f"{agent} in episode {episode} of {where}"


def _borderline(unit: BorderlineUnit) -> str:
    return f"{_named(unit.unit)}, at {unit.confidence:.0%}, close to role {unit.next_role}"


ROLES = Section(key="roles", title="Roles", view=_view)
