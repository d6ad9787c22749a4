"""Arrays called ``scout_obs``, ``obs_scout`` or ``ep0_agent1_act``, read as if they lay in groups: ``/scout/obs``."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import LogMapping
from convscope_loaders.structure.families import FOLLOWED
from convscope_loaders.structure.leaf_names import LeafNames
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning, axis_of_stem, stem_of
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import only_views

_ACTS = frozenset({Meaning.ACTION, Meaning.ACTION_ONE_HOT})
_BESIDE = frozenset({Meaning.OBSERVATION, Meaning.REWARD, Meaning.POSITION})
_FIELDS = "|".join(sorted((name for name in {*MEANING_OF, *FOLLOWED} if len(name) > 1), key=len, reverse=True))
_FIELD_LAST = re.compile(rf"(.+?)[_\-.]({_FIELDS})", re.I)
_FIELD_FIRST = re.compile(rf"({_FIELDS})[_\-.](.+)", re.I)
_LEVELS = re.compile(r"[A-Za-z]+[_\-]?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedView:
    """An array under another path."""

    path: str
    own: ArrayInfo

    @property
    def info(self) -> ArrayInfo:
        """As it is stored, under its new path."""
        return replace(self.own, path=self.path)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows of the array."""
        return file.read(self.own.path, start, stop)


def grouped_paths(inventory: Inventory) -> Mapping[str, str]:
    """Return where arrays whose names tell an agent or an episode would lie in groups; empty where it is not needed.

    It is needed where no array is called actions, and those called so with something before (or behind) that tell them
    apart have observations or rewards called so, too.
    """
    leaves = LeafNames(inventory, (), {})
    if any(_is_plain(path, leaves) for path in inventory.datasets):
        return {}
    for pattern, at in ((_FIELD_LAST, 1), (_FIELD_FIRST, 2)):
        found = {path: own for path in inventory.datasets if (own := _grouped(path, pattern, at)) is not None}
        meanings: dict[str, set[Meaning | None]] = defaultdict(set)
        for own in found.values():
            group, name = own.rsplit("/", 1)
            meanings[group].add(MEANING_OF.get(name.lower()))
        if meanings and all(own & _ACTS and own & _BESIDE for own in meanings.values()):
            return found
    return {}


def regrouped(container: Container, mapping: LogMapping | None) -> tuple[Container, str]:
    """Return a container with such arrays in groups, and that in words; as it is where a mapping names them."""
    inventory = container.inventory
    paths = grouped_paths(inventory)
    named = () if mapping is None else (Template(text=array.path) for array in arrays_of(mapping))
    if not paths or any(path in paths for one in named for path, _ in matches(one, inventory.datasets)):
        return container, ""
    groups = {part for own in paths.values() for part in _groups_of(own)}
    views = [RenamedView(path=own, own=inventory.datasets[path]) for path, own in paths.items()]
    moved = only_views(container, views)
    kept = {path: info for path, info in inventory.datasets.items() if path not in paths}
    told = replace(
        moved.inventory,
        datasets={**kept, **moved.inventory.datasets},
        groups=tuple(dict.fromkeys((*inventory.groups, *sorted(groups)))),
    )
    first, own = next(iter(paths.items()))
    said = f"names that tell agents or episodes apart are read as groups, which a mapping names: {first} as {own}"
    return replace(moved, inventory=told), said


def _is_plain(path: str, leaves: LeafNames) -> bool:
    """Whether an array is called actions, alone or with an agent that other rules tell."""
    leaf = leaves.fold(path, is_in_episode=False)
    name = path.rsplit("/", 1)[-1] if leaf is None else leaf.text
    parts = re.split(r"[./]", re.sub(r"[_\-.]*\{[a-z]+\}[_\-.]*", "", name))
    return any(MEANING_OF.get(part.lower()) in _ACTS for part in (*parts, path.rsplit("/", 2)[-2]))


def _grouped(path: str, pattern: re.Pattern[str], at: int) -> str | None:
    group, name = path.rsplit("/", 1)
    found = pattern.fullmatch(name)
    if found is None or name.lower() in MEANING_OF or name.lower() in FOLLOWED:
        return None
    return "/".join([group, *_levels(found[at]), found[3 - at]])


def _levels(text: str) -> list[str]:
    """Split ``ep0_agent1`` into what it counts; what is no chain of numbered names stays as it is."""
    parts = _LEVELS.findall(text)
    is_chain = "".join(re.findall(r"\w", "".join(parts))) == re.sub(r"(?<=\d)[_\-.](?=[A-Za-z])", "", text)
    is_told = all(axis_of_stem(stem_of(part)[0]) is not None for part in parts)
    return parts if len(parts) > 1 and is_chain and is_told else [text]


def _groups_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(2, len(parts))]
