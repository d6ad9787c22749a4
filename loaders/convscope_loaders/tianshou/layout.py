"""What the arrays of a replay buffer are: whose observations, actions and rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import prod

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.values.fields import ACTION_MASKS, ACTIONS, INFO, OBSERVATIONS, REWARDS
from convscope.values.header import Notice

META = "/_meta/"
_MASKS = frozenset({"mask", "action_mask"})


class Whose(Enum):
    """Whom the values of a row belong to."""

    EACH = auto()
    """Each agent has its own: there is an agent axis, or one agent."""
    ACTING = auto()
    """The agent whose turn it is."""
    TEAM = auto()
    """All together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferField:
    """A field and the arrays that fill it, side by side."""

    name: str
    whose: Whose
    leaves: tuple[str, ...]
    """Paths of arrays with a row each."""
    following: tuple[str, ...] = ()
    """Where the values after an episode's last step are; empty for what only steps have."""
    width: int = 1
    """Values of one agent, or of the team."""
    columns: tuple[int, ...] = ()
    """Entry of the agent axis of each agent; empty where they are in order."""

    @property
    def path(self) -> str:
        """Where the field is in the file, and its column in the table."""
        return self.leaves[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferLayout:
    """All fields of a buffer."""

    fields: tuple[BufferField, ...]
    notices: tuple[Notice, ...]


def count_agents(inventory: Inventory, place: str) -> int:
    """Return how many agents act together in each row of a buffer without turns.

    Raises
    ------
    LogFormatError
        If rewards are of several agents, but actions and observations are not told apart.
    """
    rewards, actions = inventory.datasets[META + "rew"].shape, inventory.datasets[META + "act"].shape
    n_agents = rewards[1] if len(rewards) == 2 else 1
    seen = [inventory.datasets[leaf].shape for leaf in leaves_of(inventory, "obs")]
    if n_agents > 1 and not all(shape[1:2] == (n_agents,) for shape in (actions, *seen)):
        raise LogFormatError(
            f"{place} holds rewards of {n_agents} agents, but no agent_id says whose turn each row is, and actions "
            f"{actions} and observations have no axis of {n_agents}; save turns with Tianshou's PettingZooEnv"
        )
    return n_agents


def leaves_of(inventory: Inventory, part: str) -> tuple[str, ...]:
    """Return the arrays of numbers of a part of the rows, such as ``obs``, in numbered order."""
    path = META + part
    n_rows = n_rows_of(inventory)
    return tuple(
        name
        for name, info in inventory.datasets.items()
        if (name == path or name.startswith(f"{path}/")) and _is_column(inventory, info, n_rows)
    )


def n_rows_of(inventory: Inventory) -> int:
    """Return how many rows the arrays have, filled or not."""
    return inventory.datasets[META + "act"].shape[0]


def find_layout(inventory: Inventory, *, n_agents: int, has_turns: bool, order: Sequence[int] | None) -> BufferLayout:
    """Return the fields of a buffer, and what is left out.

    Parameters
    ----------
    inventory
        What it holds.
    n_agents
        Of the log.
    has_turns
        Whether a row is one agent's turn.
    order
        The agents by their numbers, in the order of the environment; None where that is unknown.
    """
    whose = Whose.ACTING if has_turns else Whose.EACH
    seen = leaves_of(inventory, "obs")
    masks = tuple(leaf for leaf in seen if leaf.rpartition("/")[2] in _MASKS)
    own = tuple(leaf for leaf in seen if leaf not in masks)
    fields = [
        _field(inventory, ACTIONS, whose=whose, leaves=(META + "act",), n_agents=n_agents),
        _observed(inventory, OBSERVATIONS, whose=whose, leaves=own, n_agents=n_agents),
        _observed(inventory, ACTION_MASKS, whose=whose, leaves=masks[:1], n_agents=n_agents),
        *(
            _field(
                inventory, INFO + name.removeprefix(f"{META}info/"), whose=Whose.TEAM, leaves=(name,), n_agents=n_agents
            )
            for name in leaves_of(inventory, "info")
        ),
    ]
    rewards, notices = _rewards(inventory, n_agents=n_agents, has_turns=has_turns, order=order)
    found = tuple(field for field in (*fields, *rewards) if field.leaves)
    return BufferLayout(fields=found, notices=(*notices, *_left_out(inventory, found)))


def _is_column(inventory: Inventory, info: ArrayInfo, n_rows: int) -> bool:
    kind = inventory.attributes.get(info.path, {}).get("__data_type__", "ndarray")
    is_plain = not info.is_text and not info.columns and kind in ("ndarray", "Tensor")
    return is_plain and info.shape[:1] == (n_rows,) and not info.path.endswith("/agent_id")


def _field(inventory: Inventory, name: str, *, whose: Whose, leaves: tuple[str, ...], n_agents: int) -> BufferField:
    values = sum(prod(inventory.datasets[leaf].shape[1:]) for leaf in leaves)
    return BufferField(
        name=name, whose=whose, leaves=leaves, width=values // n_agents if whose is Whose.EACH else values
    )


def _observed(inventory: Inventory, name: str, *, whose: Whose, leaves: tuple[str, ...], n_agents: int) -> BufferField:
    field = _field(inventory, name, whose=whose, leaves=leaves, n_agents=n_agents)
    following = tuple(leaf.replace(f"{META}obs", f"{META}obs_next", 1) for leaf in leaves)
    infos = [
        (inventory.datasets.get(after), inventory.datasets[leaf]) for after, leaf in zip(following, leaves, strict=True)
    ]
    has_all = all(after is not None and after.shape == before.shape for after, before in infos)
    return BufferField(name=name, whose=whose, leaves=leaves, following=following if has_all else (), width=field.width)


def _rewards(
    inventory: Inventory, *, n_agents: int, has_turns: bool, order: Sequence[int] | None
) -> tuple[tuple[BufferField, ...], tuple[Notice, ...]]:
    path = META + "rew"
    shape = inventory.datasets[path].shape
    if not has_turns:
        return (BufferField(name=REWARDS, whose=Whose.EACH, leaves=(path,)),), ()
    if shape[1:] == (n_agents,) and order is not None:
        columns = tuple(order.index(agent) for agent in range(n_agents))
        return (BufferField(name=REWARDS, whose=Whose.EACH, leaves=(path,), columns=columns),), ()
    why = (
        "the order of the agents in it is unknown: names do not count them, and episodes begin with different ones"
        if shape[1:] == (n_agents,)
        else f"it has the shape {shape}, not one column for each of {n_agents} agents"
    )
    return (), (Notice(code="not-read", message=f"rewards are left out: {why}", where=path),)


def _left_out(inventory: Inventory, fields: Sequence[BufferField]) -> tuple[Notice, ...]:
    read = {leaf for field in fields for leaf in (*field.leaves, *field.following)}
    known = {META + name for name in ("rew", "done", "terminated", "truncated")}
    left = [
        path
        for path in inventory.datasets
        if path.startswith(META)
        and path not in read | known
        and not path.endswith("/agent_id")
        and not path.startswith(f"{META}obs_next")
    ]
    message = "left out: pickles, memories of policies and arrays without a row for each step are not read"
    return tuple(Notice(code="not-read", message=message, where=path) for path in left)
