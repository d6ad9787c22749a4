"""A replay buffer as a table in the order of time: a row for each timestep and agent, who waits included."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope_loaders.tianshou.layout import META, BufferField, Whose
from convscope_loaders.tianshou.ring import RingEpisodes
from convscope_loaders.tianshou.turns import Turns

FLAGS = (META + "terminated", META + "truncated")
EPISODE, TURN, AGENT = "/episode", "/turn", "/agent"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnStore:
    """A buffer to be opened as a table."""

    store: ArrayStore
    """The buffer's own arrays."""
    episodes: RingEpisodes
    fields: tuple[BufferField, ...]
    n_agents: int
    turns: Turns | None
    """None where all agents act together."""
    has_final: bool
    """Whether each episode has a row more, with the observation after its last step."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the buffer for reading rows."""
        return _opened(self)

    @property
    def rows(self) -> IntArray:
        """Timesteps of each episode, the final observation included, shape (E,)."""
        return self.episodes.length + int(self.has_final)


def turn_container(store: TurnStore, inventory: Inventory, names: Sequence[str]) -> Container:
    """Return the table as a container.

    Parameters
    ----------
    store
        The table.
    inventory
        What the buffer holds.
    names
        Of the agents.
    """
    n_rows = int(store.rows.sum()) * store.n_agents
    flags = [flag for flag in FLAGS if flag in inventory.datasets]
    widths = dict.fromkeys((EPISODE, TURN, AGENT, *flags), 1) | {field.path: field.width for field in store.fields}
    infos = {path: ArrayInfo(path=path, shape=(n_rows, width), dtype="<f8") for path, width in widths.items()}
    return Container(inventory=Inventory(datasets=infos, attributes={AGENT: {"values": tuple(names)}}), store=store)


@contextmanager
def _opened(store: TurnStore) -> Generator[ArrayReader]:
    with store.store.open() as file:
        yield _Reader(store, file)


class _Reader:
    def __init__(self, store: TurnStore, file: ArrayReader) -> None:
        self._store = store
        self._file = file
        self._fields: Mapping[str, BufferField] = {field.path: field for field in store.fields}

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        n_agents = self._store.n_agents
        n_rows = int(self._store.rows.sum())
        start, stop, _ = slice(start, stop).indices(n_rows * n_agents)
        first, last = start // n_agents, -(-stop // n_agents)
        steps = _steps(self._store, first, last)
        if dataset == AGENT:
            values = np.tile(np.arange(n_agents, dtype=np.float64)[:, None], (last - first, 1, 1))
        elif dataset in {EPISODE, TURN}:
            values = _shared((steps.episode if dataset == EPISODE else steps.step)[:, None], n_agents)
        elif dataset in self._fields:
            values = self._field(self._fields[dataset], steps)
        else:
            values = _shared(self._stepwise((dataset,), steps), n_agents)
        return values.reshape(-1, values.shape[-1])[start - first * n_agents : stop - first * n_agents]

    def read_text(self, dataset: str) -> tuple[str, ...]:
        raise LogFormatError(f"{dataset} holds no text")

    def _field(self, field: BufferField, steps: "_Steps") -> FloatArray:
        values = self._stepwise(field.leaves, steps, n_agents=self._store.n_agents if field.whose is Whose.EACH else 1)
        turns = self._store.turns
        acting = None if turns is None else turns.acting[steps.row]
        if field.following:
            after = self._read(field.following, steps.row[steps.is_final], values.shape[1])
            values[steps.is_final] = after
            if turns is not None and turns.following is not None and acting is not None:
                acting = np.where(steps.is_final, turns.following[steps.row], acting)
        if field.whose is Whose.EACH:
            return values[:, list(field.columns)] if field.columns else values
        if field.whose is Whose.TEAM or acting is None:
            return _shared(values[:, 0], self._store.n_agents)
        whole = np.full((len(values), self._store.n_agents, field.width), np.nan)
        whole[np.arange(len(values)), acting] = values[:, 0]
        return whole

    def _stepwise(self, leaves: Sequence[str], steps: "_Steps", *, n_agents: int = 1) -> FloatArray:
        """Return the values of steps, missing in the rows of final observations, shape (rows, agents, values)."""
        values = self._read(leaves, steps.row, n_agents)
        values[steps.is_final] = np.nan
        return values

    def _read(self, leaves: Sequence[str], rows: IntArray, n_agents: int) -> FloatArray:
        if not len(rows):
            return np.zeros((0, n_agents, 0))
        low, high = int(rows.min()), int(rows.max()) + 1
        parts = [np.asarray(self._file.read(leaf, low, high), np.float64)[rows - low] for leaf in leaves]
        return np.concatenate([part.reshape(len(rows), n_agents, -1) for part in parts], axis=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    episode: IntArray
    step: IntArray
    row: IntArray
    is_final: BoolArray


def _steps(store: TurnStore, first: int, last: int) -> _Steps:
    stops = np.cumsum(store.rows)
    at = np.arange(first, last)
    episode = np.searchsorted(stops, at, side="right")
    step = at - (stops - store.rows)[episode]
    is_final = np.asarray(step >= store.episodes.length[episode], dtype=np.bool_)
    row = store.episodes.rows_at(episode, np.minimum(step, store.episodes.length[episode] - 1))
    return _Steps(episode=episode, step=step, row=row, is_final=is_final)


def _shared(values: npt.NDArray[Any], n_agents: int) -> FloatArray:
    whole = np.broadcast_to(values.reshape(len(values), 1, -1), (len(values), n_agents, values.shape[-1]))
    return np.asarray(whole, np.float64)
