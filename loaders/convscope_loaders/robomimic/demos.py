"""The demonstrations of a robomimic file: a group each, observations by key, the environment in an attribute."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.json_text import parsed_json

DATA = "/data"
DEMO = f"{DATA}/demo_{{episode}}"
"""Path of a demonstration's group in a mapping."""
_ACTIONS = re.compile(rf"{DATA}/(demo_[^/]+)/actions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demos:
    """What the demonstrations hold, as the first of them shows."""

    names: tuple[str, ...]
    """Of those with actions, in numbered order."""
    n_actions: int
    """Columns of the actions."""
    observations: Mapping[str, ArrayInfo]
    """By key."""
    has_next: bool
    """Whether what follows each step is kept under the same keys."""
    environment: str | None
    n_robots: int
    """Robots that the environment was made with; 0 where it does not say."""

    def width(self, *keys: str) -> int:
        """Return the columns of some keys together."""
        return sum(prod(self.observations[key].shape[1:]) for key in keys)


def demo_names(inventory: Inventory) -> tuple[str, ...]:
    """Return the names of the demonstrations with actions, in numbered order."""
    return tuple(found[1] for path in inventory.datasets if (found := _ACTIONS.fullmatch(path)) is not None)


def find_demos(inventory: Inventory, place: str) -> Demos:
    """Find the demonstrations of a file that has some.

    Raises
    ------
    LogFormatError
        If their actions are no table.
    """
    names = demo_names(inventory)
    datasets = inventory.datasets
    actions = datasets[f"{DATA}/{names[0]}/actions"]
    if len(actions.shape) not in {1, 2} or actions.is_text or actions.columns or 0 in actions.shape[1:]:
        raise LogFormatError(f"{place}:{actions.path} {actions.shape} is no table of steps and actions")
    group = f"{DATA}/{names[0]}/obs/"
    keyed = {path.removeprefix(group): info for path, info in datasets.items() if path.startswith(group)}
    observations = {
        key: info
        for key, info in keyed.items()
        if "/" not in key and info.shape and not info.is_text | bool(info.columns)
    }
    environment = _environment(inventory)
    name, robots = environment.get("env_name"), _robots(environment)
    return Demos(
        names=names,
        n_actions=(*actions.shape, 1)[1],
        observations=observations,
        has_next=all(f"{DATA}/{names[0]}/next_obs/{key}" in datasets for key in observations),
        environment=name if isinstance(name, str) and name else None,
        n_robots=len(robots),
    )


def _environment(inventory: Inventory) -> Mapping[str, object]:
    told = parsed_json(inventory.attributes.get(DATA, {}).get("env_args"))
    return {str(key): value for key, value in told.items()} if isinstance(told, dict) else {}


def _robots(environment: Mapping[str, object]) -> list[object]:
    """Return the robots that robosuite was asked for: a list, or one name."""
    arguments = environment.get("env_kwargs")
    robots = arguments.get("robots") if isinstance(arguments, dict) else None
    if isinstance(robots, str):
        return [robots]
    return robots if isinstance(robots, list) else []
