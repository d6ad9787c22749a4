"""Teams that stand close or wide: what they attend to may change with it, and everything else may too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.teams import GENERIC, diluted
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import ATTENTION, POSITIONS
from convscope.values.log import TrajectoryLog
from convscope.values.status import Status

ROLES = ("scout", "carrier", "guard")


class Geometry(StrEnum):
    """How a team moves between shapes."""

    EPISODES = "a formation an episode"
    SWITCHES = "one switch an episode"
    WANDERS = "no formations, wandering spread"
    STANDS = "no formations, a spread an episode"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormationSpec:
    """The truth."""

    members: tuple[int, ...] = (2, 2, 2)
    """Agents of each role."""
    n_runs: int = 1
    n_episodes: int = 60
    """Of each run."""
    n_steps: int = 20
    geometry: Geometry = Geometry.EPISODES
    ratio: float = 4.0
    """How much wider the wide formation is."""
    share_wide: float = 0.5
    """Of the episodes, or of the steps."""
    effect: float = 0.0
    """How far the wide formation goes towards even attention, 0 to 1."""
    trend: float = 0.0
    """The same over the time in the episode, in both formations."""
    run_noise: float = 0.0
    """Standard deviation of the log of a factor of each ordered pair of agents, drawn once for a run."""
    episode_noise: float = 0.0
    """The same, drawn for each episode."""
    step_noise: float = 0.3
    """The same, drawn at each timestep."""
    tight_lasts: float = 1.0
    """Share of the timesteps after which an episode ends that is tight at its start."""
    leaves_late: bool = False
    """Whether the last agent of the log leaves halfway through each episode."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormationStudy:
    """A log and its truth."""

    log: TrajectoryLog
    is_wide: IntArray
    """Formation of each episode and timestep, 0 or 1, shape (E, T); all 0 where there are none."""
    change: float
    """Largest change of a cell of the preference."""


