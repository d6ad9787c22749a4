"""Names of arrays that tell an agent or an episode: ``obs/agent_0``, ``agent_0.obs``, ``agent_0_obs``, ``obs_0``."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from convscope.ingest.container import Inventory
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.lexicon import AGENT_STEMS, MEANING_OF, Meaning, axis_of_stem, stem_of

_FIELD_GROUPS = frozenset(
    {Meaning.OBSERVATION, Meaning.ACTION, Meaning.REWARD, Meaning.ACTION_MASK, Meaning.STATE, Meaning.POSITION}
    | {Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.MESSAGE, Meaning.HIDDEN, Meaning.LOGITS}
)
_STEPWISE = _FIELD_GROUPS - {Meaning.STATE}
_ROWWISE = _STEPWISE | {Meaning.EPISODE_ID, Meaning.TIMESTEP, Meaning.FILLED}
_AGENT = rf"(?:{'|'.join(sorted(AGENT_STEMS))})[_\-]?\d+"
_BEFORE = re.compile(rf"({_AGENT})[_\-.](.+)", re.I)
_AFTER = re.compile(rf"(.+)[_\-.]({_AGENT})", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLevel:
    """Groups or arrays that could be several things."""

    paths: tuple[str, ...]
    taken_as: Axis | None
    """What they are read as until someone says so."""
    others: tuple[Axis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The name of an array, folded."""

    text: str
    """With the axis in braces."""
    axis: Axis
    value: str


class LeafNames:
    """Folds the names of arrays.

    Parameters
    ----------
    inventory
        What the file holds.
    agent_names
        Names that the file lists elsewhere.
    declared
        What a mapping says that some arrays' names count.
    """

    def __init__(self, inventory: Inventory, agent_names: Sequence[str], declared: Mapping[str, Axis]) -> None:
        self._listed = frozenset(agent_names)
        self._declared = declared
        self._field_of = _field_groups(inventory)
        self._parts = _agent_parts(inventory, self._field_of)
        self._numbered, self._open = _numbered(inventory, n_listed=len(agent_names))

    @property
    def agents(self) -> frozenset[str]:
        """Names that stand for agents wherever they occur."""
        return frozenset(self._parts)

    @property
    def open(self) -> tuple[OpenLevel, ...]:
        """Arrays that could be several things."""
        return tuple(level for level in self._open if not any(path in self._declared for path in level.paths))

    def is_field(self, group: str) -> bool:
        """Whether a group holds the arrays of one field, by its name and theirs."""
        return group in self._field_of

    def add_agents(self, names: Iterable[str]) -> None:
        """Learn names of agents from groups."""
        self._parts |= set(names)

    def fold(self, path: str, *, is_in_episode: bool) -> Leaf | None:
        """Return the folded name of an array; None where it tells no axis.

        Parameters
        ----------
        path
            Of the array.
        is_in_episode
            Whether a group around it is an episode already.
        """
        parts = path.strip("/").split("/")
        name = parts[-1]
        if path in self._declared and path in self._numbered:
            return _numbered_leaf(name, self._declared[path])
        if path in self._numbered:
            return _numbered_leaf(name, Axis.AGENT if is_in_episode else self._numbered[path])
        before, dot, after = name.partition(".")
        if dot and before in self._parts:
            return Leaf(text=f"{{agent}}.{after}", axis=Axis.AGENT, value=before)
        parent = self._field_of.get(path.rsplit("/", 1)[0])
        if name in self._parts:
            return Leaf(text="{agent}", axis=Axis.AGENT, value=name)
        if parent is not None and name.lower() not in MEANING_OF:
            axis = Axis.AGENT if name in self._listed else _axis_of_numbered(name)
            return None if axis is None else Leaf(text=f"{{{axis}}}", axis=axis, value=name)
        return self._joined(name)

    def _joined(self, name: str) -> Leaf | None:
        listed = [(agent, name.removeprefix(agent)) for agent in self._listed if name.startswith(f"{agent}_")]
        if listed:
            agent, rest = max(listed, key=lambda pair: len(pair[0]))
            return Leaf(text=f"{{agent}}{rest}", axis=Axis.AGENT, value=agent)
        before, after = _BEFORE.fullmatch(name), _AFTER.fullmatch(name)
        if before is not None:
            agent = before[1]
            return Leaf(text=f"{{agent}}{name[len(agent) :]}", axis=Axis.AGENT, value=agent)
        if after is not None:
            agent = after[2]
            return Leaf(text=f"{name[: -len(agent)]}{{agent}}", axis=Axis.AGENT, value=agent)
        return None


