"""Where a file keeps a JaxMARL ``Transition``: one array for each of its parts, agents folded into the second axis."""

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo, Inventory
from convscope_loaders.jaxmarl.states import COUNTERS
from convscope_loaders.structure.only_group import only_group

_PARTS = frozenset({"obs", "action", "reward", "done"})
_OF_ACTORS = ("reward", "done", "global_done", "info/returned_episode")
"""Parts with one number for each step and actor."""
_SIGNS = (frozenset({"global_done"}), frozenset({"log_prob", "value"}))
"""Beside these parts, what only the baselines of JaxMARL write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The arrays of a file."""

    group: str
    """Of the transition; empty for the root."""
    parts: Mapping[str, ArrayInfo]
    """Of the transition, by name within its group; those of ``info`` are called ``info/...``."""
    states: Mapping[str, ArrayInfo]
    """All others with a row for each step, by path."""

    @property
    def n_steps(self) -> int:
        """Rows."""
        return self.parts["action"].shape[0]

    @property
    def n_actors(self) -> int:
        """Agents times environments."""
        return self.parts["action"].shape[1]

    def path(self, part: str) -> str:
        """Return the path of a part."""
        return f"{self.group}/{part}"

    def has_row_per_actor(self, part: str) -> bool:
        """Whether there is such a part, with a row for each step and actor."""
        return part in self.parts and self.parts[part].shape[:2] == (self.n_steps, self.n_actors)


def find_rollout(inventory: Inventory) -> Rollout | None:
    """Return the only transition of a file; None where there is none, or several."""
    return only_group(inventory, "/action", _rollout)


def _rollout(inventory: Inventory, group: str) -> Rollout | None:
    plain = {path: info for path, info in inventory.datasets.items() if not info.is_text and not info.columns}
    parts = {path.removeprefix(f"{group}/"): info for path, info in plain.items() if path.startswith(f"{group}/")}
    own = {name: info for name, info in parts.items() if "/" not in name or name.startswith("info/")}
    if not set(own) >= _PARTS or len(own["action"].shape) not in {2, 3} or 0 in own["action"].shape:
        return None
    lead = own["action"].shape[:2]
    if own["obs"].shape[:2] != lead or any(own[name].shape != lead for name in _OF_ACTORS if name in own):
        return None
    states = {
        path: info
        for path, info in plain.items()
        if path.removeprefix(f"{group}/") not in own and info.shape[:1] == lead[:1] and len(info.shape) > 1
    }
    has_counter = any(path.rsplit("/", 1)[1] in COUNTERS and len(info.shape) == 2 for path, info in states.items())
    if not has_counter and not any(sign <= set(own) for sign in _SIGNS):
        return None
    return Rollout(group=group, parts=own, states=states)
