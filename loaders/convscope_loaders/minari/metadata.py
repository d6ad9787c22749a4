"""The ``metadata.json`` beside a Minari file: action spaces and where the data come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convscope.ingest.json_text import parsed_json
from convscope.values.header import ActionKind, ActionSpace

MAX_BYTES = 8 << 20
"""Bounds of wide observation spaces are spelled out number by number, so these files can be large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariMetadata:
    """What the file says that the episodes do not."""

    environment: str | None
    """None where the file names none."""
    spaces: Mapping[str, ActionSpace]
    """Action space of each agent's key; keys of other kinds of spaces are left out."""


def read_metadata(path: Path) -> MinariMetadata | None:
    """Read a metadata file; None where there is none, or it is too large or no such file.

    Parameters
    ----------
    path
        Beside the data file; nothing in it is trusted.
    """
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    # Minari writes Infinity literally, which Python's parser takes.
    document = parsed_json(content) if len(content) <= MAX_BYTES else None
    if not isinstance(document, dict):
        return None
    env_spec = _nested(document.get("env_spec"))
    environment = env_spec.get("id") or document.get("dataset_id")
    return MinariMetadata(
        environment=environment if isinstance(environment, str) else None,
        spaces=_spaces(_nested(document.get("action_space"))),
    )


def _spaces(space: Mapping[str, object]) -> Mapping[str, ActionSpace]:
    entries = space.get("subspaces")
    if isinstance(entries, list):
        entries = {f"_index_{slot}": entry for slot, entry in enumerate(entries)}
    named = entries.items() if isinstance(entries, dict) else ()
    found = ((str(key), _space(entry)) for key, entry in named)
    return {key: space for key, space in found if space is not None}


def _space(entry: object) -> ActionSpace | None:
    match entry:
        case {"type": "Discrete", "n": int(n), "start": int(start)} if n > 0 <= start:
            return ActionSpace(kind=ActionKind.DISCRETE, n=(start + n,))
        case {"type": "MultiDiscrete", "nvec": [*sizes]} if sizes and all(isinstance(n, int) for n in sizes):
            return ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=tuple(sizes), width=len(sizes))
        case {"type": "Box", "shape": [int(width)]}:
            return ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
        case _:
            return None


def _nested(value: object) -> Mapping[str, object]:
    """Parse the JSON text that Minari puts inside JSON."""
    content = parsed_json(value)
    return content if isinstance(content, dict) else {}
