"""Whether an agent is still in the game in each row, where its rows go on after the one that ends it."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Container, Inventory
from convscope.values.arrays import BoolArray
from convscope_loaders.table.computed import ComputedStore, computed, with_column
from convscope_loaders.tidy.places import read_numbers
from convscope_loaders.tidy.row_names import RowNames
from convscope_loaders.tidy.separating import remedy, separating_column

ALIVE_COLUMN = "/{alive}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """Columns that tell when agents are out."""

    identity: tuple[str, ...]
    """Of the episode."""
    agent: str
    time: str | None
    flags: tuple[str, ...]
    """True in the row that ends an agent."""
    present: str | None = None
    """True where an agent is there at all; None where all rows are those of agents that are."""

    def numbers(self, file: ArrayReader) -> BoolArray:
        """Return whether no earlier row of the agent in the episode is flagged, and it is there, shape (n,)."""
        is_end = np.any([read_numbers(file, column) > 0 for column in self.flags], axis=0)
        stream = np.zeros(len(is_end), np.int64)
        for column in (*self.identity, self.agent):
            codes = np.unique(read_numbers(file, column), return_inverse=True)[1].reshape(-1)
            stream = np.unique(stream * len(stream) + codes, return_inverse=True)[1].reshape(-1)
        time = np.arange(len(is_end), dtype=np.float64) if self.time is None else read_numbers(file, self.time)
        order = np.lexsort((time, stream))
        ends = is_end[order].astype(np.int64)
        before = np.cumsum(ends) - ends
        is_first = np.append(True, np.diff(stream[order]) != 0)[: len(order)]
        is_alive = np.empty(len(order), bool)
        is_alive[order] = before == before[is_first][np.cumsum(is_first) - 1]
        return is_alive if self.present is None else is_alive & (read_numbers(file, self.present) > 0)


def with_lives(container: Container, lives: Lives, *, state: tuple[int, int], rows: RowNames) -> Container | None:
    """Return the table with a column that tells who is alive; None where no agent has rows after its end.

    Raises
    ------
    LogFormatError
        If rows go on after all agents of an episode are out.
    """
    store = ComputedStore(base=container.store, column=ALIVE_COLUMN, recipe=lives, state=state)
    is_alive = computed(replace(store, recipe=replace(lives, present=None)))
    if is_alive.all():
        return None
    with container.store.open() as file:
        _check_is_no_padding(file, container.inventory, lives, is_alive=is_alive, rows=rows)
    return with_column(container, store)


def _check_is_no_padding(
    file: ArrayReader, inventory: Inventory, lives: Lives, *, is_alive: BoolArray, rows: RowNames
) -> None:
    if lives.time is None:
        return
    step = np.zeros(len(is_alive), np.int64)
    for column in (*lives.identity, lives.time):
        codes = np.unique(read_numbers(file, column), return_inverse=True)[1].reshape(-1)
        step = np.unique(step * len(step) + codes, return_inverse=True)[1].reshape(-1)
    n_alive = np.bincount(step, weights=is_alive)
    if (n_alive == 0).any():
        row = int(np.argmax(n_alive[step] == 0))
        flags = " or ".join(flag.removeprefix("/") for flag in lives.flags)
        agent = np.unique(read_numbers(file, lives.agent), return_inverse=True)[1].reshape(-1)
        used = {*lives.identity, lives.agent, lives.time, *lives.flags}
        found = separating_column(file, inventory, step * (int(agent.max()) + 1) + agent, used=used)
        said = "leave rows out that follow the end of an episode" if found is None else remedy(found, lives.identity)
        raise LogFormatError(f"{rows.of(row)} comes after {flags} of all agents; {said}")
