"""Looks for runs, checkpoints and conditions that no path tells: in arrays with one an episode, and attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from convscope.ingest.mapping import ArrayMapping, Axis, LabelMapping
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.facts import stripped
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.labels import attribute_names, attribute_of, label_text
from convscope_loaders.structure.shapes import axes_of
from convscope_loaders.structure.templates import Cell, cell_of

_KEYS = {
    Axis.RUN: "run run_id run_name run_index train_run training_run train_seed training_seed experiment_seed seed",
    Axis.CHECKPOINT: "checkpoint ckpt checkpoint_id checkpoint_step training_step train_step update iteration epoch "
    "global_step policy_version generation",
    Axis.CONDITION: "layout layout_name map map_name scenario scenario_name level task task_name condition variant "
    "terrain",
}
_SEEDS = frozenset({"seed"})
"""May be those of a training run, or of an environment's start."""
_MAX_LABEL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLabels:
    """Where labels are."""

    labels: Mapping[Axis, LabelMapping]
    used: frozenset[str]
    """Templates of the arrays that hold them."""
    assumptions: tuple[str, ...]


def find_labels(clues: Clues) -> FoundLabels:
    """Look for labels of the axes that no path tells."""
    labels: dict[Axis, LabelMapping] = {}
    said: list[str] = []
    for axis, keys in _KEYS.items():
        if axis in clues.layout.reference.axes:
            continue
        found = _in_arrays(clues, axis, keys.split()) or _in_attributes(clues, axis, keys.split())
        if found is not None:
            label, place = found
            labels[axis] = label
            said.append(f"{place} holds the {axis} of each episode")
    used = frozenset(label.array.path for label in labels.values() if label.array is not None)
    return FoundLabels(labels=labels, used=used, assumptions=tuple(said))


def _in_arrays(clues: Clues, axis: Axis, keys: Sequence[str]) -> tuple[LabelMapping, str] | None:
    for key in keys:
        for family in clues.families:
            if family.key.lower() != key or family.is_next or not _is_of_episodes(clues, family):
                continue
            axes = _label_axes(clues, family)
            values = None if axes is None else _values(clues, family)
            is_constant = not axes and not family.axes
            if axes is not None and values is not None and _are_labels(values, axis, key, is_constant=is_constant):
                array = ArrayMapping(path=family.template.text, axes=axes)
                return LabelMapping(array=array, prefix=f"{key}_"), family.template.text
    return None


def _is_of_episodes(clues: Clues, family: Family) -> bool:
    """Whether a family lies in the groups of arrays that hold the actions, or around them."""
    outer = set(clues.layout.reference.axes) - {Axis.AGENT}
    return set(family.axes) <= outer and not family.first.columns


def _label_axes(clues: Clues, family: Family) -> tuple[Axis, ...] | None:
    shape = stripped(family.first.shape)
    if not shape:
        return ()
    if len(shape) > 1:
        return None
    sizes = [one for _, values in family.members for one in clues.layout.sizes(values)]
    axes = axes_of(family, clues.layout)
    if axes == (Axis.ROW,):
        return axes
    n_entries = family.first.shape[0]
    is_per_episode = bool(sizes) and all(one.get(Axis.EPISODE, n_entries) == n_entries for one in sizes)
    return (Axis.EPISODE,) if is_per_episode and Axis.EPISODE not in clues.layout.reference.axes else None


def _values(clues: Clues, family: Family) -> dict[Cell, list[str | None]]:
    found: dict[Cell, list[str | None]] = {}
    for cell, infos in family.by_cell.items():
        info = infos[0]
        values = clues.sampler.texts(info.path) if info.is_text else clues.sampler.whole(info.path).ravel().tolist()
        found[cell] = [label_text(value) for value in values]
    return found


def _in_attributes(clues: Clues, axis: Axis, keys: Sequence[str]) -> tuple[LabelMapping, str] | None:
    """Look at the groups on the way to the actions, the innermost first, and at the file's own attributes."""
    parts = clues.layout.reference.template.text.split("/")[:-1]
    inner = ["/".join(parts[:depth]) for depth in range(len(parts), 1, -1)]
    around = [group for group in inner if "{agent}" not in group]
    named = attribute_names(clues.inventory)
    for group in (*around, "", "/metadata", "/meta", "/config", "/info"):
        for key in [key for key in keys if key in named]:
            attribute = f"{group or '/'}@{key}"
            values = {
                cell_of(values): [label_text(attribute_of(clues.inventory, attribute, values))]
                for _, values in clues.layout.reference.members
            }
            if all(own == [None] for own in values.values()):
                continue
            if _are_labels(values, axis, key, is_constant="{" not in group):
                return LabelMapping(attribute=attribute, prefix=f"{key}_"), attribute
    return None


def _are_labels(values: Mapping[Cell, Sequence[str | None]], axis: Axis, key: str, *, is_constant: bool) -> bool:
    """Whether values tell groups of episodes: short, and none alone where the key may mean an episode's own."""
    listed = [value for own in values.values() for value in own]
    known = [value for value in listed if value is not None]
    if not known or any(len(value) > _MAX_LABEL or set(value) & set("[]{}()\n,;") for value in known):
        return False
    if is_constant:
        return axis is not Axis.CONDITION or all(value.count(" ") < 3 for value in known)
    if key in _SEEDS:
        # A training run has several episodes on end; an environment starts each of them from another seed.
        return len(known) > 1 and 2 * sum(one == other for one, other in pairwise(known)) >= len(known) - 1
    return len(set(known)) < len(known)
