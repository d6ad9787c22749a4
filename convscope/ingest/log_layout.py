"""Where a convscope log keeps what; shared by the writer, the loader and the validator (``docs/log-format.md``)."""

import hashlib
from urllib.parse import quote

from convscope.values.fields import (
    ACTION_LOGITS,
    ACTION_MASKS,
    ACTION_PROBABILITIES,
    ACTIONS,
    ATTENTION,
    ENTITY_POSITIONS,
    GATES,
    HIDDEN_STATES,
    INFO,
    INTERVENTIONS,
    MESSAGES,
    OBSERVATIONS,
    PAIR_INTERVENTIONS,
    PAIR_MESSAGES,
    POSITIONS,
    REWARDS,
    STATE,
    TEAM_REWARDS,
    Level,
)

ENCODING = "convscope.log"
"""``encoding-type`` of the root."""
VERSION = "1.0.0"
"""``encoding-version`` of the root: a higher minor number may be ignored, a higher major number may not."""
FEATURES: tuple[str, ...] = ()
"""Entries of ``required-features`` that this version understands; none so far. A file may ask for anything, also for
what no set could look up."""

GROUP_DATASETS = {
    OBSERVATIONS: "observation",
    ACTIONS: "action",
    ACTION_MASKS: "action_mask",
    ACTION_LOGITS: "action_logits",
    ACTION_PROBABILITIES: "action_probabilities",
    REWARDS: "reward",
    POSITIONS: "position",
    HIDDEN_STATES: "hidden/state",
    INTERVENTIONS: "intervention",
}
"""Agent fields, within ``/groups/<g>``."""

ROOT_DATASETS = {
    TEAM_REWARDS: "/steps/team_reward",
    STATE: "/state",
    ENTITY_POSITIONS: "/entities/position",
    MESSAGES: "/channels/broadcast/message",
    ATTENTION: "/channels/attention/attention",
    GATES: "/channels/gate/gate",
    PAIR_MESSAGES: "/channels/addressed/message",
    PAIR_INTERVENTIONS: "/channels/intervention/intervention",
}
"""Fields that are in one place for the whole team."""

MISSING_IS_MINUS_ONE = frozenset({ACTIONS, ACTION_MASKS, INTERVENTIONS, PAIR_INTERVENTIONS})
"""Fields whose whole numbers are never negative."""

_MAX_NAME = 200
INFO_FOLDERS = {Level.TEAM: "/info", Level.PAIR: "/channels/info"}
"""Fields that only one log knows; those of agents are in ``/groups/<g>/info``."""

COMMITTED = "/recording/committed"
"""How many episodes are whole, in a log that was recorded: readers trust no others."""
NOTES = "/recording/notes"
"""What a recorder noticed on the way, a sentence an entry."""
CONTINUES = "continues"
"""Attribute of the root: name of the file beside this one that a recording began in, when it goes on in a second."""


def safe_name(name: str) -> str:
    """Return a name that can be one part of an HDF5 path; the true name stands in an attribute."""
    part = quote(name, safe=" ", errors="surrogateescape")
    if set(part) <= {"."}:  # "." and ".." mean this group and the one above
        part = part.replace(".", "%2E")
    if len(part) <= _MAX_NAME:
        return part
    return f"{part[:_MAX_NAME]}~{hashlib.sha256(part.encode()).hexdigest()[:12]}"


def group_path(group: str) -> str:
    """Path of a group of agents."""
    return f"/groups/{safe_name(group)}"


def field_path(field: str, level: Level, group: str | None = None) -> str:
    """Path of a field's dataset.

    Parameters
    ----------
    field
        Name of the field.
    level
        Its level.
    group
        Name of the group of agents, for a field that is kept by groups (`is_by_group`).
    """
    if field in ROOT_DATASETS:
        return ROOT_DATASETS[field]
    if group is not None:
        inside = GROUP_DATASETS.get(field, f"info/{safe_name(field.removeprefix(INFO))}")
        return f"{group_path(group)}/{inside}"
    return f"{INFO_FOLDERS[level]}/{safe_name(field.removeprefix(INFO))}"


def is_by_group(field: str, level: Level) -> bool:
    """Whether each group of agents has a dataset of its own for a field."""
    return level is Level.AGENT and field not in ROOT_DATASETS
