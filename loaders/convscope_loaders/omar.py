"""Transitions of the OMAR family (OMAR, continuous CFCQL): a ``.npy`` file for each part and agent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.probe import FileKind, Probe
from convscope.values.arrays import BoolArray
from convscope.values.fields import ACTIONS, INFO, OBSERVATIONS, REWARDS
from convscope.values.header import Notice, left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.evidence import is_one_hot
from convscope_loaders.structure.known import FixedLoader, Known
from convscope_loaders.structure.succession import is_same
from convscope_loaders.structure.views import HeldView, with_views

_PARTS = ("obs", "acs", "rews", "next_obs", "dones")
_READ = frozenset({*_PARTS, "states"})
_ROWS_AT_A_TIME = 1 << 16
_NAME = re.compile(r"/([a-z_]+)_(\d+)")


class OmarLoader(FixedLoader):
    """Reads folders such as ``seed_0_data``."""

    name = "omar"
    description = "transitions of the OMAR family (OMAR, continuous CFCQL): obs_0.npy, acs_0.npy, next_obs_0.npy, ..."

    def sniff(self, probe: Probe) -> Match:
        """Look for the files of the first agent."""
        if probe.kind is FileKind.FOLDER and {f"{part}_0.npy" for part in _PARTS} <= set(probe.files):
            return Match(score=0.9, reason="a file for each part of a transition and each agent")
        return Match(score=0.0, reason="no folder with obs_0.npy, acs_0.npy, rews_0.npy, next_obs_0.npy, dones_0.npy")

    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        LogFormatError
            If a file of an agent is missing, files do not fit together, or the rows are not in time order.
        """
        container = self.container_of(probe)
        n_agents = _count_agents(container, str(probe.path))
        with container.store.open() as file:
            seen = _look_through(file, n_agents, container.inventory.datasets["/acs_0"].shape[0])
        if seen.is_break.mean() > 0.5:
            raise LogFormatError(
                f"{probe.path}: next_obs is hardly ever the obs of the following row: the rows are shuffled, or of "
                "several environments in turn; save them in time order"
            )
        viewed = with_views(
            container, (HeldView(path="/cut", array=seen.is_cut), HeldView(path="/limit", array=seen.is_limit))
        )
        reading = Reading(
            mapping=_mapping(container, is_one_hot=seen.is_one_hot),
            assumptions=_assumptions(seen),
            notices=(*container.inventory.notices, *_left_out(container)),
        )
        return Known(container=viewed, reading=reading)


LOADER = OmarLoader()
"""What the entry point names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What the rows say; arrays have the shape (S,)."""

    is_done: BoolArray
    """Whether all agents are done."""
    is_break: BoolArray
    """Whether the next observation of an agent is not the one of the following row."""
    is_one_hot: bool

    @property
    def is_cut(self) -> BoolArray:
        """Whether an episode ends there."""
        return self.is_done | self.is_limit

    @property
    def is_limit(self) -> BoolArray:
        """Whether it ends there although no one is done: the environment was reset, or has run as long as ever."""
        is_limit = self.is_break & ~self.is_done
        ends = np.flatnonzero(self.is_done | is_limit) + 1
        lengths = np.diff(ends, prepend=0)[is_limit[ends - 1]]
        last = len(is_limit) - int(ends.max(initial=0))
        is_limit[-1] |= bool(last) and len(lengths) > 0 and bool((lengths == last).all())
        return is_limit


