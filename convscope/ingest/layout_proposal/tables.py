"""From verdicts on single columns of single agents to tables of a layout that hold for a group of agents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from convscope.ingest.layout_proposal.verdicts import About, Verdict
from convscope.values.layout import SlotKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedSlot:
    """Columns that seem to describe one other agent."""

    kind: SlotKind
    key: str
    """The agent's name, or its place among the others."""
    columns: tuple[int, ...]
    what: tuple[str, ...]
    """The quantities that the columns equal, without repeats."""
    left: float
    """The largest share of a column's variance that they leave."""
    n_agents: int
    """Receivers of the table that bear it out, fewest over the columns."""

    @property
    def label(self) -> str:
        """Whom the columns seem to describe, in a word or two."""
        return self.key if self.kind is SlotKind.AGENT else f"{self.kind} {self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedTable:
    """What was recognised of the observations of some agents."""

    name: str
    agents: tuple[str, ...]
    own: tuple[int, ...]
    world: tuple[int, ...]
    constant: tuple[int, ...]
    """Columns that never changed."""
    unknown: tuple[int, ...]
    slots: tuple[ProposedSlot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """Agents with the same columns."""

    name: str
    members: tuple[int, ...]
    """Their places."""
    width: int


def proposed_tables(
    receivers: Sequence[Receivers], verdicts: Sequence[Sequence[Verdict]], agents: Sequence[str]
) -> tuple[ProposedTable, ...]:
    """Return a table for each kind of receivers; one for each agent where its members do not see alike.

    Parameters
    ----------
    receivers
        Who has the same columns.
    verdicts
        Of each agent and column.
    agents
        Names.
    """
    return tuple(table for each in receivers for table in _tables(each, verdicts, agents))


def _tables(
    receivers: Receivers, verdicts: Sequence[Sequence[Verdict]], agents: Sequence[str]
) -> Iterator[ProposedTable]:
    columns = [
        _column(receivers, [verdicts[m][column] for m in receivers.members]) for column in range(receivers.width)
    ]
    columns = _by_one_rule(columns, receivers)
    if any(column.rule is _Rule.NEITHER for column in columns):
        for member in receivers.members:
            alone = Receivers(name=agents[member], members=(member,), width=receivers.width)
            yield from _tables(alone, verdicts, agents)
        return
    yield ProposedTable(
        name=receivers.name,
        agents=tuple(agents[member] for member in receivers.members),
        own=_those(columns, About.SELF),
        world=_those(columns, About.WORLD),
        constant=_those(columns, About.CONSTANT),
        unknown=_those(columns, About.UNKNOWN),
        slots=tuple(_slots(columns, agents)),
    )


class _Rule(Enum):
    """How a column's agent follows from the receiver."""

    AGENT = "agent"
    """Always the same."""
    OTHER = "other"
    """The k-th of the others."""
    EITHER = "either"
    """The receivers that bear it out do not tell: the agent itself is a receiver, and has nothing recognised there."""
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """What the receivers of a table say together of one column."""

    about: About
    rule: _Rule = _Rule.AGENT
    agent: int = -1
    """The agent that it describes, of the first receiver that bears it out."""
    rank: int = -1
    """Its place among that receiver's others, from 1."""
    found: tuple[Verdict, ...] = ()


def _column(receivers: Receivers, verdicts: Sequence[Verdict]) -> _Column:
    seen = [(m, v.agent, v) for m, v in zip(receivers.members, verdicts, strict=True) if v.agent is not None]
    seen = [(m, agent, verdict) for m, agent, verdict in seen if verdict.about is About.AGENT]
    kinds = {verdict.about for verdict in verdicts} - {About.UNKNOWN}
    # One receiver of several is no rule.
    if len(seen) < min(2, len(receivers.members)):
        return _Column(about=kinds.pop() if len(kinds) == 1 and not seen else About.UNKNOWN)
    return _Column(
        about=About.AGENT,
        rule=_rule(receivers, {agent for _, agent, _ in seen}, {_rank(m, agent) for m, agent, _ in seen}),
        agent=seen[0][1],
        rank=_rank(seen[0][0], seen[0][1]),
        found=tuple(verdict for _, _, verdict in seen),
    )


def _rule(receivers: Receivers, described: set[int], ranks: set[int]) -> _Rule:
    if len(described) == 1:
        is_told = len(ranks) > 1 or not described & set(receivers.members)
        return _Rule.AGENT if is_told else _Rule.EITHER
    return _Rule.OTHER if len(ranks) == 1 else _Rule.NEITHER


def _by_one_rule(columns: Sequence[_Column], receivers: Receivers) -> list[_Column]:
    """Return the columns, those that leave the rule open by the rule of the others about the receivers themselves."""
    told = {
        c.rule
        for c in columns
        if c.about is About.AGENT and c.rule is not _Rule.EITHER and c.agent in receivers.members
    }
    if len(told) == 1:
        (rule,) = told
        return [replace(c, rule=rule) if c.rule is _Rule.EITHER else c for c in columns]
    return [_Column(about=About.UNKNOWN) if c.rule is _Rule.EITHER else c for c in columns]


def _rank(receiver: int, agent: int) -> int:
    return agent + 1 if agent < receiver else agent


def _those(columns: Sequence[_Column], about: About) -> tuple[int, ...]:
    return tuple(number for number, column in enumerate(columns) if column.about is about)


def _slots(columns: Sequence[_Column], agents: Sequence[str]) -> Iterator[ProposedSlot]:
    held: dict[tuple[SlotKind, str], list[int]] = {}
    for number in _those(columns, About.AGENT):
        column = columns[number]
        by_rank = column.rule is _Rule.OTHER
        whom = (SlotKind.OTHER, str(column.rank)) if by_rank else (SlotKind.AGENT, agents[column.agent])
        held.setdefault(whom, []).append(number)
    for (kind, key), numbers in sorted(held.items(), key=lambda item: (item[0][0], item[1])):
        found = [verdict for number in numbers for verdict in columns[number].found]
        yield ProposedSlot(
            kind=kind,
            key=key,
            columns=tuple(numbers),
            what=tuple(dict.fromkeys(verdict.what for verdict in found)),
            left=max(verdict.left for verdict in found),
            n_agents=min(len(columns[number].found) for number in numbers),
        )
