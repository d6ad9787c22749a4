"""What the arrays of a file mean: inferred from their structure, or declared in a mapping file.

Both use the same values, so that what inference found can be written down, edited and given back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from convscope.ingest.pair_mapping import EdgeMapping, SlotMapping
from convscope.ingest.table_mapping import TableMapping
from convscope.ingest.toml_lines import TomlLines
from convscope.values.fields import OwnColumn, RowSum

MAPPING_VERSION = 1
"""What a mapping file begins with."""


class Axis(StrEnum):
    """What an axis of an array, or a part of a path, counts."""

    RUN = "run"
    CHECKPOINT = "checkpoint"
    CONDITION = "condition"
    """Layouts, maps and scenarios."""
    EPISODE = "episode"
    AGENT = "agent"
    TIME = "time"
    """Timesteps of one episode."""
    ROW = "row"
    """Timesteps of all episodes, one episode after the other."""
    ROUND = "round"
    """Rounds of communication within a timestep."""
    LAYER = "layer"
    HEAD = "head"
    RECEIVER = "receiver"
    SENDER = "sender"
    SLOT = "slot"
    """Of weights between pairs, in the place of senders (or receivers); the field says which agent each slot is."""
    EDGE = "edge"
    """Pairs in a list; the field says which."""
    COLUMN = "column"
    """Of a list of edges, several things beside each other, of which ``take`` names the one that is meant."""
    ENTITY = "entity"
    """Opponents, landmarks and other things that are no agents of the log."""
    VALUE = "value"
    """The numbers of one agent, entity or row."""
    AGENT_VALUE = "agent-value"
    """Values of all agents in one axis, the first agent's before the second's; the same number for each, unless the
    field says how many each has."""
    AGENT_ENV = "agent-env"
    """Agents and entries of the episode axis (parallel environments) in one axis: all entries of the first agent, then
    all of the second. How many agents there are, their names tell, or an array that has the episode axis alone."""
    ENV_AGENT = "env-agent"
    """The same, all agents of the first entry before those of the second."""


PATH_AXES = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION, Axis.EPISODE, Axis.AGENT)
"""Those that may stand in a path, such as ``/{run}/{checkpoint}/{agent}/obs``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayMapping:
    """A dataset, or the same dataset of many groups."""

    path: str
    """From the root; a part with an axis in braces stands for many: ``/seed_{run}/obs``, ``/{run}/{agent}/obs``."""
    axes: tuple[Axis, ...]
    """Of the array, outermost first; the last one counts for all axes that remain."""
    take: tuple[int, ...] = ()
    """Entries of the agent, entity or column axis that are meant; empty for all. A field of the whole team that the
    file repeats for each agent takes one of them."""
    is_negated: bool = False
    """Whether zeros are what counts: flags that say that something goes on, such as ``not_done``."""


INNER_AXES = (Axis.ROUND, Axis.LAYER, Axis.HEAD)
"""Those of weights between pairs, in the order of the log."""


class Kind(StrEnum):
    """What whole numbers of actions are."""

    CHOICES = "choices"
    """Counted from 0; -1 stands for none."""
    AMOUNTS = "amounts"
    """Such as forces and speeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """A field of the log."""

    name: str
    """As in `convscope.values.fields`."""
    array: ArrayMapping
    next_path: str = ""
    """Where the same values stand as they are after each step (``/next/obs``), with the same axes; of those an
    episode's last row is read, as its final observation. Empty where they stand nowhere."""
    is_one_hot: bool | None = None
    """Whether a discrete action is stored as zeros and a one; None where the numbers tell, in a mapping file, else for
    no."""
    kind: Kind | None = None
    """Of actions; None where the numbers tell."""
    is_late: bool = False
    """Whether values stand in the row after their step, as rewards beside the observation that came with them."""
    widths: tuple[int, ...] = ()
    """Columns that each agent really has; empty where all have all. On an ``agent-value`` axis: how it is divided,
    where the agents' parts differ."""
    values: tuple[str, ...] = ()
    """Names of the values of a categorical field."""
    row_sum: RowSum = RowSum.RENORMALISE
    """What the sum of a receiver's weights says."""
    own_column: OwnColumn = OwnColumn.WEIGHT
    """What stands where receiver and sender are one agent."""
    slots: SlotMapping | None = None
    """Which agents the slots of weights are; None where they have a receiver and a sender axis."""
    edges: EdgeMapping | None = None
    """Which pairs a list of weights is of; None where they have a receiver and a sender axis."""
    is_randomized: bool = False
    """Of interventions: whether they were drawn at random, given the time in the episode."""


