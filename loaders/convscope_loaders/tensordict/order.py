"""Whether each row is followed by the one that the file holds next, and rows of one trajectory put together again.

What stands under ``next`` after a step is what the following row begins with; where it is not, the following row
belongs to something else, whatever the flags say: another environment, a later batch, or a random sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.structure.succession import is_same
from convscope_loaders.tensordict.present import path_of
from convscope_loaders.tensordict.tree import NEXT, TRAJECTORIES, Tree
from convscope_loaders.tensordict.view import Lead

_BYTES_AT_A_TIME = 32 << 20
_WATCHED = frozenset({Meaning.OBSERVATION, Meaning.STATE})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Following:
    """Which rows are followed by the next one of their stream."""

    is_followed: BoolArray
    """Shape (streams, rows - 1)."""
    path: str
    """The array that was watched."""


def find_following(file: ArrayReader, inventory: Inventory, tree: Tree, *, lead: Lead) -> Following | None:
    """Compare what follows each step with the next row, in the smallest observation that tells rows apart.

    Parameters
    ----------
    file
        Open view.
    inventory
        Of the view.
    tree
        The entries.
    lead
        The view's leading axes.

    Returns
    -------
    Following or None
        None where no observation does.
    """
    pairs = [(path_of(tree, key), path_of(tree, f"{NEXT}{key}")) for key in tree.of_groups if _is_pair(tree, key)]
    pairs += [(path, f"{NEXT}{path}") for path in tree.shared if f"{NEXT}{path}" in tree.shared and _is_watched(path)]
    for path, after in sorted(pairs, key=lambda pair: prod(inventory.datasets[pair[0]].shape)):
        if inventory.datasets[path].shape == inventory.datasets[after].shape:
            is_followed, varies = _compared(file, path, after, inventory=inventory, lead=lead)
            if varies:
                return Following(is_followed=is_followed, path=path)
    return None


def regathered(file: ArrayReader, tree: Tree, lead: Lead) -> Lead | None:
    """Return the order in which the rows of each trajectory lie together; None where they do, or nothing tells.

    Parameters
    ----------
    file
        Open view.
    tree
        The entries.
    lead
        The view's leading axes; of rows alone, so that a replay buffer mixes the environments that fill it.
    """
    if TRAJECTORIES not in tree.shared or len(lead.shape) != 1:
        return None
    _, first, number = np.unique(file.read(TRAJECTORIES), return_index=True, return_inverse=True)
    order = np.argsort(first[number.reshape(-1)], kind="stable")
    if np.array_equal(order, np.arange(len(order))):
        return None
    rows = np.concatenate([np.arange(*run) for run in lead.runs or ((0, lead.batch[0]),)])[order]
    starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
    stops = np.append(starts[1:], len(rows))
    runs = tuple((int(rows[start]), int(rows[stop - 1]) + 1) for start, stop in zip(starts, stops, strict=True))
    return replace(lead, runs=runs)


def _is_pair(tree: Tree, key: str) -> bool:
    return f"{NEXT}{key}" in tree.of_groups and _is_watched(key)


def _is_watched(path: str) -> bool:
    return meaning_of((path.rpartition("/")[2],)) in _WATCHED


def _compared(file: ArrayReader, path: str, after: str, *, inventory: Inventory, lead: Lead) -> tuple[BoolArray, bool]:
    pieces: list[BoolArray] = []
    sample: npt.NDArray[Any] | None = None
    varies = False
    for rows, follows in _blocks(file, path, after, inventory=inventory, lead=lead):
        n_lead = len(lead.shape)
        flat = rows.reshape(*rows.shape[:n_lead], prod(rows.shape[n_lead:]))
        other = follows.reshape(flat.shape)
        pieces.append(is_same(other, flat, n_lead))
        if flat.size:
            sample = flat.reshape(-1, flat.shape[-1])[0] if sample is None else sample
            varies = varies or bool((flat != sample).any())
    together = np.concatenate(pieces) if pieces else np.zeros((0, *lead.shape[1:]), bool)
    return np.asarray(lead.by_stream(together), dtype=np.bool_), varies


def _blocks(
    file: ArrayReader, path: str, after: str, *, inventory: Inventory, lead: Lead
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Return the rows from the second on and what should be the same, some of axis 0 at a time."""
    info = inventory.datasets[path]
    step = max(_BYTES_AT_A_TIME // max(prod(info.shape[1:]) * np.dtype(info.dtype).itemsize, 1), 1)
    if lead.axes[0] is Axis.EPISODE:
        for start in range(0, info.shape[0], step):
            rows, follows = file.read(path, start, start + step), file.read(after, start, start + step)
            yield rows[:, 1:], follows[:, :-1]
    else:
        for start in range(0, info.shape[0] - 1, step):
            stop = min(start + step, info.shape[0] - 1)
            yield file.read(path, start + 1, stop + 1), file.read(after, start, stop)
