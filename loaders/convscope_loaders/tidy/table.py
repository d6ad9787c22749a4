"""What a whole tidy table says: its episodes, their order and ends, and what stays the same within them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, first_of_each
from convscope.values.fields import ACTIONS
from convscope.values.status import EndKind, kinds_of_ends
from convscope_loaders.tidy.mapping import TidyMapping
from convscope_loaders.tidy.places import Keys, Places, make_keys, place_rows, read_numbers
from convscope_loaders.tidy.row_names import row_names
from convscope_loaders.tidy.separating import remedy, separating_column

_NO_COLUMN = "name the columns that tell episodes apart, such as the run, or leave one of the two out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """What a column says of each episode, or of each episode and agent."""

    codes: IntArray
    """Index into ``names``, -1 for none, shape (E,) or (E, N)."""
    names: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TidyTable:
    """Episodes of a table, in log order: a run's together, its checkpoints in order, then as they come."""

    inventory: Inventory
    mapping: TidyMapping
    keys: Keys
    label: IntArray
    """Code of each episode, shape (E,)."""
    first: IntArray
    """Its first row, shape (E,)."""
    last: IntArray
    """Its last row, shape (E,)."""
    places: Places
    """Of all rows."""

    def of_episodes(self, file: ArrayReader, column: str | None) -> Labels:
        """Return what a column says of each episode, by its first row; shape (E,)."""
        if column is None:
            return Labels(codes=np.full(len(self.label), -1))
        return self._labels(column, read_numbers(file, column)[self.first])

    def of_agents(self, file: ArrayReader, column: str | None) -> Labels:
        """Return what a column says of each agent in each episode, by its first row that says it; shape (E, N)."""
        shape = len(self.label), len(self.keys.agents)
        if column is None:
            return Labels(codes=np.full(shape, -1))
        found = read_numbers(file, column)[self.places.taken]
        is_known = np.isfinite(found)
        cell = (self.places.episode * shape[1] + self.places.agent)[is_known]
        return self._labels(column, first_of_each(cell, found[is_known], shape[0] * shape[1]).reshape(shape))

    def has_final(self, file: ArrayReader) -> BoolArray:
        """Return whether nobody acts in the last row of each episode: it is the final observation, shape (E,)."""
        is_last = self.places.step == self.places.rows[self.places.episode] - 1
        is_final = np.zeros(len(self.label), bool)
        for mapped in self.mapping.fields:
            if mapped.name == ACTIONS:
                if mapped.is_late:
                    return np.asarray(self.places.rows > 1, dtype=np.bool_)
                acts = np.zeros(len(self.label), bool)
                values = [np.asarray(file.read(path), np.float64) for path in mapped.columns]
                given = np.any([np.isfinite(part.reshape(len(part), -1)).any(axis=1) for part in values], axis=0)
                acts[self.places.episode[is_last & given[self.places.taken]]] = True
                is_final = ~acts & (self.places.rows > 1)
        return is_final

    def ends(self, file: ArrayReader, length: IntArray) -> ByteArray:
        """Return the `EndKind` of each episode, shape (E,).

        Parameters
        ----------
        file
            Open container.
        length
            Joint steps of each episode; flags count from its last step on.
        """
        is_end = self.places.step >= length[self.places.episode] - 1
        terminated = self._flagged(file, self.mapping.terminated, is_end)
        truncated = self._flagged(file, self.mapping.truncated, is_end)
        has_flags = bool(terminated.any() or truncated.any())
        return kinds_of_ends(terminated, truncated, neither=EndKind.CUT if has_flags else EndKind.UNKNOWN)

    def _flagged(self, file: ArrayReader, column: str | None, is_end: BoolArray) -> BoolArray:
        is_set = np.zeros(len(self.label), bool)
        if column is not None:
            flags = read_numbers(file, column)[self.places.taken] > 0
            is_set[self.places.episode[is_end & flags]] = True
        return is_set

    def _labels(self, column: str, values: FloatArray) -> Labels:
        known = np.unique(values[np.isfinite(values)])
        codes = np.searchsorted(known, values)
        return Labels(
            codes=np.where(np.isfinite(values), codes, -1),
            names=tuple(name_of(self.inventory, column, value) for value in known.tolist()),
        )


def read_table(file: ArrayReader, inventory: Inventory, mapping: TidyMapping, *, place: str) -> TidyTable:
    """Find the episodes of a table.

    Parameters
    ----------
    file
        Open container.
    inventory
        What it holds.
    mapping
        Of the columns.
    place
        The log, for errors.

    Raises
    ------
    LogFormatError
        If a row names no episode or agent, or an agent has two rows in one timestep.
    """
    rows = row_names(inventory, place)
    columns = {column: read_numbers(file, column) for column in mapping.identity}
    keys = make_keys(columns, (mapping.agent, read_numbers(file, mapping.agent)), rows)
    label, first, last = _in_order(keys.episode_codes([*columns.values()]), [*columns.values()], mapping)
    places = place_rows(file, mapping, keys, labels=label, start=0, stop=None)
    cell = places.row * len(keys.agents) + places.agent
    if len(np.unique(cell)) < len(cell):
        _, first_of, own = np.unique(cell, return_index=True, return_inverse=True)
        again = int(np.argmax(first_of[own] != np.arange(len(cell))))
        other = rows.of(int(places.taken[first_of[own[again]]])).removeprefix(f"{place}: ")
        column = separating_column(
            file, inventory, cell, used={*mapping.told.values(), *mapping.episode, mapping.agent}
        )
        said = _NO_COLUMN if column is None else remedy(column, mapping.episode)
        raise LogFormatError(
            f"{rows.of(int(places.taken[again]))} and {other} give an agent two rows in one timestep; {said}"
        )
    return TidyTable(
        inventory=inventory, mapping=mapping, keys=keys, label=label, first=first, last=last, places=places
    )


def name_of(inventory: Inventory, column: str, value: float) -> str:
    """Return the name of a value: from the column's attribute ``values``, else the column's name and the number."""
    names = inventory.attributes.get(column, {}).get("values")
    if isinstance(names, tuple) and float(value).is_integer() and 0 <= value < len(names):
        return str(names[int(value)])
    stem = column.strip("/").split("/")[-1].split(".")[-1]
    return f"{stem.removesuffix('_id').removesuffix('_index')}_{value:.15g}"


def _in_order(
    codes: IntArray, columns: Sequence[FloatArray], mapping: TidyMapping
) -> tuple[IntArray, IntArray, IntArray]:
    found, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    last = np.zeros(len(found), np.int64)
    np.maximum.at(last, inverse, np.arange(len(codes)))
    outer = [
        columns[mapping.identity.index(column)][first]
        for column in (mapping.checkpoint, mapping.run)
        if column is not None
    ]
    order = np.lexsort((first, *outer))
    return found[order], first[order], last[order]
