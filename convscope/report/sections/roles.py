"""The roles that were found, and who plays them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from markupsafe import Markup

from convscope.report.charts.picture import picture
from convscope.report.charts.role_map import MAX_POINTS, role_map
from convscope.report.deciders import Deciders, deciders_of
from convscope.report.divisions import Division, divisions
from convscope.report.listing import Listing, listing
from convscope.report.matrix import Matrix
from convscope.report.occupancy import confusion_matrix, occupancy_matrix
from convscope.report.palette import SHAPE_SIGNS, kind_of
from convscope.report.readings import Readings, readings_of
from convscope.report.scope import is_analysed_unit
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.roles import ProfileFeature, RecoveryScores, RoleProfile

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesView:
    """What the section shows."""

    k: int | None
    k_agents: int | None
    k1_rejected: bool | None
    stability: float | None
    n_units: int
    n_drawn: int
    map: Markup | None
    profiles: Listing[ProfileRow]
    occupancy: Matrix | None
    classes: Listing[Division]
    recovery: RecoveryScores | None
    confusion: Matrix | None
    identities_persist: bool
    readings: Readings
    deciders: Deciders | None


def _view(evidence: Evidence) -> RolesView:
    roles = evidence.roles
    drawn = _drawable(evidence)
    total = sum(profile.size for profile in roles.profiles)
    return RolesView(
        k=roles.k,
        k_agents=roles.k_agents,
        k1_rejected=roles.k1_rejected,
        stability=roles.stability,
        n_units=int(drawn.sum()),
        n_drawn=min(MAX_POINTS, int(drawn.sum())),
        map=_map(evidence, drawn),
        profiles=listing([_profile(profile, total) for profile in roles.profiles], MAX_ROLES),
        occupancy=occupancy_matrix(evidence),
        classes=listing(divisions(roles.classes), MAX_DIVISIONS),
        recovery=roles.recovery,
        confusion=None if roles.confusion is None else confusion_matrix(roles.confusion, evidence.header.roles),
        identities_persist=evidence.header.identities_persist,
        readings=readings_of(evidence),
        deciders=deciders_of(evidence.explained),
    )


def _drawable(evidence: Evidence) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    table, coordinates = evidence.roles.table, evidence.roles.map
    if coordinates is None:
        return np.zeros(table.height, dtype=np.bool_)
    is_known = table["role"].is_not_null() & is_analysed_unit(evidence)
    return is_known.to_numpy() & np.isfinite(coordinates).all(axis=1)


def _map(evidence: Evidence, drawn: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Markup | None:
    coordinates = evidence.roles.map
    if coordinates is None or not drawn.any():
        return None
    roles = evidence.roles.table["role"].cast(pl.Int64).to_numpy()[drawn].astype(np.int64)
    description = "Scatter of episodes of single agents by behaviour, a colour and a shape for each role."
    return picture(role_map(coordinates[drawn], roles), description)


def _profile(profile: RoleProfile, total: int) -> ProfileRow:
    return ProfileRow(
        role=profile.role,
        kind=kind_of(profile.role),
        sign=SHAPE_SIGNS[kind_of(profile.role)],
        label=profile.label,
        size=profile.size,
        share=profile.size / total if total else 0.0,
        features=profile.features[:MAX_FEATURES],
        exemplar=_exemplar(profile),
    )


def _exemplar(profile: RoleProfile) -> str:
    if not profile.exemplars:
        return ""
    run, checkpoint, episode, agent = profile.exemplars[0]
    where = run if checkpoint is None else f"{run}, checkpoint {checkpoint}"
    return f"{agent} in episode {episode} of {where}"


ROLES = Section(key="roles", title="Roles", view=_view)
