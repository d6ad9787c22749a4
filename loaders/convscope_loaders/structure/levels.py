"""Which parts of a path count runs, checkpoints, conditions, episodes or agents."""

from collections import defaultdict
from collections.abc import Sequence

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.lexicon import AXIS_OF_STEM, LITERALS, MEANING_OF, SPLITS, Meaning, stem_of
from convscope_loaders.structure.templates import PathValues

_FIELD_GROUPS = frozenset(
    {Meaning.OBSERVATION, Meaning.ACTION, Meaning.REWARD, Meaning.ACTION_MASK, Meaning.STATE, Meaning.POSITION}
)


class Levels:
    """Folds the paths of a file, group level by group level.

    Parameters
    ----------
    inventory
        What the file holds.
    agent_names
        Names that the file lists elsewhere.
    """

    def __init__(self, inventory: Inventory, agent_names: Sequence[str]) -> None:
        self._inventory = inventory
        self._agents = frozenset(agent_names)
        self._said: dict[str, None] = {}
        self._children = _children(inventory)
        self._axis_of: dict[str, Axis | None] = {}
        self._acting, self._action_below = _actions(inventory)
        self._agent_parts = _agent_parts(inventory)
        self._classify(["/"], frozenset())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was taken for granted."""
        return tuple(self._said)

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
        leaf, axis, value = self._leaf(parts)
        if axis is not None and axis not in values:
            values[axis] = value
            return "/" + "/".join([*folded, leaf]), values
        return "/" + "/".join([*folded, parts[-1]]), values

    def _leaf(self, parts: list[str]) -> tuple[str, Axis | None, str]:
        name = parts[-1]
        before, dot, after = name.partition(".")
        if dot and before in self._agent_parts:
            return f"{{agent}}.{after}", Axis.AGENT, before
        parent = MEANING_OF.get(parts[-2].lower()) if len(parts) > 1 else None
        if name in self._agent_parts or (parent in _FIELD_GROUPS and self._is_called_an_agent(name)):
            return "{agent}", Axis.AGENT, name
        return name, None, ""

    def _is_called_an_agent(self, name: str) -> bool:
        stem, number = stem_of(name)
        is_numbered = AXIS_OF_STEM.get(stem) is Axis.AGENT and bool(number)
        return name.lower() not in MEANING_OF and (name in self._agents or is_numbered)

    def _classify(self, groups: list[str], above: frozenset[Axis]) -> None:
        names: dict[str, list[str]] = defaultdict(list)
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
        if name in self._agents | self._agent_parts and Axis.AGENT not in above:
            return Axis.AGENT
        if not number or name.lower() in LITERALS or name.lower() in MEANING_OF:
            return None
        axis = AXIS_OF_STEM.get(stem) or (Axis.EPISODE if not stem else None)
        if axis is not None and axis not in above:
            return axis
        if not any(path in self._action_below for path in paths):
            return None
        if Axis.AGENT not in above and any(self._is_like_an_agent(path) for path in paths):
            return Axis.AGENT
        raise AmbiguousLogError(
            f"{paths[0]} and its like may be runs, checkpoints, conditions or episodes; say which in a mapping, "
            f'such as path = "{paths[0].rsplit("/", 1)[0]}/{{run}}/..."'
        )

    def _classify_unnumbered(
        self, names: dict[str, list[str]], kinds: dict[str, Axis | None], above: frozenset[Axis]
    ) -> None:
        open_names = [
            name
            for name in names
            if kinds[name] is None
            and not stem_of(name)[1]
            and name.lower() not in LITERALS | MEANING_OF.keys()
            and any(path in self._action_below for path in names[name])
        ]
        splits = [name for name in open_names if name.lower() in SPLITS]
        named = splits or (open_names if len(open_names) > 1 else [])
        axis = self._axis_of_named(named, names, above) if named else None
        for name in named:
            kinds[name] = axis
        if axis is Axis.AGENT:
            self._agent_parts |= set(named)
        if axis is not None:
            what = "conditions, such as maps or layouts" if axis is Axis.CONDITION else "agents"
            self._said[f"the groups {', '.join(named[:6])} are read as {what}"] = None

    def _axis_of_named(self, named: list[str], names: dict[str, list[str]], above: frozenset[Axis]) -> Axis | None:
        paths = [path for name in named for path in names[name]]
        holds_actions = all(path in self._acting for path in paths)
        is_split = any(name.lower() in SPLITS for name in named)
        if holds_actions and not self._agents and Axis.AGENT not in above and not is_split:
            return Axis.AGENT
        return Axis.CONDITION if Axis.CONDITION not in above else None

    def _is_like_an_agent(self, group: str) -> bool:
        # One action a row: then the agents are not in the array, and these groups tell them apart.
        action = self._action_below.get(group)
        is_named_below = any(
            AXIS_OF_STEM.get(stem_of(child.rsplit("/", 1)[1])[0]) is Axis.AGENT
            or child.rsplit("/", 1)[1] in self._agents
            for child in self._children[group]
        )
        return action is not None and len(action.shape) == 1 and not is_named_below


def _agent_parts(inventory: Inventory) -> set[str]:
    """Return the names under a group of actions, and those before the dot of an action: each stands for an agent."""
    parts: set[str] = set()
    for path in inventory.datasets:
        names = path.strip("/").split("/")
        before, dot, after = names[-1].partition(".")
        if dot and MEANING_OF.get(after.lower()) is Meaning.ACTION:
            parts.add(before)
        elif len(names) > 1 and MEANING_OF.get(names[-2].lower()) is Meaning.ACTION:
            parts.add(names[-1])
    return parts


def _children(inventory: Inventory) -> dict[str, list[str]]:
    children: dict[str, list[str]] = defaultdict(list)
    for group in inventory.groups:
        if group != "/":
            children[group.rsplit("/", 1)[0] or "/"].append(group)
    return children


def _actions(inventory: Inventory) -> tuple[frozenset[str], dict[str, ArrayInfo]]:
    """Return the groups that hold actions, and one such dataset for each group around them."""
    holding: set[str] = set()
    below: dict[str, ArrayInfo] = {}
    for path, info in inventory.datasets.items():
        parts = path.split("/")
        if MEANING_OF.get(parts[-1].lower()) is not Meaning.ACTION and not _is_under_actions(parts):
            continue
        holding.add("/".join(parts[:-1]))
        for depth in range(2, len(parts)):
            below.setdefault("/".join(parts[:depth]), info)
    return frozenset(holding), below


def _is_under_actions(parts: list[str]) -> bool:
    return MEANING_OF.get(parts[-2].lower()) is Meaning.ACTION or parts[-1].lower().endswith((".action", ".actions"))
