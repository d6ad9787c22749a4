"""Who is compared with whom at the agent level: agents, or what stands for them where identities do not persist."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from convscope.roles.units import Units
from convscope.values.arrays import IntArray
from convscope.values.header import Notice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """The members of one run and their units."""

    run: str
    checkpoint: str | None
    names: tuple[str, ...]
    unit_of: IntArray
    """Unit of each member in each episode, -1 for none, shape (E, M)."""
    notices: tuple[Notice, ...] = ()

    def with_members(self, kept: IntArray) -> "Members":
        """Return some of the members only."""
        return replace(self, names=tuple(self.names[m] for m in kept.tolist()), unit_of=self.unit_of[:, kept])

    def with_episodes(self, kept: IntArray) -> "Members":
        """Return some of the episodes only."""
        return replace(self, unit_of=self.unit_of[kept])


def members_of_run(units: Units, run: str, *, rng: np.random.Generator, identities_persist: bool) -> Members:
    """Find the members of a run among its fitted units.

    Parameters
    ----------
    units
        Units of the analysed agents.
    run
        Name of the run.
    rng
        Picks one unit where an episode has several of a member, so that all members have equal samples.
    identities_persist
        As in `agent_classes`.
    """
    is_mine = units.is_fitted & (units.frame["run"] == run).to_numpy()
    mine = np.flatnonzero(is_mine)
    frame = units.frame[mine]
    label, notices = _label(frame, identities_persist)
    present = set(frame[label].drop_nulls())
    names = tuple(name for name in units.in_log_order(label) if name in present)
    code_of = {name: code for code, name in enumerate(names)}
    member = np.array([code_of.get(name, -1) for name in frame[label].to_list()], dtype=np.int64)
    episodes, place = np.unique(units.episode[mine], return_inverse=True)
    unit_of = np.full((len(episodes), len(names)), -1, dtype=np.int64)
    # In random order, so that the last one written is a random one.
    shuffled = rng.permutation(np.flatnonzero(member >= 0))
    unit_of[place[shuffled], member[shuffled]] = mine[shuffled]
    enough = (unit_of >= 0).sum(axis=1) >= min(2, max(len(names), 1))
    return Members(
        run=run,
        checkpoint=frame["checkpoint"][0] if len(frame) else None,
        names=names,
        unit_of=unit_of[enough],
        notices=notices,
    )


def _label(frame: pl.DataFrame, identities_persist: bool) -> tuple[str, tuple[Notice, ...]]:  # noqa: FBT001  private
    """Return the column that names the members, and what is to be said about it."""
    if identities_persist:
        return "agent", ()
    if frame["declared_role"].n_unique() > 1:
        message = "slots are filled anew in each episode: declared roles are compared instead of agents, one unit each"
        return "declared_role", (Notice(code="identities-redrawn", message=message, where="roles.k_agents"),)
    message = "slots are filled anew in each episode: slots are compared instead of agents"
    return "agent", (Notice(code="identities-redrawn", message=message, where="roles.k_agents"),)
