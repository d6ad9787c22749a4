"""What a view shows of a TensorDict: one array a key, with all agents on one axis."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.names import in_numbered_order
from convscope_loaders.tensordict.tree import DONE, NEXT, Group, Tree
from convscope_loaders.tensordict.view import Joined, Lead, Part

ALIVE = "/@alive"
"""True for agents that were not done before the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The arrays of a view."""

    inventory: Inventory
    joined: Mapping[str, Joined]


def present(
    inventory: Inventory, tree: Tree, *, lead: Lead | None = None, prefixes: tuple[str, ...] = ("",)
) -> Presented:
    """Lay out all arrays of a TensorDict, or of several that are alike.

    Parameters
    ----------
    inventory
        What the file holds.
    tree
        The entries of the TensorDict, their paths without a prefix.
    lead
        How rows are rearranged; None where they stay as they are, on one axis.
    prefixes
        Groups of the file, each of which holds such a TensorDict.
    """
    layout = _Layout(inventory=inventory, tree=tree, lead=lead)
    infos: dict[str, ArrayInfo] = {}
    joined: dict[str, Joined] = {}
    for prefix in prefixes:
        plain = [*tree.shared, *(path_of(tree, key) for key in tree.of_groups if is_plain(tree, key))]
        for path in plain:
            info = inventory.datasets.get(f"{prefix}{path}")
            if info is not None:
                infos[info.path] = layout.plain(info)
        together = {path_of(tree, key): key for key in tree.of_groups if not is_plain(tree, key)}
        alive = {ALIVE: DONE} if DONE in tree.of_groups else {}
        for path, key in (together | alive).items():
            parts = layout.parts(key, prefix)
            if any(part.paths for part in parts):
                joined[f"{prefix}{path}"] = Joined(parts=parts, is_negated=path == ALIVE)
                infos[f"{prefix}{path}"] = layout.together(f"{prefix}{path}", joined[f"{prefix}{path}"])
    shown = Inventory(
        datasets={path: infos[path] for path in in_numbered_order(infos)},
        groups=inventory.groups,
        attributes=inventory.attributes,
        notices=inventory.notices,
    )
    return Presented(inventory=shown, joined=joined)


def is_plain(tree: Tree, key: str) -> bool:
    """Whether a key is one array that has all agents on an axis already."""
    paths = tree.of_groups[key]
    return len(paths) == 1 and len(paths[0]) == 1 and tree.groups[0].has_axis


def path_of(tree: Tree, key: str) -> str:
    """Return the view's path for a key of the groups: the array's own where nothing is put together."""
    if is_plain(tree, key):
        return tree.of_groups[key][0][0]
    prefix, name = (NEXT, key.removeprefix(NEXT)) if key.startswith(f"{NEXT}/") else ("", key)
    return f"{prefix}/{'+'.join(group.path.strip('/') for group in tree.groups)}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    inventory: Inventory
    tree: Tree
    lead: Lead | None

    def plain(self, info: ArrayInfo) -> ArrayInfo:
        return ArrayInfo(path=info.path, shape=(*self._rows(info), *info.shape[self._rank :]), dtype=info.dtype)

    def together(self, path: str, joined: Joined) -> ArrayInfo:
        found = [self.inventory.datasets[inner] for part in joined.parts for inner in part.paths]
        dtype = "|b1" if joined.is_negated else np.result_type(*(np.dtype(info.dtype) for info in found)).str
        return joined.info(path, self._rows(found[0]), dtype)

    def parts(self, key: str, prefix: str) -> tuple[Part, ...]:
        pairs = zip(self.tree.groups, self.tree.of_groups[key], strict=True)
        return tuple(self._part(group, [f"{prefix}{path}" for path in paths]) for group, paths in pairs)

    @property
    def _rank(self) -> int:
        return len(self.tree.batch)

    def _rows(self, info: ArrayInfo) -> tuple[int, ...]:
        return info.shape[: self._rank] if self.lead is None else self.lead.shape

    def _part(self, group: Group, paths: list[str]) -> Part:
        found = [self.inventory.datasets[path] for path in paths if path in self.inventory.datasets]
        return Part(
            paths=tuple(info.path for info in found),
            n_agents=group.n_agents,
            width=sum(prod(info.shape[self._rank + group.has_axis :]) for info in found),
        )
