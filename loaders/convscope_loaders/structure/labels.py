"""Runs, checkpoints and conditions that arrays or attributes tell, instead of paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader, Inventory, Value
from convscope.ingest.mapping import Axis, LabelMapping, LogMapping
from convscope.ingest.names import in_numbered_order
from convscope.values.arrays import IntArray
from convscope.values.header import Notice
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.templates import Template

Labels = tuple[str | None, ...]
"""Of each episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLabels:
    """What was read."""

    labels: Labels
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeLabels:
    """Run, checkpoint and condition of each episode of a plan, and the order of the log."""

    runs: tuple[str, ...]
    checkpoints: tuple[str, ...]
    conditions: tuple[str, ...]
    run: IntArray
    """Index into ``runs``, shape (E,)."""
    checkpoint: IntArray
    """Index into ``checkpoints``, -1 for none, shape (E,)."""
    condition: IntArray
    """Index into ``conditions``, -1 for none, shape (E,)."""
    order: IntArray
    """Episodes of the plan in log order: a run's together, its checkpoints in training order, shape (E,)."""
    notices: tuple[Notice, ...]


def label_episodes(
    inventory: Inventory, file: ArrayReader, mapping: LogMapping, *, plan: RowPlan, default: str
) -> EpisodeLabels:
    """Label the episodes of a plan, by paths where these tell, else as the mapping says.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file.
    mapping
        Where labels are that no path tells.
    plan
        Where the rows of each episode are.
    default
        The run of episodes that have none.
    """
    notices: list[Notice] = []
    found: dict[Axis, tuple[tuple[str, ...], IntArray]] = {}
    declared = {Axis.RUN: mapping.run, Axis.CHECKPOINT: mapping.checkpoint, Axis.CONDITION: mapping.condition}
    for axis, label in declared.items():
        by_path: list[str | None] = [plan.cells[cell].get(axis) for cell in plan.cell.tolist()]
        read = None if label is None else read_labels(inventory, file, label, plan=plan)
        labels = by_path if read is None else list(read.labels)
        notices += () if read is None else read.notices
        if axis is Axis.RUN:
            labels = [default if text is None else text for text in labels]
        names = tuple(dict.fromkeys(text for text in labels if text is not None))
        names = names if read is None else in_numbered_order(names)
        code_of = {name: code for code, name in enumerate(names)}
        found[axis] = names, np.array([-1 if text is None else code_of[text] for text in labels], dtype=np.int64)
    (runs, run), (checkpoints, checkpoint), (conditions, condition) = (found[axis] for axis in declared)
    return EpisodeLabels(
        runs=runs,
        checkpoints=checkpoints,
        conditions=conditions,
        run=run,
        checkpoint=checkpoint,
        condition=condition,
        order=np.lexsort((np.arange(len(run)), checkpoint, run)),
        notices=tuple(notices),
    )


def read_labels(inventory: Inventory, file: ArrayReader, mapping: LabelMapping, *, plan: RowPlan) -> ReadLabels:
    """Read the label of each episode.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file.
    mapping
        Where the labels are.
    plan
        Where the rows of each episode are.

    Returns
    -------
    ReadLabels
        None for each episode, with a notice, where the array has not one label for each.
    """
    labels: list[str | None] = [None] * len(plan.length)
    for cell in range(len(plan.cells)):
        here = np.flatnonzero(plan.cell == cell)
        if mapping.attribute:
            own = attribute_of(inventory, mapping.attribute, plan.cells[cell])
            told: Sequence[Value | None] | None = [own] * len(here)
        else:
            told = _values(inventory, file, mapping, plan=plan, cell=cell, here=here)
        if told is None:
            place = "" if mapping.array is None else mapping.array.path
            message = f"{place} has not one label for each episode; it is left out"
            return ReadLabels(
                labels=(None,) * len(plan.length), notices=(Notice(code="labels", message=message, where=place),)
            )
        for episode, value in zip(here.tolist(), told, strict=True):
            labels[episode] = label_text(value, names=mapping.names, prefix=mapping.prefix)
    return ReadLabels(labels=tuple(labels))


def attribute_of(inventory: Inventory, attribute: str, values: Mapping[Axis, str]) -> Value | None:
    """Return an attribute, written as group, ``@`` and name, of one group of arrays; None if it is not there."""
    group, _, name = attribute.rpartition("@")
    return inventory.attributes.get(Template(text=group or "/").fill(values), {}).get(name)


def attribute_names(inventory: Inventory) -> frozenset[str]:
    """Return the names of all attributes: what is not among them need not be looked for in thousands of groups."""
    return frozenset(name for attributes in inventory.attributes.values() for name in attributes)


def label_text(value: Value | None, *, names: Sequence[str] = (), prefix: str = "") -> str | None:
    """Return a label for a text or a number; None for anything else, and for nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, tuple) or value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    number = int(value) if float(value).is_integer() else value
    if isinstance(number, int) and 0 <= number < len(names):
        return names[number]
    return f"{prefix}{number}"


def _values(
    inventory: Inventory, file: ArrayReader, mapping: LabelMapping, *, plan: RowPlan, cell: int, here: IntArray
) -> Sequence[Value | None] | None:
    if mapping.array is None:
        return [None] * len(here)
    path = Template(text=mapping.array.path).fill(plan.cells[cell])
    info = inventory.datasets.get(path)
    if info is None:
        return [None] * len(here)
    values: list[Value] = list(file.read_text(path)) if info.is_text else np.asarray(file.read(path)).ravel().tolist()
    if not mapping.array.axes:
        return values[:1] * len(here)
    if mapping.array.axes[0] is Axis.EPISODE and len(mapping.array.axes) == 1:
        index = plan.index[here] if plan.index[here].min(initial=0) >= 0 else plan.ordinal[here]
        return [values[at] for at in index.tolist()] if len(values) > index.max(initial=-1) else None
    starts, lengths = plan.start[here, -1].tolist(), plan.length[here].tolist()
    rows = [values[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    return [own[0] for own in rows] if all(own and len(set(own)) == 1 for own in rows) else None
