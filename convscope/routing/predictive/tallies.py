"""Transfer entropies as routing: what each receiver takes from each sender, for role preference."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import Group
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingTallies


def weight_tallies(
    weights: Sequence[FloatArray], run: IntArray, *, roles: IntArray, runs: tuple[str, ...]
) -> RoutingTallies:
    """Return one row per run and receiver: roots of its weights, clipped at 0, divided over its senders.

    Bits grow with the square of how often a receiver follows a sender: one that is followed three times as often has
    nine times the bits. The root brings them back to the scale of shares, which declared preferences are on.

    Receivers without any positive weight, or with fewer than two senders that were tested, have no row.

    Parameters
    ----------
    weights
        Bits per step of each run, shape (receiver, sender); NaN where there is no data.
    run
        Index of each one's run, shape (runs,).
    roles
        Declared role of each agent in each run, -1 for none, shape (runs, N).
    runs
        Names of all runs.
    """
    stacked = np.array(weights).reshape(len(weights), roles.shape[1], roles.shape[1])
    valid = np.isfinite(stacked)
    amplitude = np.sqrt(np.where(valid, np.maximum(stacked, 0.0), 0.0))
    total = amplitude.sum(axis=2)
    part, receiver = np.nonzero((total > 0) & (valid.sum(axis=2) >= 2))
    return RoutingTallies(
        run=run[part],
        unit=np.zeros(len(part), dtype=np.int64),
        receiver=receiver,
        valid=valid[part, receiver],
        mass=amplitude[part, receiver] / total[part, receiver][:, None],
        n_steps=np.ones(len(part)),
        roles=roles[part],
        runs=runs,
    )


def run_tallies(
    log: TrajectoryLog, groups: Sequence[Group], weights: Sequence[FloatArray], *, places: IntArray
) -> RoutingTallies:
    """Return the weights of the runs as routing tallies.

    Parameters
    ----------
    log
        Its table of episodes holds the declared roles.
    groups
        One of each run.
    weights
        Of each run, shape (receiver, sender).
    places
        Of the analysed agents in the log's agent axis.
    """
    declared = [log.episodes.declared_roles[group.episodes][:, places] for group in groups]
    # A role that changes between episodes is one that a single weight cannot follow.
    roles = [np.where((own == own[:1]).all(axis=0), own[0], -1) for own in declared]
    run = np.array([group.run for group in groups])
    return weight_tallies(weights, run, roles=np.array(roles), runs=log.episodes.runs)
