"""Where a PyMARL-family file keeps what."""

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo, Inventory, Value
from convscope.ingest.json_text import parsed_json
from convscope_loaders.structure.only_group import only_group

_NAME_KEYS = ("agent_names", "agents", "agent_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedLayout:
    """The group of a file that holds padded episodes."""

    group: str
    """Path from the root; empty for the root itself."""
    datasets: Mapping[str, ArrayInfo]
    """By name within the group, in numbered order."""
    agents: tuple[str, ...]
    has_names: bool
    """Whether the file names the agents; else they are called after their slots."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Episodes, rows of each with padding, agents."""
        n_episodes, n_padded, n_agents, *_ = self.datasets["actions"].shape
        return n_episodes, n_padded, n_agents

    def path(self, name: str) -> str | None:
        """Path of a dataset of the group; None where there is none."""
        return f"{self.group}/{name}" if name in self.datasets else None

    def numbers(self, name: str, n_shared: int) -> str | None:
        """Path of a dataset of numbers that has the first axes of episodes, rows and agents; None where it has not."""
        info = self.datasets.get(name)
        is_fit = (
            info is not None
            and is_numeric(info)
            and 0 not in info.shape
            and info.shape[:n_shared] == self.shape[:n_shared]
        )
        return self.path(name) if is_fit else None


def find_layout(inventory: Inventory) -> PaddedLayout | None:
    """Return the group with padded episodes; None where there is none, or more than one."""
    return only_group(inventory, "/filled", _layout_of)


def is_numeric(info: ArrayInfo) -> bool:
    """Whether a dataset holds plain numbers."""
    return not info.is_text and not info.columns


def text_attribute(inventory: Inventory, group: str, key: str) -> str | None:
    """Return a text attribute of the group, or else of the root."""
    for place in (group or "/", "/"):
        value = inventory.attributes.get(place, {}).get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _layout_of(inventory: Inventory, group: str) -> PaddedLayout | None:
    inside = {
        path.removeprefix(f"{group}/"): info
        for path, info in inventory.datasets.items()
        if path.rpartition("/")[0] == group
    }
    if not {"actions", "filled"} <= set(inside) or not {"obs", "avail_actions"} & set(inside):
        return None
    shape, filled = inside["actions"].shape, inside["filled"].shape
    if len(shape) != 4 or len(filled) != 3 or shape[:2] != filled[:2] or 0 in shape:
        return None
    if not is_numeric(inside["actions"]) or not is_numeric(inside["filled"]):
        return None
    names = _agent_names(inventory, group, shape[2])
    slots = tuple(f"agent_{slot}" for slot in range(shape[2]))
    return PaddedLayout(group=group, datasets=inside, agents=names or slots, has_names=names is not None)


def _agent_names(inventory: Inventory, group: str, n_agents: int) -> tuple[str, ...] | None:
    for place in (group or "/", "/"):
        for key in _NAME_KEYS:
            names = _texts(inventory.attributes.get(place, {}).get(key))
            if len(names) == n_agents == len(set(names)):
                return names
    return None


def _texts(value: Value | None) -> tuple[str, ...]:
    entries = parsed_json(value) if isinstance(value, str) else value
    return tuple(str(entry) for entry in entries) if isinstance(entries, list | tuple) else ()
