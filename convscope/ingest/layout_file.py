"""Layout files: TOML that says which columns of an observation describe which agent (``docs/layout.md``)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path

from convscope.errors import LayoutError
from convscope.ingest.toml_document import TomlDocument, TomlKind, listed, read_toml
from convscope.ingest.toml_lines import KeyPath
from convscope.values.fields import OBSERVATIONS, POSITIONS
from convscope.values.header import LogHeader
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.log import TrajectoryLog

LAYOUT_VERSION = 1
"""Of the format of the files that this version reads and writes."""
SLOT_TABLES: Mapping[str, SlotKind] = {f"of_{kind}": kind for kind in SlotKind}
"""Tables of slots in the file, and how each names the agents described."""

_LAYOUT = TomlKind(name="layout file", error=LayoutError)
_VERSION = "convscope-layout"
# What the file says of a policy is read by those who run it.
_TABLES = (_VERSION, "receivers", "policy")
_PARTS = ("self", "world", "unknown")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def read_layout(path: Path, log: TrajectoryLog) -> ObservationLayout:
    """Read a layout file and hold it against a log.

    Parameters
    ----------
    path
        A TOML file.
    log
        The log whose agents the patterns name and whose observations have the columns.

    Raises
    ------
    UsageError
        If there is no such file.
    LayoutError
        If the file does not say what it should or does not fit the log; the message names the line.
    """
    document = read_toml(path, _LAYOUT)
    document.check_keys((), _TABLES, "key")
    if document.content.get(_VERSION) != LAYOUT_VERSION:
        raise document.fault(f"must begin with: {_VERSION} = {LAYOUT_VERSION}", (_VERSION,))
    if not log.has(OBSERVATIONS):
        raise document.fault("the log holds no observations for a layout to describe")
    names = tuple(document.table("receivers"))
    if not names:
        raise document.fault('no receivers; [receivers.NAME] with agents = ["PATTERN"] says whom a layout describes')
    reader = _Reader(document=document, log=log)
    receivers = tuple(reader.receiver(name) for name in names)
    reader.check_agents_once(receivers)
    return ObservationLayout(receivers=receivers, sha256=document.sha256)


def lay_out(log: TrajectoryLog, layout: ObservationLayout) -> TrajectoryLog:
    """Return the log with a declared layout of its observations."""
    return replace(log, header=replace(log.header, layout=layout))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    document: TomlDocument
    log: TrajectoryLog

    def receiver(self, name: str) -> ReceiverLayout:
        path = ("receivers", name)
        told = self.document.table(*path)
        self.document.check_keys(path, ("agents", *_PARTS, *SLOT_TABLES), "key")
        if "agents" not in told:
            raise self.document.fault(f'[receivers.{name}] needs agents, such as ["{self._agents[0]}"]', path)
        agents = self._members(path)
        parts = {part: self._columns((*path, part), agents) if part in told else () for part in _PARTS}
        slots = tuple(self._slots(path, agents))
        self._check_columns_once(path, parts, slots)
        return ReceiverLayout(name=name, agents=agents, own=parts["self"], world=parts["world"], slots=slots)

    def check_agents_once(self, receivers: Iterable[ReceiverLayout]) -> None:
        owner: dict[str, str] = {}
        for each in receivers:
            for agent in each.agents:
                if owner.setdefault(agent, each.name) != each.name:
                    message = f"agent {agent!r:.80} is in two tables, {owner[agent]!r:.80} and {each.name!r:.80}"
                    raise self.document.fault(f"{message}; narrow one of the patterns", ("receivers", each.name))

    @property
    def _agents(self) -> tuple[str, ...]:
        return tuple(agent.name for agent in self.log.header.agents)

    def _members(self, path: KeyPath) -> tuple[str, ...]:
        found: set[str] = set()
        for pattern in self.document.texts(*path, "agents"):
            fitting = [name for name in self._agents if name == pattern or fnmatchcase(name, pattern)]
            if not fitting:
                message = f"no agent of the log fits {pattern!r:.80}; its agents are {listed(self._agents)}"
                raise self.document.fault(message, (*path, "agents"), pattern)
            found.update(fitting)
        return tuple(name for name in self._agents if name in found)

    def _slots(self, path: KeyPath, receivers: tuple[str, ...]) -> Iterator[Slot]:
        for table, kind in SLOT_TABLES.items():
            for key in self.document.table(*path, table):
                place = (*path, table, key)
                columns = self._columns(place, receivers)
                if kind is SlotKind.AGENT:
                    yield Slot(kind=kind, agent=self._described(key, place), columns=columns)
                else:
                    yield Slot(kind=kind, rank=self._rank(key, place, kind), columns=columns)

    def _described(self, name: str, place: KeyPath) -> str:
        if name not in self._agents:
            message = f"no agent {name!r:.80} in the log; its agents are {listed(self._agents)}"
            raise self.document.fault(message, place)
        return name

    def _rank(self, key: str, place: KeyPath, kind: SlotKind) -> int:
        n_others = len(self._agents) - 1
        if not (key.isascii() and key.isdecimal() and len(key) < 9 and 1 <= int(key) <= n_others):
            message = f"{key!r:.80} is no place among {n_others} other agents; the first one is 1"
            raise self.document.fault(message, place)
        if kind is SlotKind.NEAREST and not self.log.has(POSITIONS):
            raise self.document.fault("the log holds no positions, so that nobody is known to be nearest", place)
        return int(key)

    def _columns(self, place: KeyPath, receivers: tuple[str, ...]) -> tuple[int, ...]:
        value = self.document.table(*place[:-1])[place[-1]]
        entries = value if isinstance(value, list) else [value]
        columns: list[int] = []
        for entry in entries:
            first, last = self._span(entry, place)
            self._check_width(last, place, receivers)
            columns.extend(range(first, last + 1))
        if len(set(columns)) < len(columns):
            raise self.document.fault(f"{'.'.join(place)} names a column twice", place)
        return tuple(sorted(columns))

    def _span(self, entry: object, place: KeyPath) -> tuple[int, int]:
        if isinstance(entry, int) and not isinstance(entry, bool) and entry >= 0:
            return entry, entry
        span = _RANGE.fullmatch(entry) if isinstance(entry, str) else None
        first, last = (int(span[1]), int(span[2] or span[1])) if span is not None else (1, 0)
        if first > last:
            message = (
                f"{entry!r:.80} is no column; columns are numbers from 0, or a text such as '4-7' for 4, 5, 6 and 7"
            )
            raise self.document.fault(message, place)
        return first, last

    def _check_width(self, column: int, place: KeyPath, receivers: tuple[str, ...]) -> None:
        narrowest = min(receivers, key=lambda name: observation_width(self.log.header, name))
        width = observation_width(self.log.header, narrowest)
        if column >= width:
            message = f"no column {column}: an observation of {narrowest!r:.80} has the columns 0 to {width - 1}"
            raise self.document.fault(message, place)

    def _check_columns_once(self, path: KeyPath, parts: Mapping[str, tuple[int, ...]], slots: tuple[Slot, ...]) -> None:
        owner: dict[int, str] = {}
        for label, columns in [*parts.items(), *((slot.label, slot.columns) for slot in slots)]:
            for column in columns:
                if column in owner:
                    message = f"column {column} is about both {owner[column]!r:.80} and {label!r:.80}; leave one out"
                    raise self.document.fault(message, path)
                owner[column] = label


def observation_width(header: LogHeader, agent: str) -> int:
    """Return how many columns an agent's observation has, once it is flattened; 0 where the log holds none."""
    spec = next((field for field in header.fields if field.name == OBSERVATIONS), None)
    if spec is None:
        return 0
    place = next(place for place, each in enumerate(header.agents) if each.name == agent)
    return spec.widths[place] if spec.widths is not None else prod(spec.shape)
