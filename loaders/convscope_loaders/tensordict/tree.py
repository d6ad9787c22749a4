"""What the entries of a TensorDict are: batch dimensions, groups of agents, flags, and all that is recorded of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo

NEXT = "/next"
"""Where everything stands that follows the step."""
ACTION, REWARD, MASK, ROLE, HIDDEN, DONE = "/action", "/reward", "/mask", "/role", "/hidden", "/done"
FLAGS = (DONE, "/terminated", "/truncated")
TRAJECTORIES = "/collector/traj_ids"
"""Which trajectory a row belongs to, by the collector's count."""
_OBSERVATION, _ACTION_MASK = "observation", "action_mask"
_HIDDEN = ("_hidden", "hidden", "recurrent_state", "rnn_state")
"""Beginnings of the names under which BenchMARL's and TorchRL's recurrent models keep their state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Agents whose entries stand together."""

    path: str
    """Such as ``/agents``."""
    n_agents: int
    has_axis: bool
    """Whether its arrays have an axis of agents; without one it is a single agent."""

    @property
    def name(self) -> str:
        """As the group map calls it."""
        return self.path.rpartition("/")[2]

    def agents(self) -> tuple[str, ...]:
        """Return a name for each agent: the group's own where it has one agent, else with the slot."""
        if self.n_agents == 1 and self.name != "agents":
            return (self.name,)
        stem = "agent" if self.name == "agents" else self.name
        return tuple(f"{stem}_{slot}" for slot in range(self.n_agents))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The entries of a TensorDict, as far as they have a value for every row."""

    batch: tuple[int, ...]
    groups: tuple[Group, ...]
    of_groups: Mapping[str, tuple[tuple[str, ...], ...]]
    """By key, the arrays of each group, in the order of ``groups``; several where a key holds a nested entry."""
    shared: Mapping[str, str]
    """By key, the array that belongs to no agent."""
    left_out: tuple[str, ...]
    """Arrays without a value for every row, and texts."""

    def leaves(self, key: str) -> tuple[str, ...]:
        """Return all arrays of a key."""
        return tuple(path for paths in self.of_groups.get(key, ()) for path in paths)


def batch_rank(infos: Mapping[str, ArrayInfo], place: str) -> int:
    """Return how many axes lead to a row, from the arrays whose trailing axes are known.

    Parameters
    ----------
    infos
        Arrays by path.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If there are no flags.
    """
    if TRAJECTORIES in infos:
        return len(infos[TRAJECTORIES].shape)
    for prefix in (NEXT, ""):
        for flag in FLAGS:
            info = infos.get(f"{prefix}{flag}")
            if info is not None:
                return len(info.shape) - (info.shape[-1:] == (1,))
    for path in infos:
        if path.startswith(f"{NEXT}/") and path.endswith(DONE):
            return len(infos[path].shape) - 2
    raise LogFormatError(f"{place} has no flags (done, terminated or truncated) that tell its batch dimensions")


def find_tree(infos: Mapping[str, ArrayInfo], rank: int, *, has_final_rows: bool = False, place: str) -> Tree:
    """Sort the entries of a TensorDict.

    Parameters
    ----------
    infos
        Arrays by path, ``/next/...`` included.
    rank
        Axes that lead to a row.
    has_final_rows
        Whether arrays may have one row more than the actions.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If no group of agents has an action, or actions lack the batch dimensions.
    """
    groups = tuple(_group(path, infos, rank=rank, place=place) for path in group_paths(infos))
    if not groups or rank < 1:
        raise LogFormatError(
            f"{place} holds no group of agents with an action, such as agents/action: a rollout of one agent, or none"
        )
    batch = infos[f"{groups[0].path}{ACTION}"].shape[:rank]
    number_of = {group.path: number for number, group in enumerate(groups)}
    of_groups: dict[str, list[list[str]]] = defaultdict(lambda: [[] for _ in groups])
    shared: dict[str, str] = {}
    left_out: list[str] = []
    for path, info in infos.items():
        number = next((number_of[at] for at in _ancestors(path.removeprefix(NEXT)) if at in number_of), None)
        more = [have - want for have, want in zip(info.shape, batch, strict=False)]
        has_rows = len(more) == rank and not any(more[:-1]) and more[-1] in {0, int(has_final_rows)}
        if info.is_text or info.columns or not has_rows:
            left_out.append(path)
        elif number is None or not _has_agents(info, groups[number], rank):
            shared[path] = path
        else:
            is_next = path.startswith(f"{NEXT}/")
            inner = path.removeprefix(NEXT).removeprefix(f"{groups[number].path}/")
            of_groups[f"{NEXT if is_next else ''}/{_key(inner)}"][number].append(path)
    if not all(of_groups[ACTION]):
        raise LogFormatError(f"{place} holds actions that are no numbers, or lack an axis of agents after {batch}")
    return Tree(
        batch=batch,
        groups=groups,
        of_groups={key: tuple(map(tuple, paths)) for key, paths in of_groups.items()},
        shared=shared,
        left_out=tuple(left_out),
    )


def group_paths(infos: Iterable[str]) -> tuple[str, ...]:
    """Return where the groups of agents are: what holds an action, and is no part of such a group itself."""
    above = [
        path.rpartition("/")[0]
        for path in infos
        if path.endswith(ACTION) and path.count("/") > 1 and not path.startswith(f"{NEXT}/")
    ]
    known = frozenset(above)
    return tuple(path for path in above if known.isdisjoint(_ancestors(path)))


def _group(path: str, infos: Mapping[str, ArrayInfo], *, rank: int, place: str) -> Group:
    action = infos[f"{path}{ACTION}"].shape
    told = [f"{NEXT}{path}{REWARD}", f"{path}{REWARD}", f"{NEXT}{path}{DONE}"]
    beside = next((infos[name].shape[rank:] for name in told if name in infos), (0, 0))
    has_axis = len(beside) >= 2 or (len(beside) == 1 and beside == action[rank : rank + 1])
    if len(action) < rank + has_axis or (has_axis and not action[rank]):
        raise LogFormatError(f"{place}:{path}{ACTION} {action} has no agents on the axis after {rank} of the batch")
    return Group(path=path, n_agents=action[rank] if has_axis else 1, has_axis=has_axis)


def _ancestors(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _has_agents(info: ArrayInfo, group: Group, rank: int) -> bool:
    return not group.has_axis or info.shape[rank : rank + 1] == (group.n_agents,)


def _key(inner: str) -> str:
    """Return the name under which a group's array is recorded; parts of one observation share it."""
    first, _, rest = inner.partition("/")
    leaf = rest.rpartition("/")[2]
    if first == _OBSERVATION and rest:
        return leaf if leaf == _ACTION_MASK else _OBSERVATION
    if not rest and first.startswith(_HIDDEN):
        return HIDDEN.strip("/")
    return inner
