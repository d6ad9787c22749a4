"""Names that a file gives to its agents, actions, roles and teams."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod

from convscope.ingest.container import ArrayInfo, ArrayReader, Inventory, Value
from convscope.ingest.json_text import parsed_json
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning

_TABLES = frozenset({"agents", "players"})
_COLUMNS = frozenset({"id", "ids", "name", "names"})
"""Of a table of agents."""


def text_list(value: Value | None) -> tuple[str, ...]:
    """Return a list of names from an attribute: a list of texts, or one written as JSON or with commas."""
    if isinstance(value, tuple):
        return tuple(str(entry) for entry in value) if all(isinstance(entry, str) for entry in value) else ()
    if not isinstance(value, str):
        return ()
    parsed = parsed_json(value)
    if isinstance(parsed, list) and all(isinstance(entry, str) for entry in parsed):
        return tuple(str(entry) for entry in parsed)
    return tuple(entry.strip() for entry in value.split(",")) if "," in value and "[" not in value else ()


def group_table(value: Value | None, agents: Sequence[str]) -> Mapping[str, str]:
    """Return the group of each agent from an attribute that holds a JSON object.

    Parameters
    ----------
    value
        ``{agent: group}``, or ``{group: [agents]}``; agents by name or by their place, from 0.
    agents
        Their names, in order.

    Returns
    -------
    mapping
        By agent; empty where the attribute says nothing of the kind.
    """
    parsed = parsed_json(value)
    table: dict[str, str] = {}
    if isinstance(parsed, dict):
        for key, entry in parsed.items():
            members = entry if isinstance(entry, list) else [key]
            group = str(key) if isinstance(entry, list) else entry
            table |= {str(member): str(group) for member in members if isinstance(group, str | int)}
    by_place = {str(place): agent for place, agent in enumerate(agents)}
    named = {by_place.get(member, member): group for member, group in table.items()}
    # A table that speaks of anything but agents is about something else.
    return named if named and set(named) <= set(agents) else {}


def called(part: str) -> str:
    """Return the name of an agent that a path calls so: a number alone is none."""
    number = part.removeprefix("_index_")
    return f"agent_{number}" if number.isdecimal() else part


def attribute_list(inventory: Inventory, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the first list of names among attributes of groups, and where it stands.

    Parameters
    ----------
    inventory
        What the file holds.
    names
        Names of the attribute, the most telling first.
    """
    there = {key.lower() for told in inventory.attributes.values() for key in told}
    for name in names:
        for place, value in attributes_called(inventory, name) if name in there else ():
            entries = text_list(value)
            if entries:
                return entries, place
    return (), ""


def attributes_called(inventory: Inventory, name: str) -> list[tuple[str, Value]]:
    """Return the attributes of groups with a name, whatever its case, and where each stands; the root's first."""
    return [
        (f"{group}@{key}", value)
        for group in inventory.groups
        for key, value in inventory.attributes.get(group, {}).items()
        if key.lower() == name
    ]


def agent_names(inventory: Inventory, file: ArrayReader) -> tuple[tuple[str, ...], str]:
    """Return the names of the agents that the file lists, and where; empty where it lists none."""
    known = [name for name, meaning in MEANING_OF.items() if meaning is Meaning.AGENT_NAMES]
    names, place = attribute_list(inventory, known)
    if names:
        return names, place
    for path, info in inventory.datasets.items():
        parts = path.lower().split("/")
        is_table = parts[-2] in _TABLES and parts[-1] in _COLUMNS
        is_list = MEANING_OF.get(parts[-1]) is Meaning.AGENT_NAMES
        if info.is_text and len(info.shape) == 1 and (is_list or is_table):
            return file.read_text(path), path
    return (), ""


def agent_count(inventory: Inventory, file: ArrayReader) -> int | None:
    """Return how many agents the file says that there are, in an attribute or a single number; None where nowhere."""
    told = [value for path in inventory.attributes for value in _counts(inventory.attributes[path].items())]
    single = [info for info in inventory.datasets.values() if is_count(info)]
    told += _counts((info.path.rsplit("/", 1)[-1], file.read(info.path).item()) for info in single)
    return told[0] if len(set(told)) == 1 else None


def is_count(info: ArrayInfo) -> bool:
    """Whether an array is the number of agents."""
    return info.path.rsplit("/", 1)[-1].lower() in _COUNTS and info.is_whole and prod(info.shape) == 1


def _counts(named: Iterable[tuple[str, object]]) -> list[int]:
    return [value for name, value in named if name.lower() in _COUNTS and isinstance(value, int) and value > 0]


_COUNTS = frozenset({"n_agents", "num_agents", "number_of_agents", "agent_count", "n_players", "num_players"})


def sole_attribute(inventory: Inventory, names: Iterable[str]) -> str | None:
    """Return the first text among attributes of the root and its groups; None where there is none."""
    for name in names:
        for group in inventory.groups:
            value = inventory.attributes.get(group, {}).get(name)
            if isinstance(value, str):
                return value
    return None
