"""MADiff's conversions of OG-MARL data: a ``.npy`` file for each field, episodes one after the other, and lengths."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.probe import FileKind, Probe
from convscope.values import fields as names
from convscope.values.arrays import BoolArray
from convscope.values.header import Notice, left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.dead import looks_out
from convscope_loaders.structure.known import FixedLoader, Known
from convscope_loaders.structure.views import HeldView, View, with_views

_MARKS = frozenset({"obs.npy", "actions.npy", "rewards.npy", "path_lengths.npy"})
_SIGNS = frozenset({"legals.npy", "discounts.npy"})
_FIELDS = {
    "obs": names.OBSERVATIONS,
    "actions": names.ACTIONS,
    "rewards": names.REWARDS,
    "legals": names.ACTION_MASKS,
    "logprobs": f"{names.INFO}logprobs",
}
_HEAD = 256


class MadiffLoader(FixedLoader):
    """Reads folders with ``obs.npy``, ``actions.npy``, ``rewards.npy`` and ``path_lengths.npy``."""

    name = "madiff"
    description = "MADiff's conversions of OG-MARL data: obs.npy, actions.npy, rewards.npy, path_lengths.npy, ..."

    def sniff(self, probe: Probe) -> Match:
        """Look for the files."""
        if probe.kind is FileKind.FOLDER and set(probe.files) >= _MARKS and _SIGNS & set(probe.files):
            return Match(score=0.9, reason="files for each field, path_lengths.npy, and legals.npy or discounts.npy")
        return Match(score=0.0, reason="no folder with obs.npy, path_lengths.npy, and legals.npy or discounts.npy")

    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        LogFormatError
            If the files do not fit together.
        """
        container = self.container_of(probe)
        _check(container, str(probe.path))
        with container.store.open() as file:
            ends = _ends(container, file, str(probe.path))
            n_ids = _agent_columns(container, file)
        views: list[View] = [HeldView(path=path, array=flags) for path, flags in ends.items()]
        if _has(container, "legals"):
            views.append(AliveView(legals=container.inventory.datasets["/legals"], n_ids=n_ids))
        viewed = with_views(container, views)
        reading = Reading(
            mapping=_mapping(container, ends, has_alive=_has(container, "legals")),
            assumptions=_assumptions(n_ids, has_alive=_has(container, "legals"), has_ends=bool(ends)),
            notices=(*container.inventory.notices, *_left_out(container)),
        )
        return Known(container=viewed, reading=reading)


LOADER = MadiffLoader()
"""What the entry point names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveView:
    """Who can do more than nothing, or sees something, shape (S, N): the dead of SMAC can and do neither."""

    legals: ArrayInfo
    n_ids: int
    """Columns of an observation that only say whose it is."""

    @property
    def info(self) -> ArrayInfo:
        """A truth value for each row and agent."""
        return ArrayInfo(path="/alive", shape=self.legals.shape[:2], dtype="|b1")

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        legal = file.read("/legals", start, stop)
        return ~looks_out(legal, lambda: file.read("/obs", start, stop)[:, :, self.n_ids :], 2)


def _has(container: Container, name: str) -> bool:
    return f"/{name}" in container.inventory.datasets


def _check(container: Container, place: str) -> None:
    """Make sure that all arrays have the same rows and agents."""
    datasets = container.inventory.datasets
    ranks = {"obs": (3,), "actions": (2, 3), "rewards": (2,), "path_lengths": (1,), "legals": (3,), "discounts": (2,)}
    lead = datasets["/obs"].shape[:2] if _has(container, "obs") else ()
    for name, allowed in ranks.items():
        info = datasets.get(f"/{name}")
        if info is None and name in {"legals", "discounts"}:
            continue
        if info is None or info.is_text or len(info.shape) not in allowed or 0 in info.shape:
            raise LogFormatError(f"{place}/{name}.npy is missing, or no array of numbers as MADiff writes it")
        if name != "path_lengths" and info.shape[:2] != lead:
            raise LogFormatError(f"{place}/{name}.npy {info.shape} does not fit obs.npy {datasets['/obs'].shape}")


def _ends(container: Container, file: ArrayReader, place: str) -> dict[str, BoolArray]:
    """Return the rows with which episodes end, by kind: the discount is 0 where the task ended, else a limit struck."""
    n_rows = container.inventory.datasets["/obs"].shape[0]
    lengths = file.read("/path_lengths").astype(np.float64)
    if not np.isfinite(lengths).all() or (lengths < 1).any() or lengths.sum() != n_rows:
        raise LogFormatError(f"{place}/path_lengths.npy sums to {lengths.sum():g}, but obs.npy has {n_rows} rows")
    if not _has(container, "discounts"):
        return {}
    last = np.cumsum(lengths.astype(np.int64)) - 1
    is_over = np.asarray((file.read("/discounts") == 0).all(axis=1), dtype=np.bool_)
    is_last = np.zeros(n_rows, np.bool_)
    is_last[last] = True
    return {"/ended": is_last & is_over, "/limit": is_last & ~is_over}


def _agent_columns(container: Container, file: ArrayReader) -> int:
    """Return how many first columns of an observation only say whose it is: as many as agents, or none."""
    _, n_agents, width = container.inventory.datasets["/obs"].shape
    head = file.read("/obs", 0, _HEAD)[:, :, :n_agents]
    return n_agents if width > n_agents and bool((head == np.eye(n_agents)).all()) else 0


def _mapping(container: Container, ends: dict[str, BoolArray], *, has_alive: bool) -> LogMapping:
    def mapped(path: str, *axes: Axis) -> ArrayMapping:
        return ArrayMapping(path=path, axes=(Axis.ROW, *axes))

    datasets = container.inventory.datasets
    fields = [
        FieldMapping(
            name=field,
            array=mapped(f"/{name}", Axis.AGENT, *((Axis.VALUE,) if len(datasets[f"/{name}"].shape) > 2 else ())),
        )
        for name, field in _FIELDS.items()
        if _has(container, name)
    ]
    if _has(container, "states"):
        fields.append(FieldMapping(name=names.STATE, array=mapped("/states", Axis.VALUE)))
    episodes = EpisodeMapping(
        cut=Cut.LENGTHS,
        array=ArrayMapping(path="/path_lengths", axes=(Axis.EPISODE,)),
        terminated=mapped("/ended") if ends else None,
        truncated=mapped("/limit") if ends else None,
    )
    alive = mapped("/alive", Axis.AGENT) if has_alive else None
    return LogMapping(fields=tuple(fields), episodes=episodes, alive=alive, framework="OG-MARL, converted by MADiff")


def _assumptions(n_ids: int, *, has_alive: bool, has_ends: bool) -> tuple[str, ...]:
    ids = f"the first {n_ids} columns of each observation say whose it is, as the conversion adds them"
    return (
        "the files name no agents: they are called agent_<slot>",
        *([ids] if n_ids else []),
        *(["an agent that sees nothing and can do nothing is out of the game"] if has_alive else []),
        *(["an episode ended where the discount is 0, else by a time limit"] if has_ends else []),
    )


def _left_out(container: Container) -> tuple[Notice, ...]:
    known = {*_FIELDS, "states", "discounts", "path_lengths"}
    others = [path for path in container.inventory.datasets if path[1:] not in known]
    return left_out(others, "arrays that MADiff does not write")
