"""The windows of each run as dense sums, in an order that only the episodes' content gives."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.dependence.windows import WindowPlan, WindowRows
from convscope.routing.choice_model import Choices, collapse, fit
from convscope.routing.preference import by_role
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.routing import RoutingTallies

MOST_NODES = 12
"""Agents that stand for themselves where no roles are declared; fits grow with the fourth power."""
_FITS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunWindows:
    """One run: E episodes of at most W windows, R roles (or agents), C compositions of the senders."""

    name: str
    episodes: IntArray
    """Rows of the episode table, shape (E,)."""
    mass: FloatArray
    """Routed from receiving to sending role, shape (E, W, R, R)."""
    weight: FloatArray
    """Routed in each composition, shape (E, W, R, C)."""
    compositions: FloatArray
    """Senders of each role, shape (C, R)."""
    shape: FloatArray
    """Of the team, shape (E, W, 5); NaN where not known."""
    n_steps: IntArray
    """Timesteps of each window, shape (E, W)."""
    team_size: IntArray
    """Agents that ever act together, shape (E,)."""
    is_present: BoolArray
    """Analysed agents that take part in a row of each window, shape (E, W, N)."""

    def taken(self, keep: BoolArray | IntArray) -> "RunWindows":
        """Return some of the episodes, by mask or by number."""
        per_episode = ("episodes", "mass", "weight", "shape", "n_steps", "team_size", "is_present")
        return replace(self, **{name: getattr(self, name)[keep] for name in per_episode})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunReader:
    """Makes runs of the rows of windows."""

    rows: WindowRows
    """Of the fold."""
    table: EpisodeTable
    """Of the log's episodes."""
    agents: IntArray
    """Analysed agents, as places in the log's agent axis."""
    plan: WindowPlan
    """How episodes were cut."""
    n_roles: int
    """Declared roles; 0 lets each agent stand for itself."""
    is_counted: BoolArray
    """Episodes of the log that count, shape (E,)."""

    def runs(self) -> tuple[RunWindows, ...]:
        """Return the windows of each run that logged weights in episodes that count."""
        numbers = np.unique(self.table.run[self.rows.episode][self.is_counted[self.rows.episode]]).tolist()
        return tuple(self._run(number, np.ones(len(self.agents), dtype=np.bool_)) for number in numbers)

    def among(self, name: str, kept: BoolArray) -> RunWindows:
        """Return a run as if only some agents (N,) were there: in a logit, two choices do not depend on a third."""
        return self._run(self.table.runs.index(name), kept)

    def _run(self, number: int, kept: BoolArray) -> RunWindows:
        rows, plan = self.rows, self.plan
        is_mine = np.equal(self.table.run[rows.episode], number) & self.is_counted[rows.episode]
        episodes = np.unique(rows.episode[is_mine])
        place_of = np.full(self.table.n_episodes, -1)
        place_of[episodes] = np.arange(len(episodes))
        size = (len(episodes), plan.n_windows)
        receiving, counts, role_mass = by_role(self._tallies(is_mine, kept), self.n_roles or len(self.agents))
        unit = place_of[rows.episode[is_mine]] * plan.n_windows + rows.window[is_mine]
        choices = collapse(receiving, counts, role_mass, fit_of_row=unit, n_fits=size[0] * size[1])
        is_seen = place_of[rows.shape_episode] >= 0
        shape = np.full((*size, rows.shape.shape[1]), np.nan)
        shape[place_of[rows.shape_episode[is_seen]], rows.shape_window[is_seen]] = rows.shape[is_seen]
        together = rows.valid[is_mine]
        together[np.arange(len(together)), rows.receiver[is_mine]] = True
        team_size = np.zeros(len(episodes), dtype=np.int64)
        np.maximum.at(team_size, place_of[rows.episode[is_mine]], together.sum(axis=1))
        is_present = np.zeros((*size, len(self.agents)), dtype=np.bool_)
        np.logical_or.at(is_present, (place_of[rows.episode[is_mine]], rows.window[is_mine]), together)
        begins = np.arange(plan.n_windows) * plan.width
        found = RunWindows(
            name=self.table.runs[number],
            episodes=episodes,
            mass=choices.mass.reshape(*size, *choices.mass.shape[1:]),
            weight=choices.weight.reshape(*size, *choices.weight.shape[1:]),
            compositions=choices.compositions,
            shape=shape,
            n_steps=np.clip(self.table.length[episodes][:, None] - begins, 0, plan.width),
            team_size=team_size,
            is_present=is_present,
        )
        return found.taken(content_order(found, found.shape))

    def _tallies(self, is_mine: BoolArray, kept: BoolArray) -> RoutingTallies:
        rows = self.rows
        episode = rows.episode[is_mine]
        declared = self.table.declared_roles[episode][:, self.agents]
        own = np.broadcast_to(np.arange(len(self.agents)), declared.shape)
        return RoutingTallies(
            run=np.zeros(len(episode), dtype=np.int64),
            unit=episode,
            receiver=rows.receiver[is_mine],
            valid=rows.valid[is_mine],
            mass=rows.mass[is_mine] if kept.all() else _renormalised(rows, is_mine, kept),
            n_steps=rows.n_steps[is_mine],
            roles=np.where(kept, declared if self.n_roles else own, -1),
            runs=("",),
        )


def _renormalised(rows: WindowRows, is_mine: BoolArray, kept: BoolArray) -> FloatArray:
    """Divide what each row counts over the senders that are kept: else receivers would count by what these get."""
    mass = np.where(kept, rows.mass[is_mine], 0.0)
    total = mass.sum(axis=1)
    scale = np.divide(rows.n_steps[is_mine], total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(mass * scale[:, None])


def content_order(run: RunWindows, also: FloatArray | BoolArray) -> IntArray:
    """Return an order of the episodes that neither their order in the log nor empty slots can change.

    Parameters
    ----------
    run
        Its routing gives the order.
    also
        What tells episodes of equal routing apart, shape (E, ...).
    """
    parts = (run.mass, run.weight, run.n_steps)
    routing = [hashlib.blake2b(b"".join(part[e].tobytes() for part in parts)).digest() for e in range(len(also))]
    keys = [(key, np.ascontiguousarray(own).tobytes()) for key, own in zip(routing, also, strict=True)]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def preferences(runs_mass: FloatArray, runs_weight: FloatArray, compositions: FloatArray) -> FloatArray:
    """Fit many preferences, shape (..., R, R), to sums of mass (..., R, R) and weight (..., R, C)."""
    *outer, n_roles, _ = runs_mass.shape
    mass = runs_mass.reshape(-1, n_roles, n_roles)
    weight = runs_weight.reshape(len(mass), n_roles, len(compositions))
    found = [
        fit(
            Choices(
                mass=mass[start : start + _FITS_AT_ONCE],
                weight=weight[start : start + _FITS_AT_ONCE],
                compositions=compositions,
            )
        ).preference
        for start in range(0, len(mass), _FITS_AT_ONCE)
    ]
    return np.concatenate(found).reshape(*outer, n_roles, n_roles)


def over_runs(values: Sequence[FloatArray]) -> FloatArray:
    """Return the mean over runs of what each knows, NaN where none does."""
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    n_known = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, n_known, out=np.full(total.shape, np.nan), where=n_known > 0))
