"""The ``metadata.json`` beside Minari's data: spaces, where the data come from, and what is told of each episode."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convscope.ingest.container import Value
from convscope.ingest.json_text import parsed_json
from convscope.ingest.stated_space import stated_space
from convscope.values.header import ActionSpace

MAX_BYTES = 8 << 20
"""Bounds of wide observation spaces are spelled out number by number, so these files can be large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariMetadata:
    """What the file says that the episodes do not."""

    environment: str | None
    """None where the file names none."""
    spaces: Mapping[str, ActionSpace]
    """Action space of each agent's key; keys of other kinds of spaces are left out."""
    has_tuples: bool
    """Whether the action space is a Tuple."""


def read_metadata(path: Path) -> MinariMetadata | None:
    """Read a metadata file; None where there is none, or it is too large or no such file.

    Parameters
    ----------
    path
        Beside the data file; nothing in it is trusted.

    Raises
    ------
    LogFormatError
        If it states an action space that cannot be.
    """
    document = _document(path)
    if document is None:
        return None
    env_spec = _nested(document.get("env_spec"))
    environment = env_spec.get("id") or document.get("dataset_id")
    action_space = _nested(document.get("action_space"))
    found = {key: stated_space(entry, f"{path}:action_space/{key}") for key, entry in _entries(action_space).items()}
    return MinariMetadata(
        environment=environment if isinstance(environment, str) else None,
        spaces={key: space for key, space in found.items() if space is not None},
        has_tuples=isinstance(action_space.get("subspaces"), list),
    )


def read_episode_metadata(path: Path) -> Mapping[str, Value]:
    """Read what is told of one episode, named as the attributes of the HDF5 storage; nothing where there is no file.

    Parameters
    ----------
    path
        Beside the episode's table; nothing in it is trusted.
    """
    return _flattened(_document(path) or {})


def _document(path: Path) -> Mapping[str, object] | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    # Minari writes Infinity literally, which Python's parser takes.
    document = parsed_json(content) if len(content) <= MAX_BYTES else None
    return document if isinstance(document, dict) else None


def _flattened(told: Mapping[str, object], prefix: str = "") -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            found.update(_flattened(value, f"{prefix}{name}/"))
        elif isinstance(value, str | int | float | bool):
            found[f"{prefix}{name}"] = value
    return found


def _entries(space: Mapping[str, object]) -> Mapping[str, object]:
    entries = space.get("subspaces")
    if isinstance(entries, list):
        return {f"_index_{slot}": entry for slot, entry in enumerate(entries)}
    return entries if isinstance(entries, dict) else {}


def _nested(value: object) -> Mapping[str, object]:
    """Parse the JSON text that Minari puts inside JSON."""
    content = parsed_json(value)
    return content if isinstance(content, dict) else {}
