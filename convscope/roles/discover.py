"""The roles of a team, at the level of agents and of units."""

import numpy as np
import polars as pl

from convscope.randomness import generator
from convscope.roles.agents import agent_classes
from convscope.roles.assignment import UnitRoles, assign_roles
from convscope.roles.embedding import umap_coordinates
from convscope.roles.likeness import likeness_notices
from convscope.roles.matching import match_roles
from convscope.roles.method import Method
from convscope.roles.methods import METHODS
from convscope.roles.numbers import RoleNumber, number_of_roles
from convscope.roles.profiles import role_profiles
from convscope.roles.recovery import recovery
from convscope.roles.sample import sampled_units
from convscope.roles.units import Units, prepare_units
from convscope.values.analysed import is_analysed
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.features import UNIT_KEYS, FeatureTable
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment

MAX_CLUSTERED = 50_000
"""Units in which roles are found; of more, whole episodes are sampled and the rest are assigned."""


def discover_roles(
    table: FeatureTable,
    log: TrajectoryLog,
    *,
    agents: tuple[str, ...],
    config: AnalysisConfig,
    method: Method | None = None,
) -> RoleAssignment:
    """Find the roles that agents really play.

    Roles are found among the units of each run's analysed checkpoint; the units of all other checkpoints are assigned
    to the same roles.

    Parameters
    ----------
    table
        Features of the log's units.
    log
        The log; only its header and its table of episodes are looked at.
    agents
        Names of the analysed agents.
    config
        ``checkpoint``, ``alpha``, ``n_permutations`` and ``seed`` are used.
    method
        Divides units into groups; None takes that of ``config``.
    """
    method = method or next(each for each in METHODS if each.name == config.role_method)
    analysed = log.episodes.analysed(config.checkpoint)
    units = prepare_units(table, is_analysed(table.frame, analysed).to_numpy(), agents)
    identities_persist = log.header.identities_persist
    by_agent = agent_classes(units, config, identities_persist=identities_persist)
    classes = by_agent.classes if identities_persist else ()
    number = number_of_roles(units, classes, method=method, config=config)
    alike = likeness_notices(units, classes, alpha=config.alpha)
    found = _roles_of_units(units, number, log, method=method, config=config)
    order = np.argsort(units.row)
    roles = _role_table(units, found)
    scores, confusion = recovery(roles.filter(pl.Series(units.is_fitted)))
    return RoleAssignment(
        table=roles[order],
        k=number.k,
        k_agents=by_agent.k_agents,
        k1_rejected=None if number.k is None else number.k > 1,
        stability=number.stability,
        candidates=number.candidates,
        classes=by_agent.classes,
        profiles=role_profiles(units, found, table.matrix[units.row][:, units.selection.kept]),
        recovery=scores,
        confusion=confusion,
        matching=None if confusion is None else match_roles(confusion),
        map=_map(units)[order],
        umap=_umap(units, config, order),
        analysed=analysed,
        notices=(*units.notices, *by_agent.notices, *number.notices, *alike),
    )


def _roles_of_units(
    units: Units, number: RoleNumber, log: TrajectoryLog, *, method: Method, config: AnalysisConfig
) -> UnitRoles:
    if number.k is None:
        return UnitRoles(role=np.full(len(units.row), -1), confidence=np.full(len(units.row), np.nan))
    return assign_roles(
        units,
        number.values,
        number.k,
        sample=sampled_units(units, MAX_CLUSTERED),
        method=method,
        seed=int(generator(config.seed, "roles", "assignment").integers(2**32)),
        identities_persist=log.header.identities_persist,
    )


def _role_table(units: Units, found: UnitRoles) -> pl.DataFrame:
    role = pl.Series("role", found.role).cast(pl.Int32)
    confidence = pl.Series("confidence", found.confidence, dtype=pl.Float64).fill_nan(None)
    keys = units.frame.select(UNIT_KEYS).with_columns(role, confidence)
    return keys.with_columns(pl.when(pl.col("role") >= 0).then(pl.col("role")).alias("role"))


def _map(units: Units) -> FloatArray:
    coordinates = units.coordinates[:, :2]
    plane = np.zeros((len(coordinates), 2))
    plane[:, : coordinates.shape[1]] = coordinates
    plane[~units.has_features] = np.nan
    return plane


def _umap(units: Units, config: AnalysisConfig, order: IntArray) -> FloatArray | None:
    if not config.draws_umap:
        return None
    plane = umap_coordinates(units, seed=int(generator(config.seed, "roles", "umap").integers(2**32)))
    return None if plane is None else plane[order]
