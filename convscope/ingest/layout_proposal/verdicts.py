"""What each column of each agent's observation is about, by evidence in the log; where there is none, nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import permutations

import numpy as np

from convscope.ingest.layout_proposal.fits import NEAR, unexplained, vary
from convscope.ingest.layout_proposal.sample import Quantities, Sample
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import POSITIONS

# Another explanation must leave this many times more of the variance than the best one,
_MARGIN = 10.0
# and so much in any case.
_APART = 1e-3
_WORLD = -1


class About(Enum):
    """What kind of thing a column is about."""

    AGENT = "agent"
    SELF = "self"
    WORLD = "world"
    CONSTANT = "constant"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one column is about."""

    about: About
    agent: int | None = None
    """Place of the agent that it describes."""
    what: str = ""
    """The quantity that it equals, in words."""
    left: float = 1.0
    """Share of its variance that this quantity does not explain."""


class _Fits:
    """The best explanation of each column so far: by each other agent, by the agent itself, by the world."""

    def __init__(self, sample: Sample) -> None:
        self.shown = sample.observations
        self.episode = sample.episode
        n_agents, depth = self.shown.shape[1:]
        self.left = np.ones((n_agents, depth, n_agents + 1))
        """Share left, by receiver, column and agent described; the last place is the world's."""
        self.names: dict[tuple[int, int, int], str] = {}

    def of(self, receiver: int, quantities: FloatArray) -> FloatArray:
        return unexplained(self.shown[:, receiver], quantities, self.episode)

    def offer(self, receiver: int, agent: int, *, left: FloatArray, names: Sequence[str]) -> None:
        """Take shares left, shape (D, Q), by quantities about an agent, or about the world."""
        if not names:
            return
        best = left.argmin(axis=1)
        held = self.left[receiver, :, agent]
        for column in np.flatnonzero(left.min(axis=1) < held).tolist():
            held[column] = left[column, best[column]]
            self.names[receiver, column, agent] = names[int(best[column])]


def column_verdicts(sample: Sample, groups: Sequence[str]) -> tuple[tuple[Verdict, ...], ...]:
    """Return a verdict for each column of each agent, also for those that it does not have.

    A column describes another agent when it equals, but for scale and offset, something that the log holds of that
    agent: its position, its last action, its message, ...; the same relative to the receiver; a difference of the two
    agents' own columns; or one of the other agent's own columns. What fits two agents, or the agent itself as well, is
    unknown: agents that move in formation cannot be told apart by fits.

    Parameters
    ----------
    sample
        Rows of the log.
    groups
        Of each agent: agents of one group have the same columns.
    """
    fits = _Fits(sample)
    n_agents, depth = sample.observations.shape[1:]
    for receiver in range(n_agents):
        _by_fields(fits, sample, receiver)
    _by_movement(fits, sample, _by_differences(fits))
    _by_copies(fits, groups)
    varies = vary(sample.observations)
    return tuple(
        tuple(
            _verdict(fits, receiver, column) if varies[receiver, column] else Verdict(about=About.CONSTANT)
            for column in range(depth)
        )
        for receiver in range(n_agents)
    )


def _by_fields(fits: _Fits, sample: Sample, receiver: int) -> None:
    known = sample.of_agents
    own = known.values[:, receiver]
    alone = fits.of(receiver, own)
    fits.offer(receiver, receiver, left=alone, names=known.names)
    relative = tuple(f"{name}, relative to the receiver's" for name in known.names)
    for agent in range(known.values.shape[1]):
        if agent != receiver:
            theirs = known.values[:, agent]
            fits.offer(receiver, agent, left=fits.of(receiver, theirs), names=known.names)
            fits.offer(receiver, agent, left=_beyond(alone, fits.of(receiver, theirs - own)), names=relative)
    world = _seen_from(own, known.names, sample.of_world)
    fits.offer(receiver, _WORLD, left=fits.of(receiver, world.values), names=world.names)


def _seen_from(own: FloatArray, names: Sequence[str], world: Quantities) -> Quantities:
    """Add each quantity of the world relative to each component of the agent's own position."""
    position = own[:, [place for place, name in enumerate(names) if name == POSITIONS]]
    relative = (world.values[:, :, None] - position[:, None, :]).reshape(len(own), -1)
    return Quantities(
        names=(*world.names, *(f"{name}, relative to the receiver" for name in world.names for _ in position.T)),
        values=np.concatenate([world.values, relative], axis=1),
    )


