"""Reads rows of a tidy table as whole episodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, first_of_each, sealed
from convscope.values.fields import ACTIONS, OBSERVATIONS, FieldSpec, Level
from convscope.values.log import Columns
from convscope.values.status import Status
from convscope_loaders.structure.dead import sees_nothing
from convscope_loaders.structure.presence import mark_out, mark_presence
from convscope_loaders.tidy.late import earlier
from convscope_loaders.tidy.mapping import TidyMapping
from convscope_loaders.tidy.places import Keys, Places, place_rows, read_numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TidySource:
    """The episodes of one table."""

    store: ArrayStore
    mapping: TidyMapping
    specs: tuple[FieldSpec, ...]
    """In the order of the mapping's fields."""
    keys: Keys
    label: IntArray
    """Code of each episode, shape (E,)."""
    first: IntArray
    """Its first row in the table, shape (E,)."""
    last: IntArray
    """Its last row, shape (E,); rows of other episodes may lie between."""
    length: IntArray
    """Joint steps of each episode, shape (E,)."""
    is_choice: tuple[bool, ...] = ()
    """Agents whose actions are choices, of which -1 is none; empty where there are no actions."""

    def __post_init__(self) -> None:
        for name in ("label", "first", "last", "length"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes and of these fields."""
        start, stop = int(self.first[episodes].min()), int(self.last[episodes].max()) + 1
        with self.store.open() as file:
            places = place_rows(file, self.mapping, self.keys, labels=self.label[episodes], start=start, stop=stop)
            wanted = fields | self._telling
            columns = {
                spec.name: self._column(file, number, places, start=start, stop=stop)
                for number, spec in enumerate(self.specs)
                if spec.name in wanted
            }
            status = self._status(file, places, columns, start=start, stop=stop)
        is_final = places.step >= self.length[episodes][places.episode]
        status[places.row[is_final]] = np.where(
            status[places.row[is_final]] == Status.ACTING, Status.WAITING, status[places.row[is_final]]
        )
        return Columns(
            lengths=places.rows, status=status, columns={name: columns[name] for name in columns if name in fields}
        )

    @property
    def _telling(self) -> frozenset[str]:
        """Fields that tell who acts."""
        return frozenset({ACTIONS, OBSERVATIONS} if self.mapping.dead_see_nothing else {ACTIONS})

    def _column(self, file: ArrayReader, number: int, places: Places, *, start: int, stop: int) -> FloatArray:
        spec, field = self.specs[number], self.mapping.fields[number]
        parts = [np.asarray(file.read(path, start, stop), dtype=np.float64) for path in field.columns]
        values = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)[places.taken]
        if field.is_late:
            values = earlier(values, places, level=spec.level)
        if spec.name == ACTIONS and any(self.is_choice):
            values[np.array(self.is_choice)[places.agent][:, None] & (values < 0)] = np.nan
        n_agents = len(self.keys.agents)
        if spec.level is Level.PAIR:
            weights = np.full((int(places.rows.sum()), *spec.shape, n_agents, n_agents), np.nan)
            weights[places.row, :, places.agent] = values.reshape(len(values), *spec.shape, n_agents)
            return weights
        if spec.level is Level.AGENT:
            column = np.full((int(places.rows.sum()), n_agents, values.shape[1]), np.nan)
            column[places.row, places.agent] = values
        else:
            is_known = np.isfinite(values).any(axis=1)
            column = first_of_each(places.row[is_known], values[is_known], int(places.rows.sum()))
        return column.reshape(*column.shape[:-1], *spec.shape)

    def _status(
        self, file: ArrayReader, places: Places, columns: Mapping[str, FloatArray], *, start: int, stop: int
    ) -> ByteArray:
        is_present = np.zeros((int(places.rows.sum()), len(self.keys.agents)), bool)
        is_present[places.row, places.agent] = self._is_alive(file, places, start=start, stop=stop)
        status = np.full(is_present.shape, Status.ACTING, np.uint8)
        offsets = [0, *np.cumsum(places.rows).tolist()]
        mark_presence(status, is_present, pairwise(offsets))
        if self.mapping.dead_see_nothing and OBSERVATIONS in columns:
            mark_out(status, sees_nothing(columns[OBSERVATIONS]), pairwise(offsets))
        if ACTIONS in columns:
            has_none = np.isnan(columns[ACTIONS]).all(axis=-1)
            status[has_none & (status == Status.ACTING)] = Status.WAITING
        return status

    def _is_alive(self, file: ArrayReader, places: Places, *, start: int, stop: int) -> BoolArray:
        if self.mapping.alive is None:
            return np.ones(len(places.taken), bool)
        alive: BoolArray = np.greater(read_numbers(file, self.mapping.alive, start=start, stop=stop)[places.taken], 0)
        return alive
