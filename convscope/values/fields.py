"""Names of the fields that every stage knows, and what a field of a log looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from convscope.errors import UsageError

OBSERVATIONS = "observations"
"""(T, N, D); narrower agents are padded with NaN, see `FieldSpec.widths`."""
ACTIONS = "actions"
"""(T, N, K); K = 1 for a discrete action (the action's number), else the components."""
ACTION_MASKS = "action_masks"
"""(T, N, A); 1 where an action is legal."""
ACTION_LOGITS = "action_logits"
"""(T, N, A); unnormalised log-probabilities of the actions as sampled."""
ACTION_PROBABILITIES = "action_probabilities"
"""(T, N, A)."""
REWARDS = "rewards"
"""(T, N), each agent's own."""
TEAM_REWARDS = "team_rewards"
"""(T,), shared by the team."""
POSITIONS = "positions"
"""(T, N, d), in the environment's unit of length."""
ENTITY_POSITIONS = "entity_positions"
"""(T, M, d), of opponents, landmarks and other things that are no agents of the log."""
MESSAGES = "messages"
"""(T, N, M), as broadcast by each agent."""
HIDDEN_STATES = "hidden_states"
"""(T, N, H)."""
ATTENTION = "attention"
"""(T, heads, receiver, sender), non-negative weights; rounds and layers are axes before the heads. `NO_SLOT` stands
where the receiver could not attend to the sender."""
GATES = "gates"
"""(T, receiver, sender), how far each channel is open."""
PAIR_MESSAGES = "pair_messages"
"""(T, M, receiver, sender), messages with an addressee."""
INTERVENTIONS = "interventions"
"""(T, N); 0 where the action of the row is the agent's own, above 0 where something else replaced or froze it (the
number is the kind, see `FieldSpec.values`)."""
PAIR_INTERVENTIONS = "pair_interventions"
"""(T, receiver, sender); above 0 where what comes from the sender was cut, dropped or replaced before the receiver's
action of the row."""
STATE = "state"
"""(T, S), the state of the world as the framework logged it."""
INFO = "info/"
"""Prefix of fields that only this log knows, such as ``info/held``."""
ALL_REWARDS = frozenset({REWARDS, TEAM_REWARDS})
"""The fields that hold rewards, one number each."""

FIELD_NAMES = (
    OBSERVATIONS,
    ACTIONS,
    ACTION_MASKS,
    ACTION_LOGITS,
    ACTION_PROBABILITIES,
    REWARDS,
    TEAM_REWARDS,
    POSITIONS,
    ENTITY_POSITIONS,
    MESSAGES,
    HIDDEN_STATES,
    ATTENTION,
    GATES,
    PAIR_MESSAGES,
    INTERVENTIONS,
    PAIR_INTERVENTIONS,
    STATE,
)
"""All of them; any other field's name begins with `INFO`."""


class RowSum(StrEnum):
    """What the sum of a receiver's weights says."""

    RENORMALISE = "renormalise"
    """Nothing: each row is divided by its sum over the senders that were there."""
    KEEP = "keep"
    """How much the receiver listens at all, as with gates: a row counts by its sum."""


class OwnColumn(StrEnum):
    """What stands where receiver and sender are one agent; it is no edge, whatever it says."""

    WEIGHT = "weight"
    """What the receiver gives itself, as in self-attention."""
    NOTHING = "nothing"
    """Nothing that means anything: what a mask left there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What somebody declares of weights between pairs."""

    row_sum: RowSum = RowSum.RENORMALISE
    own_column: OwnColumn = OwnColumn.WEIGHT


NO_SLOT = float("-inf")
"""What stands in a cell of weights between pairs where the receiver had no slot for the sender, and so could not attend
to it; NaN is a weight that is not known, 0 one that is nothing."""


class Level(StrEnum):
    """What a field has a value for in each row."""

    TEAM = "team"
    AGENT = "agent"
    PAIR = "pair"


def level_of(field: str) -> Level:
    """Return the level of a field; a field that only one log knows counts as one of agents."""
    if field in _PAIR_FIELDS:
        return Level.PAIR
    return Level.TEAM if field in _TEAM_FIELDS else Level.AGENT


_TEAM_FIELDS = frozenset({TEAM_REWARDS, STATE, ENTITY_POSITIONS})
INTERVENED = frozenset({INTERVENTIONS, PAIR_INTERVENTIONS})
"""Fields that say where somebody meddled with the team."""
_PAIR_FIELDS = frozenset({ATTENTION, GATES, PAIR_MESSAGES, PAIR_INTERVENTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A field that a log holds."""

    name: str
    """One of the names above, or ``info/<name>``."""
    level: Level
    """Whether a row has one value, one per agent, or one per receiver and sender."""
    shape: tuple[int, ...] = ()
    """What remains after the time, agent, receiver and sender axes."""
    dtype: str = "float64"
    """Type in the file, as numpy writes it; in memory every column is float64."""
    widths: tuple[int, ...] | None = None
    """Columns that each agent really has, where agents differ; None where all have the full shape."""
    path: str = ""
    """Where the field is in the file."""
    values: tuple[str, ...] = ()
    """Names of the values of a categorical field, such as the actions; empty when unknown."""
    inner_axes: tuple[str, ...] = ()
    """What the axes of ``shape`` count, of weights between pairs: ``round``, ``layer``, ``head``; empty: unknown."""
    row_sum: RowSum = RowSum.RENORMALISE
    """Of weights between pairs."""
    own_column: OwnColumn = OwnColumn.WEIGHT
    """Of weights between pairs."""
    is_randomized: bool = False
    """Of interventions: whether somebody declares that they were drawn at random, given the time in the episode."""

    def row_bytes(self, n_agents: int) -> int:
        """Bytes of one row in memory."""
        copies = {Level.TEAM: 1, Level.AGENT: n_agents, Level.PAIR: n_agents * n_agents}[self.level]
        return 8 * copies * prod(self.shape)


def randomized(spec: FieldSpec) -> FieldSpec:
    """Return a field of a log whose interventions were drawn at random; other fields stay as they are."""
    return replace(spec, is_randomized=True) if spec.name in INTERVENED else spec


def with_weights(spec: FieldSpec, declared: Mapping[str, Weights]) -> FieldSpec:
    """Return a field of a log of which something is declared, by name; other fields stay as they are."""
    told = declared.get(spec.name)
    return spec if told is None else replace(spec, row_sum=told.row_sum, own_column=told.own_column)


def check_weights(declared: Mapping[str, Weights]) -> None:
    """Make sure that what is declared is of weights between pairs.

    Raises
    ------
    UsageError
        If it is of another field.
    """
    odd = [name for name in declared if level_of(name) is not Level.PAIR and not name.startswith(INFO)]
    if odd:
        known = ", ".join(name for name in FIELD_NAMES if name in _PAIR_FIELDS)
        raise UsageError(f"weights={{{odd[0]!r}: ...}}: only {known} are between pairs of agents")