def _beyond(alone: FloatArray, left: FloatArray) -> FloatArray:
    """Return the shares left by differences; 1 where one part of the difference makes it up alone."""
    return np.where(alone > np.maximum(_MARGIN * left, _APART), left, 1.0)


def _by_differences(fits: _Fits) -> list[IntArray]:
    """Offer differences of two agents' columns of one number; return those columns of each agent."""
    n_agents, depth = fits.shown.shape[1:]
    found: list[set[int]] = [set() for _ in range(n_agents)]
    names = [f"difference of both agents' column {column}" for column in range(depth)]
    own = [fits.of(receiver, fits.shown[:, receiver]) for receiver in range(n_agents)]
    for receiver, agent in permutations(range(n_agents), 2):
        left = fits.of(receiver, fits.shown[:, agent] - fits.shown[:, receiver])
        # What the other agent sees may be about a third one: a copy of it is no evidence yet.
        alone = np.minimum(own[receiver], fits.of(receiver, fits.shown[:, agent]))
        left = _beyond(alone, left)
        fits.offer(receiver, agent, left=left, names=names)
        columns = np.flatnonzero((left <= NEAR).any(axis=0)).tolist()
        found[receiver].update(columns)
        found[agent].update(columns)
    return [np.array(sorted(columns), dtype=np.int64) for columns in found]


def _by_movement(fits: _Fits, sample: Sample, moving: Sequence[IntArray]) -> None:
    for agent, columns in enumerate(moving):
        if len(columns):
            change = sample.changes(fits.shown[:, agent, columns])
            names = [
                f"{when} of the agent's column {n}" for when in ("change", "coming change") for n in columns.tolist()
            ]
            for receiver in range(len(moving)):
                fits.offer(receiver, agent, left=fits.of(receiver, change), names=names)


def _by_copies(fits: _Fits, groups: Sequence[str]) -> None:
    """Offer copies of columns that are each agent's own: no two agents show the same number there."""
    pairs = list(permutations(range(len(groups)), 2))
    copies = {(receiver, agent): fits.of(receiver, fits.shown[:, agent]) for receiver, agent in pairs}
    is_own = _own_columns(copies, fits, groups)
    for (receiver, agent), left in copies.items():
        owned = np.flatnonzero(is_own[agent])
        names = [f"the agent's own column {column}" for column in owned.tolist()]
        fits.offer(receiver, agent, left=left[:, owned], names=names)
        # The receiver seems to own the number as well: which of both does, the log cannot tell.
        fits.offer(receiver, receiver, left=np.where(is_own[receiver][:, None], left[:, owned], 1.0), names=names)


def _own_columns(copies: dict[tuple[int, int], FloatArray], fits: _Fits, groups: Sequence[str]) -> BoolArray:
    """Return which columns differ between all agents and were not found to be about another one, shape (N, D).

    A group of two shows each the other at one place and itself at another, and one of one compares with nobody: what
    such agents seem to own is not known to be theirs.
    """
    n_agents = len(groups)
    others = np.where(np.eye(n_agents, dtype=np.bool_)[:, None], 1.0, fits.left[:, :, :n_agents]).min(axis=2)
    is_own: BoolArray = vary(fits.shown) & (others > NEAR)
    for (receiver, agent), left in copies.items():
        differs = np.diagonal(left) > _APART
        is_own[receiver] &= differs
        is_own[agent] &= differs
    for group in set(groups):
        members = np.flatnonzero(np.array([each == group for each in groups]))
        is_own[members] &= is_own[members].all(axis=0) & (len(members) > 2)
    return is_own


def _verdict(fits: _Fits, receiver: int, column: int) -> Verdict:
    best, *others = sorted(_candidates(fits, receiver, column), key=lambda each: each.left)
    if best.left > NEAR or others[0].left <= max(_MARGIN * best.left, _APART):
        return Verdict(about=About.UNKNOWN)
    return best


def _candidates(fits: _Fits, receiver: int, column: int) -> Iterator[Verdict]:
    *of_agents, world = fits.left[receiver, column].tolist()
    yield Verdict(about=About.WORLD, what=fits.names.get((receiver, column, _WORLD), ""), left=world)
    for agent, left in enumerate(of_agents):
        about = About.SELF if agent == receiver else About.AGENT
        yield Verdict(about=about, agent=agent, what=fits.names.get((receiver, column, agent), ""), left=left)
