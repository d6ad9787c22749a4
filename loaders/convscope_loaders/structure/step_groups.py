"""Groups that hold one timestep each, ``step_0/actions``: their arrays are stacked, one row a group."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import Axis, LogMapping
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import FLAG_MEANINGS, MEANING_OF, Meaning, stem_of
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import only_views

_STEMS = frozenset({"step", "timestep", "time_step", "t"})
_ENOUGH = 3
_ONE_A_STEP = frozenset({Meaning.ACTION, Meaning.REWARD, *FLAG_MEANINGS})


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedView:
    """The arrays of the same name in groups that follow each other."""

    path: str
    """Without the group."""
    first: ArrayInfo
    head: str
    names: tuple[str, ...]
    """Of the groups, in order."""

    @property
    def info(self) -> ArrayInfo:
        """With an axis of timesteps before the others."""
        return replace(self.first, path=self.path, shape=(len(self.names), *self.first.shape), pieces=None)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows, one out of each group."""
        tail = self.path[len(self.head) :]
        rows = [file.read(f"{self.head}/{name}{tail}") for name in self.names[start:stop]]
        return np.stack(rows) if rows else np.empty((0, *self.first.shape), self.first.dtype)


def stacked(container: Container, mapping: LogMapping | None) -> tuple[Container, str]:
    """Return a container with the arrays of such groups stacked, and that in words; as it is without any.

    Groups are timesteps where they count on from one to the next and an action, reward or end in them is one number.

    Parameters
    ----------
    container
        Arrays.
    mapping
        What they mean; where it names arrays in such groups they stay as they are.

    Raises
    ------
    LogFormatError
        If an array is left out in between, or changes its shape.
    """
    datasets = container.inventory.datasets
    arrays = _in_steps(container.inventory)
    named = () if mapping is None else (Template(text=array.path) for array in arrays_of(mapping))
    inside = {info.path for by_name in arrays.values() for info in by_name.values()}
    if not _are_steps(arrays) or any(path in inside for one in named for path, _ in matches(one, datasets)):
        return container, ""
    steps = _counting(container.inventory)
    views = [_view(head, tail, by_name, names=steps[head]) for (head, tail), by_name in arrays.items()]
    kept = {path: info for path, info in datasets.items() if path not in inside}
    moved = only_views(container, views)
    groups = [group for group in container.inventory.groups if not _is_step(group, steps)]
    groups += [part for view in views for part in _groups_of(view.path)]
    told = replace(moved.inventory, datasets={**kept, **moved.inventory.datasets}, groups=tuple(dict.fromkeys(groups)))
    names = next(iter(steps.values()))
    said = f"the groups {names[0]} to {names[-1]} are read as timesteps: a mapping names their arrays without the group"
    return replace(moved, inventory=told), said


def refuse_step_groups(families: Sequence[Family], place: str) -> None:
    """Refuse actions of several numbers in groups that count on from one to the next: agents, or rows of checkpoints.

    Raises
    ------
    LogFormatError
        If the groups may be timesteps; the message says how to write them.
    """
    for family in families:
        if family.meaning is Meaning.ACTION and Axis.CHECKPOINT in family.axes and len(family.first.shape) < 2:
            names = _in_order({values[Axis.CHECKPOINT] for _, values in family.members})
            if names:
                raise LogFormatError(
                    f"{place}:{family.first.path} {family.first.shape}: the groups {names[0]} to {names[-1]} may hold "
                    "one timestep each, or the rows of a checkpoint: write one array of all timesteps, such as actions "
                    "(time, agent); if they are checkpoints, call them checkpoint_0 and so on"
                )


_Arrays = Mapping[tuple[str, str], Mapping[str, ArrayInfo]]
"""By the path before and behind the group, and the group's name."""


def _counting(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Return the names of groups that count timesteps, by the group around them."""
    names: dict[str, set[str]] = defaultdict(set)
    for group in inventory.groups:
        head, _, name = group.rpartition("/")
        if stem_of(name)[0] in _STEMS:
            names[head].add(name)
    return {head: ordered for head, found in names.items() if (ordered := _in_order(found))}


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Return names that count on from one to the next, in order; nothing where they do not."""
    numbered = {int(number): name for name in names if (number := stem_of(name)[1]).isdecimal() and len(number) < 10}
    first = min(numbered, default=0)
    is_counted = len(numbered) == len(names) >= _ENOUGH and max(numbered) - first == len(numbered) - 1
    is_alike = {stem_of(name)[0] for name in names} <= _STEMS
    return tuple(numbered[number] for number in sorted(numbered)) if is_counted and is_alike else ()


def _in_steps(inventory: Inventory) -> _Arrays:
    steps = {head: frozenset(names) for head, names in _counting(inventory).items()}
    found: dict[tuple[str, str], dict[str, ArrayInfo]] = defaultdict(dict)
    for path, info in inventory.datasets.items() if steps else ():
        if info.is_text or info.columns:
            continue
        for head, name, tail in _cuts(path):
            if name in steps.get(head, ()):
                found[head, tail][name] = info
                break
    return found


def _cuts(path: str) -> Iterator[tuple[str, str, str]]:
    """Return what stands before, in and behind each group of a path, outermost first."""
    parts = path.split("/")
    for at in range(1, len(parts) - 1):
        yield "/".join(parts[:at]), parts[at], "/" + "/".join(parts[at + 1 :])


def _are_steps(arrays: _Arrays) -> bool:
    """Whether something of which each timestep has one is a single number: there is no room for more timesteps."""
    return any(
        info.shape == () and any(MEANING_OF.get(part.lower()) in _ONE_A_STEP for part in tail.split("/"))
        for (_, tail), by_name in arrays.items()
        for info in by_name.values()
    )


def _view(head: str, tail: str, by_name: Mapping[str, ArrayInfo], *, names: tuple[str, ...]) -> StackedView:
    own = names[: len(by_name)]
    first = next(iter(by_name.values()))
    missing = next((name for name in own if name not in by_name), None)
    if missing is not None:
        raise LogFormatError(
            f"{head}/{missing} holds no {tail[1:]}, which later timesteps have: write what is missing as NaN or -1"
        )
    odd = next((info for info in by_name.values() if (info.shape, info.dtype) != (first.shape, first.dtype)), None)
    if odd is not None:
        raise LogFormatError(
            f"{odd.path} {odd.shape} is not shaped as {first.path} {first.shape}: timesteps must be alike; fill up the "
            "shorter ones"
        )
    return StackedView(path=f"{head}{tail}", first=first, head=head, names=own)


def _is_step(group: str, steps: Mapping[str, tuple[str, ...]]) -> bool:
    return any(name in steps.get(head, ()) for head, name, _ in _cuts(f"{group}/"))


def _groups_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(2, len(parts))]
