"""Weights and tests of pairs from gains and scores by episode: of agents, and of roles."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.edges import PairFigures
from convscope.routing.flips import one_sided_p
from convscope.routing.halves import N_SPLITS
from convscope.routing.occlusion.study import Part
from convscope.routing.predictive.tallies import run_tallies
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingTallies

FEWEST_EPISODES = 6
"""Episodes of sampled decisions under which there is no p."""


def pair_figures(parts: Sequence[Part], *, n_flips: int, q: float, rng: np.random.Generator) -> PairFigures:
    """Test every ordered pair of agents, the runs together.

    Parameters
    ----------
    parts
        One of each run; runs weigh the same.
    n_flips
        Number of sign flips.
    q
        False discovery rate at which edges are claimed.
    rng
        Draws them.

    Returns
    -------
    PairFigures
        Weight: bits per decision, averaged over runs. The larger of two one-sided p of sign flips of episodes: of
        scores, and of gains.
    """
    return _figures([(part.gain, part.score, part.n_rows) for part in parts], n_flips=n_flips, q=q, rng=rng)


def role_figures(
    parts: Sequence[Part], roles: Sequence[IntArray], *, n_roles: int, n_flips: int, q: float, rng: np.random.Generator
) -> PairFigures:
    """Test every ordered pair of roles: the sums of all pairs of agents that have the two roles in an episode.

    Parameters
    ----------
    parts
        One of each run.
    roles
        Role of each analysed agent in each episode of each part, shape (units, N); -1 for none.
    n_roles
        Number of roles.
    n_flips, q, rng
        As in `pair_figures`.
    """
    sums = []
    for part, of_episode in zip(parts, roles, strict=True):
        has_role = np.equal(of_episode[:, :, None], np.arange(n_roles)).astype(np.float64)
        own = (part.gain, part.score, part.n_rows)
        sums.append(tuple(np.einsum("era,ers,esb->eab", has_role, each, has_role) for each in own))
    return _figures(sums, n_flips=n_flips, q=q, rng=rng)


_Sums = tuple[FloatArray, ...]


def _figures(parts: Sequence[_Sums], *, n_flips: int, q: float, rng: np.random.Generator) -> PairFigures:
    steps = np.array([n_rows.sum(axis=0) for _, _, n_rows in parts])
    n_runs = (steps > 0).sum(axis=0)
    per_step = [gain.sum(axis=0) / np.maximum(own, 1) for (gain, _, _), own in zip(parts, steps, strict=True)]
    weight = np.where(n_runs > 0, np.sum(per_step, axis=0) / np.maximum(n_runs, 1), np.nan)
    # An edge needs both: residuals that go together, and actions that are predicted worse without the slot. The first
    # alone finds traces of a slot where the models of all else are not quite right; the second is cautious.
    scores = [(score, own) for (_, score, _), own in zip(parts, steps, strict=True)]
    gains = [(gain, own) for (gain, _, _), own in zip(parts, steps, strict=True)]
    p_value = np.maximum(*(_p_value(sums, n_flips=n_flips, q=q, rng=rng) for sums in (scores, gains)))
    n_episodes = np.sum([(n_rows > 0).sum(axis=0) for _, _, n_rows in parts], axis=0)
    return PairFigures(weight=weight, p_value=np.where(n_episodes >= FEWEST_EPISODES, p_value, np.nan))


def _p_value(
    sums: Sequence[tuple[FloatArray, FloatArray]], *, n_flips: int, q: float, rng: np.random.Generator
) -> FloatArray:
    """Return the one-sided p of sums by episode, each run's on the scale of its steps, shape (receiver, sender)."""
    n_nodes = sums[0][0].shape[1]
    columns = [(by_episode / np.maximum(n_steps, 1)).reshape(-1, n_nodes**2) for by_episode, n_steps in sums]
    return one_sided_p(np.concatenate(columns), n_flips=n_flips, q=q, rng=rng).reshape(n_nodes, n_nodes)


def part_tallies(
    log: TrajectoryLog, parts: Sequence[Part], weights: Sequence[FloatArray], *, places: IntArray
) -> RoutingTallies:
    """Return the weights of the runs as routing tallies.

    Parameters
    ----------
    log
        Its table of episodes holds the declared roles.
    parts
        One of each run.
    weights
        Of each run, shape (receiver, sender).
    places
        Of the analysed agents in the log's agent axis.
    """
    return run_tallies(log, [part.group for part in parts], weights, places=places)


def half_tallies(
    log: TrajectoryLog, parts: Sequence[Part], *, places: IntArray, rng: np.random.Generator
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    """Return the tallies of random halves of the episodes, several times over; none where a run has one episode.

    Parameters
    ----------
    log, parts, places
        As in `part_tallies`.
    rng
        Draws the halves.
    """
    if any(len(part.gain) < 2 for part in parts):
        return ()
    splits: list[tuple[RoutingTallies, RoutingTallies]] = []
    for _ in range(N_SPLITS):
        orders = [rng.permutation(len(part.gain)) for part in parts]
        halves = [[part.weight(order[half::2]) for part, order in zip(parts, orders, strict=True)] for half in range(2)]
        first, second = (part_tallies(log, parts, weights, places=places) for weights in halves)
        splits.append((first, second))
    return tuple(splits)