def _count_agents(container: Container, place: str) -> int:
    """Return the number of agents, each with all its files, as long as the first one's."""
    datasets = container.inventory.datasets
    n_agents = 1 + max(int(found[2]) for path in datasets if (found := _NAME.fullmatch(path)) and found[1] in _PARTS)
    n_rows = datasets["/acs_0"].shape[:1] if "/acs_0" in datasets else ()
    for agent in range(n_agents):
        for part in _PARTS:
            info = datasets.get(f"/{part}_{agent}")
            if info is None or info.is_text:
                raise LogFormatError(f"{place}: {part}_{agent}.npy is missing, or holds no numbers")
            if info.shape[:1] != n_rows or not n_rows or not n_rows[0] or len(info.shape) > 2:
                raise LogFormatError(
                    f"{place}: {part}_{agent}.npy has the shape {info.shape}, acs_0.npy {n_rows} rows of numbers"
                )
        if prod(datasets[f"/dones_{agent}"].shape[1:]) != 1:
            raise LogFormatError(f"{place}: dones_{agent}.npy should hold one flag a row")
        if datasets[f"/obs_{agent}"].shape != datasets[f"/next_obs_{agent}"].shape:
            raise LogFormatError(f"{place}: obs_{agent}.npy and next_obs_{agent}.npy differ in shape")
    return n_agents


def _look_through(file: ArrayReader, n_agents: int, n_rows: int) -> _Seen:
    is_done, is_break = np.ones(n_rows, np.bool_), np.zeros(n_rows, np.bool_)
    has_choices = True
    for start, stop in _stretches(n_rows):
        for agent in range(n_agents):
            is_done[start:stop] &= np.not_equal(file.read(f"/dones_{agent}", start, stop), 0).reshape(stop - start)
            ahead = file.read(f"/obs_{agent}", start + 1, stop + 1)
            then = file.read(f"/next_obs_{agent}", start, start + len(ahead))
            is_break[start : start + len(ahead)] |= ~is_same(then, ahead, 1)
            actions = np.asarray(file.read(f"/acs_{agent}", start, stop), dtype=np.float64)
            has_choices &= actions.ndim == 2 and is_one_hot(actions)
    return _Seen(is_done=is_done, is_break=is_break, is_one_hot=has_choices)


def _stretches(n_rows: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + _ROWS_AT_A_TIME, n_rows)) for start in range(0, n_rows, _ROWS_AT_A_TIME))


def _mapping(container: Container, *, is_one_hot: bool) -> LogMapping:
    def mapped(part: str, *axes: Axis) -> ArrayMapping:
        return ArrayMapping(path=f"/{part}_{{agent}}", axes=(Axis.ROW, *axes))

    fields = [
        FieldMapping(name=OBSERVATIONS, array=mapped("obs", Axis.VALUE)),
        FieldMapping(name=ACTIONS, array=mapped("acs", Axis.VALUE), is_one_hot=is_one_hot),
        FieldMapping(name=REWARDS, array=mapped("rews")),
    ]
    if "/states_0" in container.inventory.datasets:
        fields.append(FieldMapping(name=f"{INFO}states", array=mapped("states", Axis.VALUE)))
    flags = {name: ArrayMapping(path=f"/{name}", axes=(Axis.ROW,)) for name in ("cut", "limit")}
    episodes = EpisodeMapping(cut=Cut.FLAGS, array=flags["cut"], truncated=flags["limit"])
    return LogMapping(fields=tuple(fields), episodes=episodes, framework="OMAR")


def _assumptions(seen: _Seen) -> tuple[str, ...]:
    n_done, n_limit = int(seen.is_done.sum()), int(seen.is_limit.sum())
    sentences = ["the files name no agents: they are called agent_<number of the file>"]
    if n_done:
        sentences.append(f"{n_done} episodes end where all agents are done; a time limit may be among them")
    if n_limit:
        sentences.append(
            f"{n_limit} episodes end by a time limit: no one is done, but the next row's observation is another"
        )
    if seen.is_one_hot:
        sentences.append("actions are one-hot: the place of the one is the action")
    return tuple(sentences)


def _left_out(container: Container) -> tuple[Notice, ...]:
    others = [
        path
        for path in container.inventory.datasets
        if not (found := _NAME.fullmatch(path)) or found[1] not in _READ | {"next_states"}
    ]
    final = Notice(
        code="final-observations",
        message="left out: the observation that follows the last step of each episode",
        where="/next_obs_0",
    )
    return final, *left_out(others, "files of no transition")
