"""Between which kinds of conduct the agents of a group could switch."""

import numpy as np
import polars as pl

from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import IntArray
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment

MIN_EPISODES = 8
"""Episodes of each kind, half of which must suffice to learn its conduct."""


def kinds_of(sequences: Sequences, run: str, *, log: TrajectoryLog, roles: RoleAssignment) -> IntArray | None:
    """Return the kind of each sequence as a whole, numbered by first appearance, shape (S,).

    The kinds of agents that were told apart in the run, where there are several in the group; else the roles of whole
    units. Agents of one kind are no different from each other, so what they pass through alike is no switch.

    Returns
    -------
    IntArray or None
        None when all sequences are of one kind, or a kind has too few episodes.
    """
    labels = _classes(sequences, run, log=log, roles=roles)
    if labels is None or len(np.unique(labels)) < 2:
        labels = _unit_roles(sequences, log=log, roles=roles)
    if labels is None or len(np.unique(labels)) < 2:
        return None
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    kind = np.argsort(np.argsort(first, kind="stable"), kind="stable")[place]
    n_episodes = [len(np.unique(sequences.episode[kind == number])) for number in range(int(kind.max()) + 1)]
    return kind if min(n_episodes) >= MIN_EPISODES else None


def unit_roles(episode: IntArray, agent: IntArray, *, log: TrajectoryLog, roles: RoleAssignment) -> IntArray:
    """Return the role of whole units, -1 for none.

    Parameters
    ----------
    episode
        Rows of the log's episode table, shape (n,).
    agent
        Shape (n,).
    log
        The log.
    roles
        Of its units.
    """
    table = log.episodes
    wanted = pl.DataFrame(
        {
            "run": [table.run_name(e) for e in episode.tolist()],
            "checkpoint": pl.Series([table.checkpoint_label(e) for e in episode.tolist()], dtype=pl.String),
            "episode": table.number[episode],
            "agent": [log.header.agents[a].name for a in agent.tolist()],
        }
    )
    keys = wanted.columns
    found = wanted.join(roles.table.select(*keys, "role"), on=keys, how="left", nulls_equal=True, maintain_order="left")
    return found["role"].fill_null(-1).to_numpy().astype(np.int64)


def _classes(sequences: Sequences, run: str, *, log: TrajectoryLog, roles: RoleAssignment) -> IntArray | None:
    found = next((classes for classes in roles.classes if classes.run == run), None)
    if found is None or not log.header.identities_persist:
        return None
    class_of = dict(zip(found.members, found.class_of, strict=True))
    names = [log.header.agents[agent].name for agent in sequences.agent.tolist()]
    return np.array([class_of[name] for name in names]) if all(name in class_of for name in names) else None


def _unit_roles(sequences: Sequences, *, log: TrajectoryLog, roles: RoleAssignment) -> IntArray | None:
    if roles.k is None or roles.k < 2:
        return None
    found = unit_roles(sequences.episode, sequences.agent, log=log, roles=roles)
    if not (found >= 0).any():
        return None
    return np.where(found >= 0, found, np.bincount(found[found >= 0]).argmax())
