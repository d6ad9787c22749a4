"""The arrays of a TensorDict as a log wants them: rows in time order, all agents on one axis, one array a field.

A view is a plan over the arrays of another store; nothing is read before it is asked for, and every array of a group is
read once for all its agents.
"""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore
from convscope.ingest.mapping import Axis
from convscope.values.arrays import IntArray
from convscope.values.status import EndKind

SPANS, TERMINATED, TRUNCATED, ENDED = "/@spans", "/@terminated", "/@truncated", "/@ended"
"""Arrays of the view's own: the table of episodes, and how each ends."""
_KINDS = {
    TERMINATED: (EndKind.TERMINATED, EndKind.AMBIGUOUS),
    TRUNCATED: (EndKind.TRUNCATED, EndKind.AMBIGUOUS),
    ENDED: tuple(kind for kind in EndKind if kind is not EndKind.CUT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The axes of all arrays that lead to a row: the batch dimensions of the TensorDict."""

    batch: tuple[int, ...]
    """Sizes in the file."""
    runs: tuple[tuple[int, int], ...] = ()
    """Entries of axis 0 in time order, as ranges; empty where they lie so. Others hold nothing."""
    is_time_first: bool = False
    """Whether axis 0 of two is time, and not environments."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes as the view shows them: (rows), (environments, time) or (time, environments)."""
        first = sum(stop - start for start, stop in self.runs) if self.runs else self.batch[0]
        sizes = (first, *self.batch[1:])
        return sizes if len(sizes) <= 2 else (prod(sizes[:-1]), sizes[-1])

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What the view's leading axes count."""
        if len(self.batch) == 1:
            return (Axis.ROW,)
        return (Axis.TIME, Axis.EPISODE) if self.is_time_first else (Axis.EPISODE, Axis.TIME)

    def by_stream(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an array of the view with a stream of rows on axis 0 and time on axis 1."""
        if len(self.batch) == 1:
            return rows[None]
        return np.swapaxes(rows, 0, 1) if self.is_time_first else rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one group of agents has of a joined array."""

    paths: tuple[str, ...]
    """Arrays whose values stand side by side; none where the group lacks them."""
    n_agents: int
    width: int
    """Values of one agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An array with all agents on one axis."""

    parts: tuple[Part, ...]
    is_negated: bool = False
    """Whether true stands for false."""

    def info(self, path: str, lead: tuple[int, ...], dtype: str) -> ArrayInfo:
        """Return what the view says of it."""
        n_agents, width = sum(part.n_agents for part in self.parts), max(part.width for part in self.parts)
        return ArrayInfo(path=path, shape=(*lead, n_agents, width), dtype=dtype)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Episodes:
    """The episodes of a TensorDict, a row each, in the order of streams and time."""

    stream: IntArray
    """Row of the environments' axis, 0 without one."""
    start: IntArray
    stop: IntArray
    """One past the last row."""
    end: IntArray
    """`EndKind`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A store whose arrays are those of another one, rearranged."""

    store: ArrayStore
    joined: Mapping[str, Joined]
    """Arrays that are put together, by the view's path; all others are those of the store."""
    lead: Lead | None
    """None where no array is rearranged along its leading axes."""
    episodes: Episodes | None = None
    """Once they are known."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the store for reading rows."""
        return _opened(self)


class ViewReader:
    """Reads rows of a view.

    Parameters
    ----------
    view
        What it shows.
    inner
        The store behind it, open.
    """

    def __init__(self, view: View, inner: ArrayReader) -> None:
        self._view = view
        self._inner = inner

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array of the view."""
        if dataset == SPANS or dataset in _KINDS:
            return self._told(dataset)[start:stop]
        joined = self._view.joined.get(dataset)
        return self._rows(dataset, start, stop) if joined is None else self._together(joined, start, stop)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array of the store."""
        return self._inner.read_text(dataset)

    def _together(self, joined: Joined, start: int, stop: int | None) -> npt.NDArray[np.generic]:
        n_lead = 1 if self._view.lead is None else len(self._view.lead.shape)
        found = [self._part(part, start, stop, n_lead=n_lead) for part in joined.parts]
        sizes = next(rows.shape[:n_lead] for rows in found if rows is not None)
        width = max(part.width for part in joined.parts)
        whole = np.full((*sizes, sum(part.n_agents for part in joined.parts), width), np.nan)
        first = 0
        for part, rows in zip(joined.parts, found, strict=True):
            if rows is not None:
                whole[..., first : first + part.n_agents, : part.width] = rows
            first += part.n_agents
        return np.equal(whole, 0) if joined.is_negated else whole

    def _part(self, part: Part, start: int, stop: int | None, *, n_lead: int) -> npt.NDArray[Any] | None:
        if not part.paths:
            return None
        pieces = [self._rows(path, start, stop) for path in part.paths]
        widths = [prod(piece.shape[n_lead:]) // part.n_agents for piece in pieces]
        lead = (*pieces[0].shape[:n_lead], part.n_agents)
        flat = [piece.reshape(*lead, width) for piece, width in zip(pieces, widths, strict=True)]
        return np.concatenate(flat, axis=-1)

    def _rows(self, path: str, start: int, stop: int | None) -> npt.NDArray[Any]:
        lead = self._view.lead
        if lead is None or len(lead.batch) <= 2:
            return self._ordered(path, start, stop)
        # Several axes of environments are one: rows of the first are read and the rest cut away.
        n_inner = prod(lead.batch[1:-1])
        last = lead.shape[0] if stop is None else stop
        first, beyond = start // max(n_inner, 1), -(-last // max(n_inner, 1))
        rows = self._ordered(path, first, beyond)
        folded = rows.reshape(-1, *rows.shape[len(lead.batch) - 1 :])
        return folded[start - first * n_inner : last - first * n_inner]

    def _ordered(self, path: str, start: int, stop: int | None) -> npt.NDArray[Any]:
        lead = self._view.lead
        if lead is None or not lead.runs:
            return self._inner.read(path, start, stop)
        pieces: list[npt.NDArray[Any]] = []
        passed = 0
        for first, beyond in lead.runs:
            low = max(start - passed, 0) + first
            high = beyond if stop is None else min(stop - passed + first, beyond)
            if low < high:
                pieces.append(self._inner.read(path, low, high))
            passed += beyond - first
        return np.concatenate(pieces) if pieces else self._inner.read(path, 0, 0)

    def _told(self, dataset: str) -> npt.NDArray[np.generic]:
        view, episodes = self._view, self._view.episodes
        if episodes is None or view.lead is None:
            raise KeyError(dataset)
        if dataset == SPANS:
            rows = (episodes.start, episodes.stop)
            return np.stack(rows if len(view.lead.shape) == 1 else (episodes.stream, *rows), axis=1)
        flags = np.zeros(view.lead.shape, bool)
        is_set = np.isin(episodes.end, _KINDS[dataset])
        view.lead.by_stream(flags)[episodes.stream[is_set], episodes.stop[is_set] - 1] = True
        return flags


@contextmanager
def _opened(view: View) -> Generator[ViewReader]:
    with view.store.open() as inner:
        yield ViewReader(view, inner)
