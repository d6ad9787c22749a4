"""Which field of a log each array is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from convscope.errors import LogFormatError
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping
from convscope.values import fields as names
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.evidence import is_one_hot
from convscope_loaders.structure.families import Family, followed_path, pick
from convscope_loaders.structure.field_of import FIELD_OF
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.names import attribute_list
from convscope_loaders.structure.one_hot import one_hot_in_words
from convscope_loaders.structure.readings import unknown_slots
from convscope_loaders.structure.shapes import axes_of, is_unslotted, lies_beside
from convscope_loaders.structure.weight_readings import (
    OpenWeights,
    ReadWeights,
    on_edge_lists,
    read_weights,
    stated_slots,
)

_OF_AGENTS = {meaning: name for meaning, name in FIELD_OF.items() if names.level_of(name) is names.Level.AGENT}
_OF_TEAM = {
    Meaning.REWARD: names.TEAM_REWARDS,
    Meaning.STATE: names.STATE,
    Meaning.OBSERVATION: names.STATE,
}
MARKS = frozenset(
    {
        Meaning.TERMINATED,
        Meaning.TRUNCATED,
        Meaning.DONE,
        Meaning.NOT_DONE,
        Meaning.NOT_TERMINATED,
        Meaning.FIRST,
        Meaning.DEAD,
        Meaning.FILLED,
        Meaning.STARTS,
        Meaning.ENDS,
        Meaning.LENGTHS,
        Meaning.EPISODE_ID,
        Meaning.TIMESTEP,
        Meaning.ROLE,
        Meaning.AGENT_NAMES,
        Meaning.WIDTHS,
        Meaning.ALIVE,
    }
)
"""What tells of episodes and agents, and is no field."""
_WITH_VALUES = frozenset({names.OBSERVATIONS, names.POSITIONS, names.ACTION_MASKS, names.ACTION_LOGITS})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFields:
    """The fields of a log and what was taken for granted."""

    fields: tuple[FieldMapping, ...]
    assumptions: tuple[str, ...]
    notices: tuple[Notice, ...]
    open: tuple[OpenWeights, ...] = ()
    """Weights that can be read in several ways; the fields hold the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFinder:
    """Assigns arrays to fields by meaning and axes."""

    clues: Clues
    n_entities: int
    """Agents and other things together, 0 where no array holds both."""
    taken: frozenset[str] = frozenset()
    """Names of fields that a mapping declares."""
    used: frozenset[str] = frozenset()
    """Templates of arrays that hold something else."""

    def find(self) -> FoundFields:
        """Return all fields; arrays without a row for each step are left out with a notice."""
        found: list[FieldMapping] = []
        said: list[str] = []
        left_out: list[Family] = []
        unslotted: list[Family] = []
        opened: list[OpenWeights] = []
        for family in self._wanted():
            if self._is_unslotted(family):
                unslotted.append(family)
                continue
            weights = self._weights(family)
            fields, sentence = ((weights.field,), weights.said) if weights is not None else self._fields(family)
            if weights is not None and weights.open is not None and weights.field.name not in self.taken:
                opened.append(weights.open)
            if fields:
                found.extend(fields)
                said.extend([sentence] if sentence else [])
            elif family.meaning not in MARKS:
                left_out.append(family)
        said += self._on_unread_next({field.next_path for field in found})
        unique = [field for field in _unique(found) if field.name not in self.taken]
        if self.n_entities:
            n = self.clues.layout.n_agents
            said.append(
                f"of {self.n_entities} things in one array the first {n} are taken as the agents, in order, and the"
                " others as entities"
            )
        return FoundFields(
            fields=tuple(unique),
            assumptions=tuple(dict.fromkeys(said)),
            notices=(*_left_out(left_out), *on_edge_lists(left_out), *_without_slots(unslotted)),
            open=tuple(opened),
        )

    def _on_unread_next(self, read: set[str]) -> list[str]:
        later = [f for f in self.clues.families if f.is_next and f.meaning not in {Meaning.REWARD, *MARKS}]
        unread = [family.template.text for family in later if family.template.text not in read]
        return [f"of what follows each step, {', '.join(unread[:4])} is not read"] if unread else []

    def _wanted(self) -> list[Family]:
        current = [f for f in self.clues.families if not f.is_next and f.template.text not in self.used]
        has_reward = pick(current, Meaning.REWARD) is not None
        later = [f for f in self.clues.families if f.is_next and f.meaning is Meaning.REWARD and not has_reward]
        has_action = pick(current, Meaning.ACTION) is not None or names.ACTIONS in self.taken
        readable = [f for f in (*current, *later) if not f.first.is_text and not f.first.columns]
        return [f for f in readable if not (has_action and f.meaning is Meaning.ACTION_ONE_HOT)]

    def _is_unslotted(self, family: Family) -> bool:
        """Whether an array that is not needed has an axis of agents in an order that nothing tells.

        Raises
        ------
        AmbiguousLogError
            If it is needed.
        """
        axes = None if family.meaning in MARKS else axes_of(family, self.clues.layout, n_entities=self.n_entities)
        if axes is None or not is_unslotted(family, axes, self.clues.layout):
            return False
        if family.meaning in {Meaning.ACTION, Meaning.OBSERVATION}:
            raise unknown_slots(self.clues.families, family, place=self.clues.place)
        return True

    def _weights(self, family: Family) -> ReadWeights | None:
        if 0 in family.first.shape[1:] or family.meaning not in {Meaning.ATTENTION, Meaning.GATE}:
            return None
        axes = stated_slots(self.clues, family) or axes_of(family, self.clues.layout, n_entities=self.n_entities)
        is_pair = axes is not None and bool({Axis.SENDER, Axis.SLOT} & {*axes})
        return read_weights(self.clues, family, axes) if axes is not None and is_pair else None

    def _fields(self, family: Family) -> tuple[tuple[FieldMapping, ...], str]:
        if family.meaning in MARKS or 0 in family.first.shape[1:]:
            return (), ""
        axes = axes_of(family, self.clues.layout, n_entities=self.n_entities)
        if axes is None:
            self._check_left_out(family)
            return (), ""
        if {Axis.SENDER, Axis.SLOT} & {*axes}:
            return (), ""
        if self._is_addressed(family, axes):
            return (), ""
        if Axis.ENTITY in axes:
            return self._crowd(family, axes), ""
        return self._plain(family, axes)

    def _is_addressed(self, family: Family, axes: tuple[Axis, ...]) -> bool:
        """Whether messages go from agent to agent, which way nothing tells."""
        inner = family.first.shape[len(axes) - (axes[-1] is Axis.VALUE) :]
        has_agents = Axis.AGENT in axes or Axis.AGENT in family.axes
        is_pair = has_agents and len(inner) > 1 and inner[0] == self.clues.layout.n_agents
        return family.meaning is Meaning.MESSAGE and is_pair

    def _check_left_out(self, family: Family) -> None:
        """Refuse to go on without observations or rewards that lie beside the actions and have other rows."""
        reference = self.clues.layout.reference
        is_alike = set(family.axes) - {Axis.AGENT} == set(reference.axes) - {Axis.AGENT}
        is_beside = is_alike and lies_beside(family, self.clues.layout)
        if is_beside and family.meaning in {Meaning.OBSERVATION, Meaning.REWARD, Meaning.ACTION} and family.rank:
            raise LogFormatError(
                f"{self.clues.place}:{family.first.path} {family.first.shape} does not fit {reference.first.path} "
                f"{reference.first.shape}: the number of episodes or timesteps differs"
            )

    def _plain(self, family: Family, axes: tuple[Axis, ...]) -> tuple[tuple[FieldMapping, ...], str]:
        is_of_agents = Axis.AGENT in axes or Axis.AGENT in family.axes
        known = (_OF_AGENTS if is_of_agents else _OF_TEAM).get(family.meaning) if family.meaning else None
        said = ""
        if family.meaning is Meaning.ACTION and not is_of_agents:
            known = names.INFO + family.key
        if known == names.STATE and family.meaning is Meaning.OBSERVATION and names.OBSERVATIONS in self.taken:
            known = None
        if known in _WITH_VALUES and Axis.VALUE not in axes:
            known = None
        if family.meaning is Meaning.OBSERVATION and known == names.STATE:
            said = f"{family.template.text} has no agent axis: it is read as the state that all share"
        array = ArrayMapping(path=family.template.text, axes=axes)
        field = FieldMapping(name=known or names.INFO + family.key, array=array, values=self._values(family, known))
        if known == names.ACTIONS:
            field, said = self._action(field, family)
        if known == names.OBSERVATIONS:
            field = replace(field, widths=self._widths())
        if known in {names.OBSERVATIONS, names.STATE}:
            field = replace(field, next_path=self._next_path(family))
        return (field,), said

    def _next_path(self, family: Family) -> str:
        """Return the path of arrays like these that hold the same after each step; empty where there are none."""
        for other in self.clues.families:
            is_alike = len(other.members) == len(family.members) and other.first.shape == family.first.shape
            if other.is_next and is_alike and followed_path(other.template.text) == family.template.text:
                return "" if other.first.is_text or other.first.columns else other.template.text
        return ""

    def _action(self, field: FieldMapping, family: Family) -> tuple[FieldMapping, str]:
        inner = family.first.shape[len([axis for axis in field.array.axes if axis is not Axis.VALUE]) :]
        if len(inner) == 1 and inner[0] > 1 and is_one_hot(self.clues.sampler.part(family.first.path)):
            return replace(field, is_one_hot=True), one_hot_in_words(family.template.text)
        has_own = any(Axis.AGENT in other.axes for other in self.clues.families) and not self.clues.layout.has_groups
        is_joint = Axis.AGENT in field.array.axes and has_own
        if is_joint:
            n_agents, text = self.clues.layout.n_agents, family.template.text
            return field, f"the {n_agents} columns of {text} are the agents' actions, in their order"
        return field, ""

    def _crowd(self, family: Family, axes: tuple[Axis, ...]) -> tuple[FieldMapping, ...]:
        n_all, n_agents = family.first.shape[axes.index(Axis.ENTITY)], self.clues.layout.n_agents
        is_position = family.meaning is Meaning.POSITION
        mine = names.POSITIONS if is_position else names.INFO + family.key
        others = names.ENTITY_POSITIONS if is_position else f"{names.INFO}{family.key}_of_entities"
        as_agents = tuple(Axis.AGENT if axis is Axis.ENTITY else axis for axis in axes)
        text = family.template.text
        return (
            FieldMapping(name=mine, array=ArrayMapping(path=text, axes=as_agents, take=tuple(range(n_agents)))),
            FieldMapping(name=others, array=ArrayMapping(path=text, axes=axes, take=tuple(range(n_agents, n_all)))),
        )

    def _widths(self) -> tuple[int, ...]:
        for family in self.clues.families:
            if family.meaning is Meaning.WIDTHS and family.first.shape == (self.clues.layout.n_agents,):
                widths = tuple(int(width) for width in self.clues.sampler.whole(family.first.path))
                return widths if len(set(widths)) > 1 else ()
        return ()

    def _values(self, family: Family, known: str | None) -> tuple[str, ...]:
        if known == names.ACTIONS:
            keys: tuple[str, ...] = ("actions", "action_names", "action_labels", "action_meanings")
        elif known is None:
            keys = tuple(f"{family.key}{end}" for end in ("_codes", "_names", "_values", "_labels", "s"))
        else:
            return ()
        return attribute_list(self.clues.inventory, keys)[0]


def _unique(found: Sequence[FieldMapping]) -> list[FieldMapping]:
    """Give the second array of a field a name of its own: the first one in the file is the field."""
    seen: Counter[str] = Counter()
    unique: list[FieldMapping] = []
    for field in found:
        seen[field.name] += 1
        if seen[field.name] > 1:
            leaf = field.array.path.strip("/").replace("/", "_").replace("{", "").replace("}", "")
            unique.append(replace(field, name=names.INFO + leaf))
        else:
            unique.append(field)
    return unique


def _without_slots(families: Sequence[Family]) -> tuple[Notice, ...]:
    if not families:
        return ()
    listed = ", ".join(family.template.text for family in families[:6])
    message = (
        f"which entry of their axis of agents is whose is not told, so these arrays are left out: {listed}; name the "
        "agents in a mapping, in the order of that axis"
    )
    return (Notice(code="unknown-order-of-agents", message=message, where=families[0].template.text),)


def _left_out(families: Sequence[Family]) -> tuple[Notice, ...]:
    if not families:
        return ()
    named = listed([family.template.text for family in families])
    message = f"arrays without a row for each step, without columns or of unknown orientation, are left out: {named}"
    return (Notice(code="left-out-arrays", message=message, where=families[0].template.text),)
