"""What the columns of a tidy table mean."""

from dataclasses import dataclass

from convscope.ingest.table_mapping import TableColumns
from convscope.values.fields import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyField:
    """A field of the log and the columns that fill it."""

    name: str
    """As in `convscope.values.fields`."""
    columns: tuple[str, ...]
    """Paths of arrays with an entry a row, side by side in the field; an array of several axes is flattened."""
    level: Level = Level.AGENT
    """``TEAM`` where all rows of a timestep say the same: the first that has a number counts. ``PAIR`` where the
    row's agent is the receiver, and there is a number for each agent as sender, in the order of the agents; heads
    follow each other."""
    values: tuple[str, ...] = ()
    """Names of the values of a categorical field."""
    widths: tuple[int, ...] = ()
    """Numbers that each agent really has, in the order of the agents; empty where all have all."""
    is_late: bool | None = False
    """Whether values stand in the agent's row after their step; None where the rows tell, of rewards and actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyMapping(TableColumns):
    """The columns of a table, by their paths in the container.

    All are numbers. Texts are codes, with their names in the attribute ``values`` of the column.
    """

    episode: tuple[str, ...]
    """Columns that tell episodes apart, within ``run``, ``checkpoint`` and ``condition`` where there are such."""
    agent: str
    """Who the row is about."""
    dead_see_nothing: bool = False
    """Whether who observes nothing but zeros until the episode's end is out of the game."""
    fields: tuple[TidyField, ...] = ()
    environment: str | None = None
    framework: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """All columns that tell episodes apart."""
        outer = (self.run, self.checkpoint, self.condition)
        return tuple(dict.fromkeys((*(column for column in outer if column is not None), *self.episode)))