def simulate_formations(spec: FormationSpec, rng: np.random.Generator) -> FormationStudy:
    """Draw the attention and the positions of a team.

    Parameters
    ----------
    spec
        The truth.
    rng
        Draws everything.
    """
    shape = (spec.n_runs * spec.n_episodes, spec.n_steps)
    is_wide = _formations(spec, shape, rng)
    roles = _roles(spec)
    status = np.full((*shape, len(roles)), Status.ACTING, dtype=np.uint8)
    if spec.leaves_late:
        status[:, spec.n_steps // 2 :, -1] = Status.DEAD
    names = [f"agent_{number}" for number in range(len(roles))]
    lengths, happens = _ends(spec, is_wide[:, 0])
    log = log_from_arrays(
        {
            ATTENTION: _attention(spec, is_wide, roles, rng=rng)[happens][:, None],
            POSITIONS: _positions(spec, is_wide, len(roles), rng=rng)[happens],
        },
        lengths,
        names,
        status=status[happens],
        declared_roles={name: ROLES[role] for name, role in zip(names, roles.tolist(), strict=True)},
        runs=[f"run_{number}" for number in range(spec.n_runs) for _ in range(spec.n_episodes)],
    )
    wide = np.array(diluted(GENERIC, spec.effect)) - np.array(diluted(GENERIC, 0.0))
    return FormationStudy(log=log, is_wide=is_wide, change=float(np.abs(wide).max()))


def simulate_conditions(
    spec: FormationSpec,
    condition: Sequence[str],
    rng: np.random.Generator,
    *,
    n_absent: Sequence[int] = (),
    is_lasting: bool = True,
) -> TrajectoryLog:
    """Draw a log of one run whose episodes have conditions; in every second one the team attends as a wide one does.

    Parameters
    ----------
    spec
        The truth; its geometry is not used.
    condition
        Of each episode.
    rng
        Draws everything.
    n_absent
        Agents that each condition leaves out, in the order of the conditions' first episodes; none when left out.
    is_lasting
        Whether an agent keeps its slot; else each episode draws who is where.
    """
    names = tuple(dict.fromkeys(condition))
    number = np.array([names.index(name) for name in condition])
    roles = _roles(spec)
    shape = (len(number), spec.n_steps, len(roles))
    one = replace(spec, n_runs=1, n_episodes=len(number))
    attention = _attention(one, np.broadcast_to((number % 2)[:, None], shape[:2]), roles, rng=rng)
    lengths, happens = _ends(spec, number % 2)
    status = _absent(number, n_absent, shape)
    own = np.arange(len(roles))
    slot = np.stack([own if is_lasting else rng.permutation(own) for _ in number])
    placed = np.stack([each[:, order][:, :, order] for each, order in zip(attention, slot, strict=True)])
    log = log_from_arrays(
        {ATTENTION: placed[happens][:, None]},
        lengths,
        [f"agent_{place}" for place in own],
        status=np.take_along_axis(status, slot[:, None], axis=2)[happens],
        declared_roles=[[ROLES[role] for role in roles[order]] for order in slot],
    )
    return replace(log, episodes=replace(log.episodes, conditions=names, condition=number))


def _roles(spec: FormationSpec) -> IntArray:
    """Return the role of each agent: the first of each, the second of each, ... so that whoever is last is of any."""
    return np.array([role for n in range(max(spec.members)) for role in range(len(ROLES)) if n < spec.members[role]])


def _absent(condition: IntArray, n_absent: Sequence[int], shape: tuple[int, int, int]) -> ByteArray:
    status = np.full(shape, Status.ACTING, dtype=np.uint8)
    for number, n_left_out in enumerate(n_absent):
        status[condition == number, :, shape[2] - n_left_out :] = Status.ABSENT
    return status


def _formations(spec: FormationSpec, shape: tuple[int, int], rng: np.random.Generator) -> IntArray:
    if spec.geometry is Geometry.EPISODES:
        own = (rng.random(shape[0]) < spec.share_wide).astype(np.int64)
        return np.broadcast_to(own[:, None], shape)
    if spec.geometry is Geometry.SWITCHES:
        when = rng.integers(shape[1] // 4, 3 * shape[1] // 4, size=shape[0])
        first = rng.integers(2, size=shape[0])
        return (first[:, None] + (np.arange(shape[1]) >= when[:, None])) % 2
    return np.zeros(shape, dtype=np.int64)


def _ends(spec: FormationSpec, starts_wide: IntArray) -> tuple[list[int], BoolArray]:
    """Return how long each episode lasts, and which timesteps happen, shape (E, T)."""
    lengths = np.where(starts_wide > 0, spec.n_steps, max(1, round(spec.tight_lasts * spec.n_steps)))
    return lengths.tolist(), np.asarray(np.arange(spec.n_steps) < lengths[:, None])


def _attention(spec: FormationSpec, is_wide: IntArray, roles: IntArray, *, rng: np.random.Generator) -> FloatArray:
    n_episodes, n_steps = is_wide.shape
    n_agents = len(roles)
    time = np.linspace(0, 1, n_steps)
    dilution = 1 - (1 - spec.effect * is_wide) * (1 - spec.trend * time)
    learned = np.array(GENERIC)[roles[:, None], roles]
    pull = (1 - dilution)[..., None, None] * learned + dilution[..., None, None] / len(ROLES)
    n_per_run = n_episodes // spec.n_runs
    factor = rng.normal(0, spec.run_noise, (spec.n_runs, n_agents, n_agents)).repeat(n_per_run, axis=0)
    factor = factor + rng.normal(0, spec.episode_noise, (n_episodes, n_agents, n_agents))
    pull = pull * np.exp(factor[:, None] + rng.normal(0, spec.step_noise, pull.shape))
    pull[..., np.arange(n_agents), np.arange(n_agents)] = 0.0
    return np.asarray(pull / pull.sum(axis=-1, keepdims=True))


def _positions(spec: FormationSpec, is_wide: IntArray, n_agents: int, *, rng: np.random.Generator) -> FloatArray:
    shape = (*is_wide.shape, n_agents, 2)
    spread = np.where(is_wide > 0, spec.ratio, 1.0)
    if spec.geometry is Geometry.WANDERS:
        spread = np.exp(rng.normal(0, 0.15, is_wide.shape).cumsum(axis=1))
    elif spec.geometry is Geometry.STANDS:
        spread = np.broadcast_to(np.exp(rng.normal(0, 0.5, (len(is_wide), 1))), is_wide.shape)
    # A ring, each turned its own way, with some disorder that lasts and some that does not.
    angle = 2 * np.pi * np.arange(n_agents) / n_agents + rng.uniform(0, 2 * np.pi, (len(is_wide), 1, 1))
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    lasting = rng.normal(0, 0.2, (len(is_wide), 1, n_agents, 2))
    centre = rng.normal(0, 1, (*is_wide.shape, 1, 2)).cumsum(axis=1)
    return np.asarray((ring + lasting + rng.normal(0, 0.1, shape)) * spread[..., None, None] + centre)