class Cut(StrEnum):
    """How rows are told apart into episodes."""

    WHOLE = "whole"
    """Every row of the episode's own array, or of the time axis, happened."""
    STARTS = "starts"
    """A list with the first row of each episode; a last entry that is the number of all rows begins none. Where
    ``lengths`` are given as well, rows between one episode's last and the next one's first are no steps; a single one
    holds the final observation."""
    ENDS = "ends"
    """A list with one past the last row of each episode."""
    LAST_ROWS = "last-rows"
    """A list with the last row of each episode."""
    LENGTHS = "lengths"
    """A list with the number of rows of each episode."""
    LENGTHS_AND_FINAL = "lengths-and-final"
    """A list with the number of steps of each episode, in a stream in which one row more follows each, with the final
    observation."""
    IDS = "ids"
    """A column with the number of the episode."""
    TIMES = "times"
    """A column with the timestep, which starts again with each episode."""
    FLAGS = "flags"
    """End flags mark the last row of each episode; the next one follows. The list is a column of flags of unknown
    kind; those of ``terminated`` and ``truncated`` count as well. Where each agent has flags of its own, the episode is
    over once all have had one."""
    FIRST_ROWS = "first-rows"
    """Flags stand in the first row of the next episode: those of its start, or end flags where the one before the step
    was stored; named as for ``flags``."""
    BEGINS = "begins"
    """A column that is true in the first row of each episode. End flags, if there are any, stand in the last row."""
    FINAL_FLAGS = "final-flags"
    """End flags mark one row more than each episode has steps, which holds the final observation; named as for
    ``flags``."""
    FIRST_FLAG = "first-flag"
    """The first end flag on the time axis (where each agent has its own: the row in which the last agent has had one)
    marks the last row; what follows is padding."""
    ANNOUNCED = "announced"
    """An episode ends where another observation follows (in the list) than was announced (in ``next``), and where end
    flags are set: ``ended``, ``terminated`` and ``truncated``."""
    SPANS = "spans"
    """A table with the first row of each episode and one past its last row; where the arrays have an axis of episodes,
    with the entry on it before these two. Rows of no episode are padding."""
    MISSING = "missing"
    """Rows at the end of the time axis in which the list holds nothing but NaN or -1 are padding."""
    ZEROS = "zeros"
    """Rows at the end of the time axis in which the list holds nothing but zeros are padding."""
    REPEATS = "repeats"
    """Rows at the end of the time axis in which the list holds what it held in the row before are padding."""
    FILLED = "filled"
    """A mask that is true in the rows that happened."""
    FILLED_AND_FINAL = "filled-and-final"
    """A mask that is true in the rows that happened and in one more, which holds the final observation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeMapping:
    """Where episodes begin and end."""

    cut: Cut
    array: ArrayMapping | None = None
    """The list, column or mask, or what tells padding; None for ``whole``."""
    after: ArrayMapping | None = None
    """What was seen after each row, where ``array`` is what is seen in it; None unless episodes are cut by it."""
    lengths: ArrayMapping | None = None
    """A list with the number of steps of each episode, beside a list of ``starts``; None where rows have no gaps."""
    time: ArrayMapping | None = None
    """A column with the timestep within the episode; None where rows follow each other from 0."""
    terminated: ArrayMapping | None = None
    """True where the task ended; None where the log does not say. Without axes it is one flag for an episode."""
    truncated: ArrayMapping | None = None
    """True where a time limit struck; as ``terminated``."""
    ended: ArrayMapping | None = None
    """True where the episode ended, for whatever reason, so that an episode without it was cut; None where the log
    does not mark every end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMapping:
    """Run, checkpoint or condition of each episode, where no path tells it."""

    array: ArrayMapping | None = None
    """A number or text for each episode, or for each row, of which the first one counts; without axes one for a group
    of arrays."""
    attribute: str = ""
    """Instead of an array: a group and the name of its attribute, such as ``/{episode}@layout`` or ``/@seed``."""
    names: tuple[str, ...] = ()
    """Of the numbers from 0."""
    prefix: str = ""
    """Before a number without a name, such as ``seed_``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleMapping:
    """Declared roles that are in the file."""

    array: ArrayMapping | None = None
    """Codes or texts per agent, or per episode and agent, or per row and agent."""
    attribute: str = ""
    """Instead of an array: a group and the name of its attribute, such as ``/{episode}/{agent}@role``."""
    of_agent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Role of each agent by name, instead of an array."""
    names: tuple[str, ...] = ()
    """Names of the codes from 0; ``role_<code>`` where empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingMapping:
    """Which rows of a buffer were written, and which of them first.

    Each of the first three is a group and the name of an attribute or of a single number in it (``/@ptr``,
    ``/{run}@ptr``), and speaks of those arrays in the group that have as many rows as its actions.
    """

    cursor: str = ""
    """The row that is written next: once all rows are written, the oldest one; empty where nothing says it."""
    count: str = ""
    """How many rows were written, from the first on; empty where nothing says it."""
    full: str = ""
    """Whether all rows were written; if not, those before the cursor were. Empty where nothing says it."""
    rows: int | None = None
    """How many rows count, from the first on and in the order in which they stand, instead of all that; None else."""
    first: int | None = None
    """The oldest row of a full ring, instead of all that; None else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMapping:
    """What a file's arrays mean; in a mapping file, whatever is left out is inferred."""

    fields: tuple[FieldMapping, ...] = ()
    episodes: EpisodeMapping | None = None
    agents: tuple[str, ...] = ()
    """Names, in the order of the agent axis."""
    teams: Mapping[str, str] = field(default_factory=dict[str, str])
    """Team of each agent."""
    roles: RoleMapping | None = None
    run: LabelMapping | None = None
    checkpoint: LabelMapping | None = None
    condition: LabelMapping | None = None
    """Layouts, maps and scenarios."""
    alive: ArrayMapping | None = None
    """True while an agent is in the game."""
    alive_values: tuple[int, ...] = ()
    """Values of ``alive`` that count as true; empty for all but 0."""
    leaves: ArrayMapping | None = None
    """True in the last row of an agent that leaves the game before the episode ends."""
    dead_see_nothing: bool | None = None
    """Whether an agent that sees nothing but zeros, and may take the first action alone, is out of the game; None where
    the numbers tell."""
    acting: ArrayMapping | None = None
    """True where an agent in the game takes its action, as where agents take turns; None where all always do."""
    ring: RingMapping | None = None
    """Order of the rows of a replay buffer; None where what single numbers tell that are called so (``ptr``)."""
    ignore: tuple[str, ...] = ()
    """Paths that are left unread; a part with an axis in braces stands for many."""
    environment: str | None = None
    framework: str | None = None
    table: TableMapping | None = None
    """What the columns of a table mean; None where the arrays are no table."""
    file: str | None = None
    """Name of the mapping file; None for what was inferred."""
    sha256: str | None = None
    """Digest of the mapping file; None for what was inferred."""
    lines: TomlLines | None = field(default=None, compare=False, repr=False)
    """Of the mapping file; None for what was inferred."""

    def place(self, *path: str, literal: str | None = None) -> str:
        """Return where something is said, for errors; parameters as in `TomlLines.line_of`."""
        if self.file is None or self.lines is None:
            return self.file or "the mapping"
        return f"{self.file}:{self.lines.line_of(path, literal)}"
