"""Agents that walk in a plane and see each other: what their policies read is known, and so is what goes with it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Situation, Size, edges_from
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind

_MOVES = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
_PACE = 0.1
_FIRMNESS = 2.5
_SIGHT = 1.2
_N_THINGS = 3


class Scenery(Enum):
    """What the agents' places have in common."""

    APART = "goals of their own"
    """Each walks to a goal of its own."""
    COMMON = "one moving goal"
    """All walk to one thing that moves: a common cause, which they see."""
    FORMATION = "a formation"
    """Goals that keep their places to each other and move as one: where one is, the others are."""
    NEAREST = "the nearest of three things"
    """Each walks to the thing that is nearest to it, which no linear model fits."""
    OPTIONS = "hidden options"
    """Each keeps a direction for some ten steps that no observation shows, and does not see its own place: where it has
    walked shows in how the others lie to it."""
    SCREENED = "a common goal, others in sight only"
    """As one moving goal; who is too far away is seen as zeros."""


@dataclass(slots=True)
class _World:
    """Places at one step."""

    places: FloatArray
    """Of the agents, shape (E, N, 2)."""
    things: FloatArray
    """What each agent sees beside the others, shape (E, N, M, 2)."""
    options: IntArray
    """Kept directions, shape (E, N)."""


def observers(
    size: Size,
    rng: np.random.Generator,
    *,
    scenery: Scenery,
    n_edges: int = 0,
    share: float = 0.5,
    is_continuous: bool = False,
) -> Situation:
    """Simulate a team whose observations hold its own place, the things it walks to, and the others' places, all known.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    scenery
        What goes together without anybody reading anybody.
    n_edges
        Agents, the last ones, that also walk towards another agent that they see: a leader of each one's own.
    share
        Of a follower's pull that its leader has, in (0, 1].
    is_continuous
        Whether actions are the moves themselves; else one of five.
    """
    n_episodes, n_steps, n_agents = size.shape
    leader = _leaders(n_agents, n_edges, rng)
    world = _start(size, rng, scenery)
    seen, done, held = [], [], []
    for _ in range(n_steps):
        seen.append(_observed(world, scenery))
        held.append(world.places.copy())
        actions, moves = _acted(_pull(world, scenery, leader, share=share), rng, is_continuous=is_continuous)
        done.append(actions)
        _step(world, moves, scenery, rng=rng)
    columns = {
        name: np.stack(column, axis=1).reshape(n_episodes * n_steps, n_agents, -1)
        for name, column in ((OBSERVATIONS, seen), (ACTIONS, done), (POSITIONS, held))
    }
    names = [f"agent_{number}" for number in range(n_agents)]
    log = log_from_arrays(columns, [n_steps] * n_episodes, names)
    n_before = columns[OBSERVATIONS].shape[2] - 2 * (n_agents - 1)
    return Situation(log=lay_out(log, _layout(names, n_before)), edges=edges_from(leader))


def _leaders(n_agents: int, n_edges: int, rng: np.random.Generator) -> IntArray:
    leader = np.full(n_agents, -1)
    for follower in range(n_agents - n_edges, n_agents):
        leader[follower] = rng.choice([other for other in range(n_agents) if other != follower])
    return leader


def _layout(names: list[str], n_before: int) -> ObservationLayout:
    slots = tuple(
        Slot(kind=SlotKind.OTHER, rank=rank + 1, columns=(n_before + 2 * rank, n_before + 2 * rank + 1))
        for rank in range(len(names) - 1)
    )
    own, world = (0, 1), tuple(range(2, n_before))
    return ObservationLayout(
        receivers=(ReceiverLayout(name="all", agents=tuple(names), own=own, world=world, slots=slots),)
    )


def _start(size: Size, rng: np.random.Generator, scenery: Scenery) -> _World:
    n_episodes, _, n_agents = size.shape
    one = (n_episodes, 1, 1, 2)
    each = (n_episodes, n_agents, 1, 2)
    if scenery in (Scenery.APART, Scenery.OPTIONS):
        things = rng.normal(size=each)
    elif scenery is Scenery.FORMATION:
        things = rng.normal(size=one) + 0.3 * rng.normal(size=each)
    elif scenery is Scenery.NEAREST:
        things = np.repeat(rng.normal(size=(n_episodes, 1, _N_THINGS, 2)), n_agents, axis=1)
    else:
        things = np.repeat(rng.normal(size=one), n_agents, axis=1)
    near = things[:, :, 0] if scenery is Scenery.FORMATION else 0.0
    places = near + (0.2 if scenery is Scenery.FORMATION else 1.0) * rng.normal(size=(n_episodes, n_agents, 2))
    return _World(places=places, things=things, options=rng.integers(1, 5, size=(n_episodes, n_agents)))


def _observed(world: _World, scenery: Scenery) -> FloatArray:
    places = world.places
    n_episodes, n_agents, _ = places.shape
    own = np.zeros_like(places) if scenery is Scenery.OPTIONS else places
    things = (world.things - places[:, :, None]).reshape(n_episodes, n_agents, -1)
    apart = places[:, None] - places[:, :, None]
    if scenery is Scenery.SCREENED:
        apart = np.where(np.linalg.norm(apart, axis=-1, keepdims=True) < _SIGHT, apart, 0.0)
    is_other = ~np.eye(n_agents, dtype=np.bool_)
    others = apart[:, is_other].reshape(n_episodes, n_agents, -1)
    return np.concatenate([own, things, others], axis=2)


def _pull(world: _World, scenery: Scenery, leader: IntArray, *, share: float) -> FloatArray:
    """Return where each agent is drawn to, of length one, shape (E, N, 2)."""
    away = world.things - world.places[:, :, None]
    nearest = np.linalg.norm(away, axis=-1).argmin(axis=2)
    own = np.take_along_axis(away, nearest[:, :, None, None], axis=2)[:, :, 0]
    if scenery is Scenery.OPTIONS:
        own = _MOVES[world.options]
    led = world.places[:, np.maximum(leader, 0)] - world.places
    if scenery is Scenery.SCREENED:
        led = np.where(np.linalg.norm(led, axis=-1, keepdims=True) < _SIGHT, led, 0.0)
    weight = np.where(leader >= 0, share, 0.0)[:, None]
    return (1 - weight) * _direction(own) + weight * _direction(led)


def _direction(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 0.1), dtype=np.float64)


def _acted(pull: FloatArray, rng: np.random.Generator, *, is_continuous: bool) -> tuple[FloatArray, FloatArray]:
    """Return the actions as logged, and the moves."""
    if is_continuous:
        moves = pull + 0.5 * rng.normal(size=pull.shape)
        return moves, moves
    logits = _FIRMNESS * pull @ _MOVES.T + rng.gumbel(size=(*pull.shape[:2], len(_MOVES)))
    chosen = logits.argmax(axis=-1)
    return chosen[..., None].astype(np.float64), _MOVES[chosen]


def _step(world: _World, moves: FloatArray, scenery: Scenery, *, rng: np.random.Generator) -> None:
    world.places = world.places + _PACE * moves + 0.03 * rng.normal(size=moves.shape)
    if scenery in (Scenery.COMMON, Scenery.SCREENED, Scenery.FORMATION):
        world.things = world.things + 0.15 * rng.normal(size=(len(moves), 1, 1, 2))
    is_new = rng.random(world.options.shape) < 0.1
    world.options = np.where(is_new, rng.integers(1, 5, size=is_new.shape), world.options)
