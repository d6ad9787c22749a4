"""The sums and the graph that a routing estimator would make of simulated runs."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.routing.halves import split_in_halves
from convscope.routing.preference import role_preference
from convscope.simulate.teams import SimulatedRun
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import RoutingSource
from convscope.values.routing import EDGE_COLUMNS, RoutingGraph, RoutingTallies


def tallies_of(runs: Sequence[SimulatedRun]) -> RoutingTallies:
    """Sum the weights of each run, episode, receiver and set of valid senders; rows without a choice are dropped.

    Parameters
    ----------
    runs
        At least one, all with the same number of agents.
    """
    parts = [_tally(run) for run in runs]
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    unit, receiver, valid, mass, n_steps, roles = joined
    return RoutingTallies(
        run=np.repeat(np.arange(len(runs)), [len(part[0]) for part in parts]),
        unit=unit,
        receiver=receiver,
        valid=valid,
        mass=mass,
        n_steps=n_steps,
        roles=roles,
        runs=tuple(f"run_{number}" for number in range(len(runs))),
    )


def graph_of(
    runs: Sequence[SimulatedRun], roles: tuple[str, ...], *, rng: np.random.Generator, n_halves: int = 5
) -> RoutingGraph:
    """Make a routing graph without edges of simulated runs.

    Parameters
    ----------
    runs
        At least one.
    roles
        Names of the roles.
    rng
        Draws the halves of the episodes.
    n_halves
        How often the episodes are halved.
    """
    tallies = tallies_of(runs)
    preference = role_preference(tallies, roles)
    halves = tuple(_halved(tallies, rng) for _ in range(n_halves))
    no_edges = pl.DataFrame(schema=dict.fromkeys(EDGE_COLUMNS, pl.String))
    return RoutingGraph(
        source=RoutingSource.ATTENTION,
        claim="attends to",
        unit="share of attention",
        agents=tuple(f"agent_{slot}" for slot in range(tallies.valid.shape[1])),
        edges=no_edges,
        edges_by_run=no_edges,
        tallies=tallies,
        halves=halves,
        preference=preference,
        role_edges=None,
        concentration=(),
    )


def _tally(run: SimulatedRun) -> tuple[IntArray, IntArray, BoolArray, FloatArray, FloatArray, IntArray]:
    n_episodes, n_steps, n_agents, _ = run.valid.shape
    valid = run.valid.transpose(0, 2, 1, 3).reshape(-1, n_agents)
    weights = run.weights.transpose(0, 2, 1, 3).reshape(-1, n_agents)
    row = np.repeat(np.arange(n_episodes * n_agents), n_steps)
    keep = valid.sum(axis=1) >= 2
    keys, number = np.unique(np.column_stack([row, valid])[keep], axis=0, return_inverse=True)
    mass = np.zeros((len(keys), n_agents))
    np.add.at(mass, number.ravel(), weights[keep])
    n_summed = np.bincount(number.ravel(), minlength=len(keys)).astype(np.float64)
    unit, receiver = np.divmod(keys[:, 0], n_agents)
    return unit, receiver, keys[:, 1:].astype(np.bool_), mass, n_summed, run.roles[unit]


def _halved(tallies: RoutingTallies, rng: np.random.Generator) -> tuple[RoutingTallies, RoutingTallies]:
    (halves,) = split_in_halves(tallies, rng=rng, n_splits=1)
    return halves