def _axis_of_numbered(name: str) -> Axis | None:
    stem, number = stem_of(name)
    axis = axis_of_stem(stem)
    return axis if number and axis in {Axis.AGENT, Axis.EPISODE} else None


def _numbered_leaf(name: str, axis: Axis) -> Leaf:
    number = stem_of(name)[1]
    return Leaf(text=f"{name[: -len(number)]}{{{axis}}}", axis=axis, value=number)


def _field_groups(inventory: Inventory) -> dict[str, Meaning]:
    """Return the groups that are called as a field and hold arrays of no other, such as ``/obs`` of ``/obs/x``."""
    told: dict[str, Meaning] = {}
    others: set[str] = set()
    for path in inventory.datasets:
        group, name = path.rsplit("/", 1)
        meaning = MEANING_OF.get(group.rsplit("/", 1)[-1].lower())
        if meaning in _FIELD_GROUPS and meaning is not None:
            told[group] = meaning
        if name.lower() in MEANING_OF:
            others.add(group)
    return {group: meaning for group, meaning in told.items() if group not in others}


def _agent_parts(inventory: Inventory, field_of: Mapping[str, Meaning]) -> set[str]:
    """Return the names under a group of actions, and those before the dot of an action: each stands for an agent."""
    parts: set[str] = set()
    for path in inventory.datasets:
        group, name = path.rsplit("/", 1)
        before, dot, after = name.partition(".")
        if dot and MEANING_OF.get(after.lower()) is Meaning.ACTION:
            parts.add(before)
        is_under_actions = field_of.get(group) is Meaning.ACTION
        if is_under_actions and not name.isdecimal() and _axis_of_numbered(name) is not Axis.EPISODE:
            parts.add(name)
    return parts


def _numbered(inventory: Inventory, *, n_listed: int) -> tuple[dict[str, Axis], list[OpenLevel]]:
    """Return the arrays of ``obs_0, obs_1, ...`` and ``obs/0, obs/1, ...``, and what is open about them."""
    axis_of: dict[str, Axis] = {}
    levels: list[OpenLevel] = []
    for group, fields in _numbered_fields(inventory).items():
        acting = next((own for field, own in fields.items() if MEANING_OF[field] is Meaning.ACTION), {})
        # A letter with a number, such as a_0, is anything, but not where several letters have the same numbers.
        alike = [own for own in fields.values() if own.keys() == acting.keys()]
        is_lettered = all(
            re.search(r"/[a-z][_\-.]?\d+$", path, re.I) for own in fields.values() for path in own.values()
        )
        if len(acting) < 2 or (len(alike) < 2 and is_lettered):
            continue
        paths = [path for own in alike for path in own.values()]
        n_rows = {inventory.datasets[path].shape[:1] for path in acting.values()}
        taken = Axis.AGENT if len(n_rows) == 1 or len(acting) == n_listed else Axis.EPISODE
        axis_of |= dict.fromkeys(paths, taken)
        if len(acting) != n_listed and not _has_shared_rows(inventory, group, n_rows):
            other = Axis.EPISODE if taken is Axis.AGENT else Axis.AGENT
            levels.append(OpenLevel(paths=tuple(paths), taken_as=taken, others=(other,)))
    return axis_of, levels


def _numbered_fields(inventory: Inventory) -> dict[str, dict[str, dict[str, str]]]:
    """Return the paths of numbered arrays, by the group around them, field and number."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for path in inventory.datasets:
        group, name = path.rsplit("/", 1)
        stem, number = stem_of(name)
        field = stem or group.rsplit("/", 1)[-1].lower()
        if number and MEANING_OF.get(name.lower()) is None and MEANING_OF.get(field) in _STEPWISE:
            found[group if stem else group.rsplit("/", 1)[0]][field][number] = path
    return found


def _has_shared_rows(inventory: Inventory, group: str, n_rows: set[tuple[int, ...]]) -> bool:
    """Whether an array beside those of one number each has as many rows: then they are agents of the same steps."""
    return len(n_rows) == 1 and any(
        path.rsplit("/", 1)[0] == group and info.shape[:1] in n_rows and MEANING_OF.get(name.lower()) in _ROWWISE
        for path, info in inventory.datasets.items()
        for name in (path.rsplit("/", 1)[1],)
    )
