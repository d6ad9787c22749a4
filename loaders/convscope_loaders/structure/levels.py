"""Which parts of a path count runs, checkpoints, conditions, episodes or agents."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.leaf_names import LeafNames, OpenLevel
from convscope_loaders.structure.lexicon import (
    LITERALS,
    MEANING_OF,
    SPLITS,
    TEAMS,
    Meaning,
    axis_of_name,
    axis_of_stem,
    meaning_of,
    stem_of,
)
from convscope_loaders.structure.templates import PathValues, Template, matches

_LISTS = frozenset({Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS})
_SHARED = _LISTS | {Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.EPISODE_ID, Meaning.REWARD}
_OPEN = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION)
"""What groups may be that nothing tells; they are read as the first one until someone says so."""

_MAX_NAMED = 16
"""More groups with names of their own are hardly agents or maps."""

_Names = dict[str, list[str]]


class Levels:
    """Folds the paths of a file, group level by group level.

    Parameters
    ----------
    inventory
        What the file holds.
    agent_names
        Names that the file lists elsewhere.
    declared
        Path templates of a mapping, which settle what the groups in them are.
    """

    def __init__(self, inventory: Inventory, agent_names: Sequence[str], declared: Iterable[str] = ()) -> None:
        self._inventory = inventory
        self._agents = frozenset(agent_names)
        self._said: dict[str, None] = {}
        self._open: list[OpenLevel] = []
        self._children = _children(inventory)
        self._axis_of: dict[str, Axis | None] = {}
        self._declared = _declared_axes(inventory, declared)
        self._leaves = LeafNames(inventory, agent_names, self._declared)
        self._acting, self._action_below = self._actions()
        self._classify(["/"], frozenset())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was taken for granted."""
        return tuple(self._said)

    @property
    def open(self) -> tuple[OpenLevel, ...]:
        """Levels that nothing tells; a file with any can be read in several ways."""
        return (*self._open, *(level for level in self._leaves.open if not self._is_in_episode(level.paths[0])))

    def fold(self, path: str) -> tuple[str, PathValues]:
        """Return the template of a dataset's path and the values of its axes."""
        parts = path.strip("/").split("/")
        values: dict[Axis, str] = {}
        folded: list[str] = []
        for depth, part in enumerate(parts[:-1], start=1):
            axis = self._axis_of.get("/" + "/".join(parts[:depth]))
            if axis is not None:
                values[axis] = part
            folded.append(part if axis is None else f"{{{axis}}}")
        leaf = self._leaves.fold(path, is_in_episode=Axis.EPISODE in values)
        if leaf is not None and leaf.axis not in values:
            values[leaf.axis] = leaf.value
            return "/" + "/".join([*folded, leaf.text]), values
        return "/" + "/".join([*folded, parts[-1]]), values

    def _is_in_episode(self, path: str) -> bool:
        parts = path.split("/")
        return Axis.EPISODE in {self._axis_of.get("/".join(parts[:depth])) for depth in range(2, len(parts))}

    def _classify(self, groups: list[str], above: frozenset[Axis]) -> None:
        names: _Names = defaultdict(list)
        for group in groups:
            for child in self._children[group]:
                names[child.rsplit("/", 1)[1]].append(child)
        kinds = {name: self._kind(name, paths, above) for name, paths in names.items()}
        self._classify_unnumbered(names, kinds, above)
        for name, paths in names.items():
            for path in paths:
                self._axis_of[path] = kinds[name]
        for axis in (*Axis, None):
            same = [name for name in names if kinds[name] is axis]
            for together in [same] if axis is not None else [[name] for name in same]:
                inner = [path for name in together for path in names[name]]
                if inner:
                    self._classify(inner, above | ({axis} if axis is not None else frozenset()))

    def _kind(self, name: str, paths: list[str], above: frozenset[Axis]) -> Axis | None:
        stem, number = stem_of(name)
        declared = self._declared.get(paths[0])
        if declared is not None:
            return declared
        by_parent = axis_of_name(_parent(paths[0])) if number and not stem else None
        if by_parent is not None and by_parent not in above:
            return by_parent
        if name in self._agents | self._leaves.agents and Axis.AGENT not in above:
            return Axis.AGENT
        if not number or name.lower() in LITERALS or name.lower() in MEANING_OF:
            return None
        by_stem = axis_of_stem(stem)
        if by_stem is not None and by_stem not in above:
            return by_stem
        return self._untold(paths, above, has_stem=bool(stem)) if self._has_actions(paths) else None

    def _untold(self, paths: list[str], above: frozenset[Axis], *, has_stem: bool) -> Axis | None:
        """Return what numbered groups are whose names do not tell."""
        is_lone = Axis.AGENT not in above and any(self._is_like_an_agent(path) for path in paths)
        if is_lone and (has_stem or Axis.EPISODE in above):
            return Axis.AGENT
        if is_lone:
            return self._left_open(paths, above, (Axis.AGENT, Axis.EPISODE))
        if not has_stem and Axis.EPISODE not in above and not self._holds(paths, _LISTS):
            return Axis.EPISODE
        return self._left_open(paths, above, _OPEN)

    def _classify_unnumbered(self, names: _Names, kinds: dict[str, Axis | None], above: frozenset[Axis]) -> None:
        open_names = [
            name
            for name, paths in names.items()
            if kinds[name] is None
            and not stem_of(name)[1]
            and not self._is_called_otherwise(name, paths)
            and self._has_actions(paths)
        ]
        splits = [name for name in open_names if name.lower() in SPLITS]
        named = splits or (open_names if len(open_names) > 1 else [])
        if not named:
            return
        paths = [path for name in named for path in names[name]]
        axis = self._axis_of_named(named, paths, above, is_split=bool(splits))
        for name in named:
            kinds[name] = axis
        if axis is Axis.AGENT:
            self._leaves.add_agents(named)
        if axis is not None:
            what = {Axis.CONDITION: "conditions, such as maps or layouts"}.get(axis, f"{axis}s")
            self._said[f"the groups {', '.join(named[:6])} are read as {what}"] = None

    def _is_called_otherwise(self, name: str, paths: list[str]) -> bool:
        # A letter may be the name of an agent, where a group called so holds fields and is none.
        is_field = name.lower() in MEANING_OF and (len(name) > 1 or any(map(self._leaves.is_field, paths)))
        return is_field or name.lower() in LITERALS

    def _axis_of_named(
        self, named: list[str], paths: list[str], above: frozenset[Axis], *, is_split: bool
    ) -> Axis | None:
        told = axis_of_name(_parent(paths[0]))
        if told is not None and told not in above:
            return told
        condition = Axis.CONDITION if Axis.CONDITION not in above else None
        if is_split or Axis.AGENT in above:
            return condition
        if any(self._has_agents_below(path) for path in paths):
            return self._left_open(paths, above, (Axis.CONDITION,)) if self._may_be_teams(named) else condition
        if all(path in self._acting for path in paths):
            return self._agents_or_conditions(named, paths, above)
        if all(self._holds_single_agents(path) for path in paths):
            return Axis.AGENT
        return condition

    def _may_be_teams(self, named: list[str]) -> bool:
        return any(name.lower() in TEAMS for name in named)

    def _agents_or_conditions(self, named: list[str], paths: list[str], above: frozenset[Axis]) -> Axis | None:
        """Tell agents (or groups of them) from conditions, where each has arrays of its own."""
        condition = Axis.CONDITION if Axis.CONDITION not in above else None
        if len(named) > _MAX_NAMED:
            return self._left_open(paths, above, (Axis.EPISODE, Axis.RUN, Axis.CONDITION))
        if self._agents:
            return (
                Axis.AGENT if {stem_of(agent)[0] for agent in self._agents} == {*map(str.lower, named)} else condition
            )
        shapes = {self._action_below[path].shape for path in paths}
        if all(len(shape) == 1 for shape in shapes):
            return Axis.AGENT
        if self._holds(paths, _LISTS) or len({shape[:1] for shape in shapes}) > 1:
            return condition
        if self._holds([paths[0].rsplit("/", 1)[0] or "/"], _SHARED) or not self._holds(paths, _SHARED):
            return Axis.AGENT
        return self._left_open(paths, above, (Axis.AGENT, Axis.CONDITION))

    def _left_open(self, paths: list[str], above: frozenset[Axis], axes: Sequence[Axis]) -> Axis | None:
        free = tuple(axis for axis in axes if axis not in above)
        self._open.append(OpenLevel(paths=tuple(paths), taken_as=free[0] if free else None, others=free[1:]))
        return free[0] if free else None

    def _has_actions(self, paths: list[str]) -> bool:
        return any(path in self._action_below for path in paths)

    def _holds(self, groups: list[str], meanings: frozenset[Meaning]) -> bool:
        """Whether arrays of some meanings lie directly in one of these groups."""
        found = (path.rsplit("/", 1) for path in self._inventory.datasets)
        return any((group or "/") in groups and MEANING_OF.get(name.lower()) in meanings for group, name in found)

    def _is_like_an_agent(self, group: str) -> bool:
        # One action a row: then the agents are not in the array, and these groups tell them apart.
        action = self._action_below.get(group)
        is_named_below = any(self._tells_agents(child.rsplit("/", 1)[1]) for child in self._children[group])
        return action is not None and len(action.shape) == 1 and not is_named_below

    def _holds_single_agents(self, group: str) -> bool:
        """Whether the actions in a group, however deep, are one a row."""
        acts = [path for path in self._inside(group) if self._is_action(path)]
        return bool(acts) and all(len(self._inventory.datasets[path].shape) == 1 for path in acts)

    def _has_agents_below(self, group: str) -> bool:
        """Whether a name in a group, however deep, is an agent's."""
        for path in self._inside(group):
            leaf = self._leaves.fold(path, is_in_episode=False)
            around = path[len(group) + 1 :].split("/")[:-1]
            if any(map(self._tells_agents, around)) or (leaf is not None and leaf.axis is Axis.AGENT):
                return True
        return False

    def _inside(self, group: str) -> list[str]:
        return [path for path in self._inventory.datasets if path.startswith(f"{group}/")]

    def _tells_agents(self, name: str) -> bool:
        return Axis.AGENT in {axis_of_stem(stem_of(name)[0]), axis_of_name(name)} or name in self._agents

    def _is_action(self, path: str) -> bool:
        leaf = self._leaves.fold(path, is_in_episode=False)
        parts = path.strip("/").split("/")
        name = parts[-1] if leaf is None else leaf.text
        return meaning_of((*parts[:-1], *name.split("."))) is Meaning.ACTION

    def _actions(self) -> tuple[frozenset[str], dict[str, ArrayInfo]]:
        """Return the groups that hold actions, and one such dataset for each group around them."""
        holding: set[str] = set()
        below: dict[str, ArrayInfo] = {}
        for path, info in self._inventory.datasets.items():
            if self._is_action(path):
                parts = path.split("/")
                holding.add("/".join(parts[:-1]))
                for depth in range(2, len(parts)):
                    below.setdefault("/".join(parts[:depth]), info)
        return frozenset(holding), below


def _parent(path: str) -> str:
    return path.rsplit("/", 2)[-2]


def _children(inventory: Inventory) -> dict[str, list[str]]:
    children: dict[str, list[str]] = defaultdict(list)
    for group in inventory.groups:
        if group != "/":
            children[group.rsplit("/", 1)[0] or "/"].append(group)
    return children


def _declared_axes(inventory: Inventory, declared: Iterable[str]) -> dict[str, Axis]:
    """Return what a mapping says of each group (or array) whose name it leaves open."""
    axes: dict[str, Axis] = {}
    for text in declared:
        parts = text.strip("/").split("/")
        for path, _ in matches(Template(text=text), inventory.datasets):
            names = path.strip("/").split("/")
            for depth, part in enumerate(parts, start=1):
                for axis in Template(text=part).axes:
                    axes["/" + "/".join(names[:depth])] = axis
    return axes
