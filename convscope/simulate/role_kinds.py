"""Twelve kinds of units with planted roles, one role included: what finds the number of roles is measured on these."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.role_laws import CountLaw, GaussianLaw, HeavyTailedLaw, Law
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable
from convscope.values.log import TrajectoryLog

N_FEATURES = 8
DISTANCE = 6.0
"""Least distance between two centres, in standard deviations of a unit."""
LOYALTY = 0.9
"""Share of episodes in which an agent plays the role that it holds, where roles are held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSize:
    """How many units are drawn."""

    n_agents: int = 6
    n_episodes: int = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What units are drawn from."""

    law: Law
    weights: FloatArray
    """Share of units in each role, shape (K,)."""
    shift: FloatArray | float = 0.0
    """What is added to the features of a unit for reasons that are no roles, broadcast to (E, N, F)."""
    condition: IntArray | None = None
    """Condition of each episode, shape (E,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlantedUnits:
    """Units whose roles are known."""

    table: FeatureTable
    log: TrajectoryLog
    role: IntArray
    """Role of each unit, from 0, in the table's order, shape (U,)."""
    optimal: IntArray
    """The likeliest role of each unit for one who knows all that the units were drawn from, shape (U,)."""


Draw = Callable[[int, TeamSize, np.random.Generator], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of units."""

    name: str
    plan: Draw
    size: TeamSize = TeamSize()
    least: int = 1
    """Smallest number of roles that the kind is made for."""


def planted_units(
    kind: Kind, k: int, *, rng: np.random.Generator, is_held: bool = False, size: TeamSize | None = None
) -> PlantedUnits:
    """Draw units of a kind.

    Parameters
    ----------
    kind
        One of `KINDS`.
    k
        Number of roles.
    rng
        Draws everything.
    is_held
        Whether each agent holds a role, which it leaves in one episode in ten; else roles are drawn for each unit.
    size
        How many units; None takes the kind's own.
    """
    size = size or kind.size
    plan = kind.plan(k, size, rng)
    shape = (size.n_episodes, size.n_agents)
    role = rng.choice(k, size=shape, p=plan.weights)
    if is_held:
        held = rng.permutation(np.concatenate([np.arange(k), rng.choice(k, size=max(0, size.n_agents - k))]))
        role = np.where(rng.uniform(size=shape) < LOYALTY, held[: size.n_agents], role)
    drawn = plan.law.draw(role.reshape(-1), rng)
    shift = np.broadcast_to(np.asarray(plan.shift), (*shape, drawn.shape[1])).reshape(drawn.shape)
    optimal = (plan.law.log_density(drawn) + np.log(plan.weights)).argmax(axis=1)
    table, log = tabled_units(drawn + shift, shape, plan.condition)
    return PlantedUnits(table=table, log=log, role=role.reshape(-1), optimal=optimal)


def spread_centres(k: int, n_features: int, rng: np.random.Generator, *, distance: float = DISTANCE) -> FloatArray:
    """Draw centres on a sphere of radius ``distance``, no two of them nearer than that, shape (k, F)."""
    while True:
        ways = rng.normal(size=(k, n_features))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        gaps = np.linalg.norm(ways[:, np.newaxis] - ways, axis=2)[np.triu_indices(k, 1)]
        if gaps.min(initial=np.inf) >= 1:
            return np.asarray(distance * ways)


def tabled_units(
    values: FloatArray, shape: tuple[int, int], condition: IntArray | None = None
) -> tuple[FeatureTable, TrajectoryLog]:
    """Put features of units into a table, with a log that holds nothing else.

    Parameters
    ----------
    values
        Shape (E N, F), episode by episode.
    shape
        Episodes and agents, (E, N).
    condition
        Of each episode, shape (E,).
    """
    n_episodes, n_agents = shape
    agents = [f"agent_{number}" for number in range(n_agents)]
    episode = np.repeat(np.arange(n_episodes), n_agents)
    columns = {
        "run": "run",
        "condition": None if condition is None else pl.Series([f"layout_{c}" for c in condition[episode].tolist()]),
        "episode": episode,
        "agent": pl.Series(agents * n_episodes),
    }
    frame = pl.DataFrame({"episode": episode}).select(
        (pl.lit(columns.get(name)) if name in columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in UNIT_TYPES.items()
    )
    features = tuple(Feature(name=f"feature {f}", unit="sd", family=f"family {f}") for f in range(values.shape[1]))
    frame = frame.with_columns(pl.Series(f.name, column) for f, column in zip(features, values.T, strict=True))
    log = log_from_arrays({}, [1] * n_episodes, agents, runs=["run"] * n_episodes)
    return FeatureTable(frame=frame, features=features), log


def _balanced(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    del size
    return Plan(law=_round(spread_centres(k, N_FEATURES, rng)), weights=_even(k))


def _unbalanced(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Each role has half the units of the one before it."""
    del size
    weights = 0.5 ** np.arange(k)
    return Plan(law=_round(spread_centres(k, N_FEATURES, rng)), weights=weights / weights.sum())


def _elongated(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Each role is three times as long in one direction as in the others."""
    del size
    axes = rng.normal(size=(k, N_FEATURES))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    roots = np.eye(N_FEATURES) + 2 * axes[:, :, np.newaxis] * axes[:, np.newaxis]
    return Plan(
        law=GaussianLaw(centres=spread_centres(k, N_FEATURES, rng, distance=8.0), roots=roots), weights=_even(k)
    )


def _spreads(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Roles whose units scatter from half to one and a half standard deviations."""
    del size
    roots = np.linspace(0.5, 1.5, k)[:, np.newaxis, np.newaxis] * np.eye(N_FEATURES)
    return Plan(law=GaussianLaw(centres=spread_centres(k, N_FEATURES, rng), roots=roots), weights=_even(k))


def _heavy_tails(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    del size
    return Plan(law=HeavyTailedLaw(centres=spread_centres(k, N_FEATURES, rng, distance=10.0)), weights=_even(k))


def _noise_features(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Four features tell roles apart, twenty do not."""
    del size
    centres = np.hstack([spread_centres(k, 4, rng), np.zeros((k, 20))])
    return Plan(law=_round(centres), weights=_even(k))


def _counts(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Four events that can happen in each of 25 steps, and four that happened or did not."""
    del size
    n_steps = np.repeat([25, 1], 4)
    while True:
        chances = rng.uniform(0.05, 0.95, size=(k, len(n_steps)))
        # On this scale a count has a standard deviation of about 1.
        scaled = 2 * np.sqrt(n_steps) * np.arcsin(np.sqrt(chances))
        gaps = np.linalg.norm(scaled[:, np.newaxis] - scaled, axis=2)[np.triu_indices(k, 1)]
        if gaps.min(initial=np.inf) >= DISTANCE:
            return Plan(law=CountLaw(chances=chances, n_steps=n_steps), weights=_even(k))


def _small_role(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """One unit in twenty plays the last role."""
    del size
    weights = np.append(np.full(k - 1, 0.95 / max(k - 1, 1)), 0.05)
    return Plan(law=_round(spread_centres(k, N_FEATURES, rng)), weights=weights / weights.sum())


def _habits(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Each agent has a bias of its own that it never loses: the agents lie on a continuum."""
    width = 1.0 if k == 1 else 0.5
    shift = width * rng.normal(size=(size.n_agents, N_FEATURES))
    return Plan(law=_round(spread_centres(k, N_FEATURES, rng)), weights=_even(k), shift=shift)


def _drift(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """All units move three standard deviations from the first episode to the last."""
    way = rng.normal(size=N_FEATURES)
    along = np.linspace(-1.5, 1.5, size.n_episodes)[:, np.newaxis, np.newaxis]
    shift = along * way / np.linalg.norm(way)
    return Plan(law=_round(spread_centres(k, N_FEATURES, rng)), weights=_even(k), shift=shift)


def _correlated(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Three common causes move twelve features."""
    del size
    n_features = 12
    causes = rng.normal(size=(n_features, 3))
    root = np.linalg.cholesky(np.asarray(causes @ causes.T / 3 + 0.3 * np.eye(n_features), dtype=np.float64))
    law = GaussianLaw(
        centres=spread_centres(k, n_features, rng), roots=np.asarray(np.tile(root, (k, 1, 1)), dtype=np.float64)
    )
    return Plan(law=law, weights=_even(k))


def _conditions(k: int, size: TeamSize, rng: np.random.Generator) -> Plan:
    """Two layouts, between which all features lie five standard deviations apart."""
    condition = np.arange(size.n_episodes) % 2
    way = np.asarray(rng.choice([-1.0, 1.0], size=N_FEATURES), dtype=np.float64)
    shift = np.asarray(5.0 * condition[:, np.newaxis, np.newaxis] * way, dtype=np.float64)
    law = _round(spread_centres(k, N_FEATURES, rng))
    return Plan(law=law, weights=_even(k), shift=shift, condition=condition)


def _round(centres: FloatArray) -> GaussianLaw:
    return GaussianLaw(centres=centres, roots=np.tile(np.eye(centres.shape[1]), (len(centres), 1, 1)))


def _even(k: int) -> FloatArray:
    return np.full(k, 1 / k)


KINDS: tuple[Kind, ...] = (
    Kind(name="balanced", plan=_balanced),
    Kind(name="unbalanced", plan=_unbalanced),
    Kind(name="elongated", plan=_elongated),
    Kind(name="different spread", plan=_spreads),
    Kind(name="heavy tails", plan=_heavy_tails),
    Kind(name="noise features", plan=_noise_features),
    Kind(name="counts", plan=_counts),
    Kind(name="a role of 5 %", plan=_small_role, least=2),
    Kind(name="habits", plan=_habits, size=TeamSize(n_agents=12, n_episodes=20)),
    Kind(name="drift", plan=_drift),
    Kind(name="correlated", plan=_correlated),
    Kind(name="conditions", plan=_conditions),
)
"""The kinds; by name in tables."""
