"""What the columns of a table mean: the part of a mapping for tables with a row per agent, or per joint step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

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
    is_late: bool | None = None
    """Whether values stand in the agent's row after their step, as rewards beside the observation that came with them;
    None where the rows tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumns:
    """The columns that say where a row belongs, beside its agent and its episode."""

    time: str | None = None
    """Timestep, or turn; None where the rows of an agent follow each other."""
    run: str | None = None
    checkpoint: str | None = None
    condition: str | None = None
    role: str | None = None
    """Declared role; the one of an agent's first row in an episode that has one counts."""
    team: str | None = None
    """Team; the one of an agent's first row that has one counts."""
    alive: str | None = None
    """True while an agent is in the game; None where its rows end with it."""
    terminated: str | None = None
    """True in the last row of an episode whose task ended."""
    truncated: str | None = None
    """True in the last row of an episode that a time limit ended."""

    @property
    def told(self) -> Mapping[str, str]:
        """Those that are there, by what they say."""
        columns: dict[str, str | None] = {name: getattr(self, name) for name in WHERE}
        return {name: column for name, column in columns.items() if column is not None}


WHERE = tuple(field.name for field in fields(TableColumns))
"""What a column of `TableColumns` says, as a mapping file names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping(TableColumns):
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
    dead_see_nothing: bool = False
    """Whether an agent that observes nothing but zeros until its episode's end is out of the game."""
    fields: tuple[TableField, ...] = ()

    @property
    def single(self) -> Mapping[str, str]:
        """The columns that say one thing each, by what that is."""
        return {"agent": self.agent, **self.told} if self.agent is not None else self.told

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names."""
        return tuple(column for _, column in self.places())

    def places(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Return all columns that it names, each after the keys that lead to it in a mapping file."""
        for name, column in self.single.items():
            yield ("table", name), column
        for column in self.episode:
            yield ("table", "episode"), column
        for field in self.fields:
            for column in field.columns:
                yield ("table", "fields", field.name, "columns"), column

    def renamed(self, change: Callable[[str], str]) -> Self:
        """Return the same with other names for its columns."""
        # All that is no column of `TableColumns` is passed by name.
        return replace(
            self,
            table=self.table,
            agent=None if self.agent is None else change(self.agent),
            agents=self.agents,
            episode=tuple(map(change, self.episode)),
            dead_see_nothing=self.dead_see_nothing,
            fields=tuple(replace(own, columns=tuple(map(change, own.columns))) for own in self.fields),
            **{name: change(column) for name, column in self.told.items()},
        )
