"""A source whose episodes take their place in a larger log: more agents, more fields, wider fields, other codes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.value_names import renumbered
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import FieldSpec, Level
from convscope.values.log import Columns, EpisodeSource, narrowed
from convscope.values.status import Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WidenedSource:
    """Reads from one source and fills up what the joined log has besides."""

    source: EpisodeSource
    slots: IntArray
    """Place of each of the source's agents in the joined log, shape (n,)."""
    n_agents: int
    """Of the joined log."""
    fields: tuple[FieldSpec, ...]
    """Of the joined log."""
    codes: Mapping[str, IntArray]
    """What each of the source's codes becomes in the joined log, by field; the others keep theirs."""

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        source, numbers = narrowed(self.source, episodes)
        return replace(self, source=source), numbers

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return rows with the joined log's agents and shapes; what the source lacks is absent or NaN."""
        read = self.source.read(episodes, fields)
        n_rows = len(read.status)
        status = np.full((n_rows, self.n_agents), Status.ABSENT, dtype=np.uint8)
        status[:, self.slots] = read.status
        wanted = [spec for spec in self.fields if spec.name in fields]
        columns = {spec.name: self._filled(spec, read.columns.get(spec.name), n_rows) for spec in wanted}
        return Columns(lengths=read.lengths, status=status, columns=columns)

    def _filled(self, spec: FieldSpec, column: FloatArray | None, n_rows: int) -> FloatArray:
        filled = np.full(self._shape(spec, n_rows), np.nan)
        if column is None:
            return filled
        if spec.name in self.codes:
            column = renumbered(column, self.codes[spec.name], spec.name)
        inner: tuple[slice, ...] = tuple(
            slice(0, size) for size in column.shape[2 if spec.level is Level.AGENT else 1 :]
        )
        if spec.level is Level.TEAM:
            filled[(slice(None), *inner)] = column
        elif spec.level is Level.AGENT:
            for slot, agent in enumerate(self.slots.tolist()):
                filled[(slice(None), agent, *inner)] = column[:, slot]
        else:
            values = tuple(slice(0, size) for size in column.shape[1:-2])
            # One part after the other: slices and index arrays together would move the axes.
            part = filled[(slice(None), *values)]
            part[..., self.slots[:, None], self.slots] = column
        return filled

    def _shape(self, spec: FieldSpec, n_rows: int) -> tuple[int, ...]:
        if spec.level is Level.PAIR:
            return (n_rows, *spec.shape, self.n_agents, self.n_agents)
        agents = (self.n_agents,) if spec.level is Level.AGENT else ()
        return (n_rows, *agents, *spec.shape)
