"""What the columns of a table mean: the part of a mapping for tables with a row per agent, or per joint step."""

from dataclasses import dataclass

from convscope.values.fields import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class TableField:
    """A field of the log and the columns that fill it."""

    name: str
    """As in `convscope.values.fields`."""
    columns: tuple[str, ...]
    """Names, side by side in the field; ``{agent}`` stands for each of ``TableMapping.agents``."""
    level: Level = Level.AGENT
    """``TEAM`` where all rows of a timestep say the same: the first one counts."""
    values: tuple[str, ...] = ()
    """Names of the values of a categorical field, from 0; empty where the column holds them itself, or has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """The columns of a table; what is left out is inferred."""

    table: str | None = None
    """The group whose arrays are the columns; or record tables of an HDF5 file, by their path from the root; a part
    with an axis in braces stands for many, as in ``/{run}/{episode}/steps``, and is a column of that name in braces.
    None for a file that is one table, or whose columns are arrays at the root."""
    agent: str | None = None
    """Column that says who a row is about."""
    agents: tuple[str, ...] = ()
    """Where a row holds what all agents do: what stands for ``{agent}`` in the names of their columns."""
    episode: tuple[str, ...] = ()
    """Columns that tell episodes apart, beside ``run``, ``checkpoint`` and ``condition``."""
    time: str | None = None
    run: str | None = None
    checkpoint: str | None = None
    condition: str | None = None
    role: str | None = None
    """Declared role."""
    team: str | None = None
    alive: str | None = None
    """True while an agent is in the game."""
    terminated: str | None = None
    """True in the last row of an episode whose task ended."""
    truncated: str | None = None
    """True in the last row of an episode that a time limit ended."""
    fields: tuple[TableField, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names."""
        where = (self.run, self.checkpoint, self.condition, self.time, self.agent, self.role, self.team)
        one_each = (*where, self.alive, self.terminated, self.truncated)
        several = (column for field in self.fields for column in field.columns)
        return (*(column for column in one_each if column is not None), *self.episode, *several)
