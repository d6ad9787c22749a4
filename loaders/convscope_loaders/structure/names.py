"""Names that a file gives to its agents, actions and roles."""

from collections.abc import Iterable, Mapping

from convscope.ingest.container import ArrayReader, Inventory, Value
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


def text_table(value: Value | None) -> Mapping[str, str]:
    """Return a table of names from an attribute that holds a JSON object; empty where it holds none."""
    parsed = parsed_json(value)
    if isinstance(parsed, dict) and all(isinstance(entry, str) for entry in parsed.values()):
        return {str(key): str(entry) for key, entry in parsed.items()}
    return {}


def attribute_list(inventory: Inventory, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the first list of names among attributes of groups, and where it stands.

    Parameters
    ----------
    inventory
        What the file holds.
    names
        Names of the attribute, the most telling first.
    """
    for name in names:
        for group in inventory.groups:
            for key, value in inventory.attributes.get(group, {}).items():
                entries = text_list(value) if key.lower() == name else ()
                if entries:
                    return entries, f"{group}@{key}"
    return (), ""


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


def sole_attribute(inventory: Inventory, names: Iterable[str]) -> str | None:
    """Return the first text among attributes of the root and its groups; None where there is none."""
    for name in names:
        for group in inventory.groups:
            value = inventory.attributes.get(group, {}).get(name)
            if isinstance(value, str):
                return value
    return None
