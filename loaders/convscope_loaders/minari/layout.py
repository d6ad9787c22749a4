"""What the episodes of a Minari file hold: ``/episode_<k>`` groups with one entry per agent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.names import in_numbered_order

_EPISODE = "/episode_"
_TUPLE_KEY = "_index_"
_PER_STEP = ("rewards", "terminations", "truncations")
_MASK_NAMES = frozenset({"action_mask", "avail_actions", "mask"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariLayout:
    """Agents and leaves of the episodes."""

    episodes: tuple[str, ...]
    """Paths of the episode groups, in numbered order."""
    keys: tuple[str, ...]
    """Keys of the agents in the action space, those of all episodes."""
    leaves: Mapping[str, ArrayInfo]
    """Datasets by their path within the episode, as the first episode that has them holds them."""

    @property
    def agents(self) -> tuple[str, ...]:
        """Names: the keys of a Dict space, or ``agent_<slot>`` for a Tuple space."""
        return tuple(key.replace(_TUPLE_KEY, "agent_") for key in self.keys) if self.is_tuple else self.keys

    @property
    def is_tuple(self) -> bool:
        """Whether the space is a Tuple, which names nobody."""
        return all(key.startswith(_TUPLE_KEY) for key in self.keys)

    def observations(self, key: str) -> tuple[str, ...]:
        """Leaves of an agent's observation, in numbered order; masks, texts and images left out."""
        return tuple(leaf for leaf in self._observed(key) if not _is_mask(leaf) and not self.leaves[leaf].is_text)

    def mask(self, key: str) -> str | None:
        """Leaf of an agent's legal actions, which some keep inside the observation; None where there is none."""
        return next((leaf for leaf in self._observed(key) if _is_mask(leaf)), None)

    def infos(self) -> tuple[str, ...]:
        """Leaves of the infos."""
        return tuple(leaf for leaf in self.leaves if leaf.startswith("infos/"))

    def _observed(self, key: str) -> Iterable[str]:
        own = f"observations/{key}"
        return (leaf for leaf in self.leaves if leaf == own or leaf.startswith(f"{own}/"))


def episode_groups(inventory: Inventory) -> tuple[str, ...]:
    """Return the paths of the groups that are Minari episodes of at least a step, in numbered order."""
    return in_numbered_order(
        group
        for group in inventory.groups
        if group.startswith(_EPISODE)
        and group.count("/") == 1
        and all(f"{group}/{name}" in inventory.datasets for name in _PER_STEP)
        and inventory.datasets[f"{group}/rewards"].shape[:1] not in ((), (0,))
    )


def find_layout(name: str, inventory: Inventory) -> MinariLayout:
    """Return what the episodes hold.

    Parameters
    ----------
    name
        The file, for errors.
    inventory
        At least one Minari episode.

    Raises
    ------
    LogFormatError
        If nothing tells the agents apart: a single action, or entries of the action space that are no agents.
    """
    episodes = frozenset(episode_groups(inventory))
    leaves: dict[str, ArrayInfo] = {}
    for path, info in inventory.datasets.items():
        group, _, leaf = path[1:].partition("/")
        if f"/{group}" in episodes:
            leaves.setdefault(leaf, info)
    keys = in_numbered_order({leaf.split("/")[1] for leaf in leaves if leaf.startswith("actions/")})
    seen = {leaf.split("/")[1] for leaf in leaves if leaf.startswith("observations/")}
    if not keys:
        raise LogFormatError(
            f"{name}: actions are one array for all, so nothing tells the agents apart; "
            "collect with a Dict space that has one entry per agent, or give a mapping"
        )
    if not set(keys) <= seen or any(f"actions/{key}" not in leaves for key in keys):
        raise LogFormatError(
            f"{name}: the entries of the action space ({', '.join(repr(key) for key in keys[:4])}) are no agents; "
            "actions and observations need the same entries, one per agent, or give a mapping"
        )
    return MinariLayout(episodes=episode_groups(inventory), keys=keys, leaves=leaves)


def _is_mask(leaf: str) -> bool:
    return leaf.count("/") > 1 and leaf.rpartition("/")[2] in _MASK_NAMES
