"""Declared roles and teams, wherever a file says them: arrays, lists, tables, attributes of agents' own groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convscope.ingest.container import Inventory, Value
from convscope.ingest.mapping import ArrayMapping, Axis, RoleMapping
from convscope.ingest.names import in_numbered_order
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.labels import attribute_names, attribute_of, label_text
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.names import attribute_list, attributes_called, called, group_table, text_list
from convscope_loaders.structure.shapes import axes_of, is_unslotted, static_axes
from convscope_loaders.structure.templates import Cell, cell_of

_ROLE_NAMES = ("role_names", "roles", "role_labels", "declared_roles")
_ROLES = ("agent_roles", "declared_roles", "declared_role", "declared", "roles", "role", "role_of", "role_map")
_TEAMS = ("agent_teams", "teams", "team", "team_of", "team_map", "team_names", "team_ids", "sides", "side")
_OF_CODES = ("role_names", "names", "labels", "categories", "flag_meanings", "roles")

Groups = Mapping[str, str]
"""Role or team of each agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a file declares."""

    roles: RoleMapping | None
    teams: Groups
    used: frozenset[str]
    """Templates of the arrays that say so."""
    assumptions: tuple[str, ...]


def find_declared(clues: Clues, agents: Sequence[str]) -> Declared:
    """Look for declared roles and teams.

    Parameters
    ----------
    clues
        The file.
    agents
        Their names, as the log has them.
    """
    roles, said_of_roles = _roles(clues, agents)
    teams, said_of_teams = _teams(clues, agents)
    said = tuple(sentence for sentence in (said_of_roles, said_of_teams) if sentence)
    # Each sentence begins with the place.
    used = frozenset(sentence.split(" ", 1)[0] for sentence in said)
    return Declared(roles=roles, teams=teams, used=used, assumptions=said)


def agents_of(clues: Clues) -> tuple[str, ...]:
    """Return the names of the agents: those of a list, of the paths, or by their slot."""
    in_paths = {v[Axis.AGENT] for f in clues.families for _, v in f.members if Axis.AGENT in v and f.meaning}
    if len(clues.names) == clues.layout.n_agents:
        return clues.names
    if len(in_paths) == clues.layout.n_agents and not clues.layout.has_groups:
        return tuple(called(part) for part in in_numbered_order(in_paths))
    return () if clues.layout.has_groups else tuple(f"agent_{slot}" for slot in range(clues.layout.n_agents))


def _roles(clues: Clues, agents: Sequence[str]) -> tuple[RoleMapping | None, str]:
    arrays = [family for family in clues.families if family.meaning is Meaning.ROLE and not family.is_next]
    found = [reading for family in arrays if (reading := _role_array(clues, family)) is not None]
    named = [reading for reading in found if _is_named(clues, reading[0])]
    if found:
        return (named or found)[0]
    own = _own_attribute(clues, _ROLES)
    if own is not None:
        attribute, values = own
        told = {agent: role for (_, agent), role in values.items()}
        said = f"{attribute} holds the declared role of each agent"
        if len({(agent, role) for (_, agent), role in values.items()}) == len(told):
            return RoleMapping(of_agent=told), said
        return RoleMapping(attribute=attribute), f"{said} in each group"
    of_agent, said = _groups(clues, agents, _ROLES, what="declared role")
    return (RoleMapping(of_agent=of_agent), said) if of_agent else (None, "")


def _teams(clues: Clues, agents: Sequence[str]) -> tuple[Groups, str]:
    own = _own_attribute(clues, _TEAMS)
    if own is None:
        return _groups(clues, agents, _TEAMS, what="team")
    attribute, values = own
    return {agent: team for (_, agent), team in values.items()}, f"{attribute} holds the team of each agent"


def _is_named(clues: Clues, roles: RoleMapping) -> bool:
    info = None if roles.array is None else clues.inventory.datasets.get(roles.array.path)
    return bool(roles.names) or (info is not None and info.is_text)


def _role_array(clues: Clues, family: Family) -> tuple[RoleMapping, str] | None:
    """Return the reading of an array of roles: for each agent, or for each episode or row and agent."""
    layout = clues.layout
    axes = axes_of(family, layout) or static_axes(family, layout)
    if axes is None and Axis.AGENT in family.axes and family.rank <= 1:
        axes = (Axis.EPISODE,) if family.rank else ()
    if axes is None or not (Axis.AGENT in axes or Axis.AGENT in family.axes) or is_unslotted(family, axes, layout):
        return None
    names, place = ((), "") if family.first.is_text else _names_of_codes(clues.inventory, family)
    named = f", named by {place}" if names else ""
    array = ArrayMapping(path=family.template.text, axes=axes)
    return RoleMapping(array=array, names=names), f"{family.template.text} holds declared roles{named}"


def _names_of_codes(inventory: Inventory, family: Family) -> tuple[tuple[str, ...], str]:
    beside = inventory.attributes.get(family.first.path, {})
    for key in _OF_CODES:
        value = beside.get(key)
        listed = tuple(value.split()) if key == "flag_meanings" and isinstance(value, str) else text_list(value)
        if listed:
            return listed, f"{family.template.text}@{key}"
    return attribute_list(inventory, _ROLE_NAMES)


def _groups(clues: Clues, agents: Sequence[str], names: Sequence[str], *, what: str) -> tuple[Groups, str]:
    """Return the group of each agent, from a table, a list or an array of them all."""
    for name in names:
        for place, value in attributes_called(clues.inventory, name):
            table = group_table(value, agents)
            if table:
                return table, f"{place} holds the {what} of each agent"
            listed = _listed(value, agents)
            if listed:
                return listed, f"{place} holds the {what} of each agent, in their order"
    return _from_array(clues, agents, names, what=what)


def _listed(value: Value, agents: Sequence[str]) -> Groups:
    texts = text_list(value)
    if not texts and isinstance(value, tuple) and all(type(entry) is int for entry in value):
        texts = tuple(str(entry) for entry in value)
    return dict(zip(agents, texts, strict=True)) if len(texts) == len(agents) > 1 else {}


def _from_array(clues: Clues, agents: Sequence[str], names: Sequence[str], *, what: str) -> tuple[Groups, str]:
    for path, info in clues.inventory.datasets.items():
        if path.rsplit("/", 1)[1].lower() not in names or info.shape != (len(agents),) or info.columns:
            continue
        texts = clues.sampler.texts(path) if info.is_text else _numbered(clues, path, what=what)
        if len(agents) > 1:
            return dict(zip(agents, texts, strict=True)), f"{path} holds the {what} of each agent, in their order"
    return {}, ""


def _numbered(clues: Clues, path: str, *, what: str) -> list[str]:
    names = text_list(clues.inventory.attributes.get(path, {}).get("names"))
    prefix = f"{what.rsplit(' ', 1)[-1]}_"
    numbers = clues.sampler.whole(path).tolist()
    return [label_text(number, names=names, prefix=prefix) or "" for number in numbers]


def _own_attribute(clues: Clues, names: Sequence[str]) -> tuple[str, Mapping[tuple[Cell, str], str]] | None:
    """Return an attribute that each agent's own group has, and its values by group of arrays and agent."""
    reference = next((f for f in clues.families if Axis.AGENT in f.axes and f.meaning is not None), None)
    if reference is None or clues.layout.has_groups:
        return None
    parts = reference.template.text.split("/")
    depth = next(place for place, part in enumerate(parts) if "{agent}" in part)
    group = "/".join(parts[: depth + 1])
    named = attribute_names(clues.inventory)
    for name in [name for name in names if name in named]:
        attribute = f"{group}@{name}"
        found: dict[tuple[Cell, str], str] = {
            (cell_of(values), called(values[Axis.AGENT])): text
            for _, values in reference.members
            if (text := label_text(attribute_of(clues.inventory, attribute, values))) is not None
        }
        if len({agent for _, agent in found}) == clues.layout.n_agents:
            return attribute, found
    return None
