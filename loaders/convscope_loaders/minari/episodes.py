"""The episodes of a Minari file: their lengths, ends and conditions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.hdf5.gathering import stored_arrays
from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.status import EndKind, kinds_of_ends
from convscope_loaders.minari.datasets import EpisodeDatasets
from convscope_loaders.minari.layout import MinariLayout

_FLAGS = frozenset({"terminations", "truncations"})
_CONDITIONS = tuple(f"options/{name}" for name in ("layout", "map", "map_name", "scenario"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinariExtent:
    """How long each episode is, and who is in it."""

    length: IntArray
    """Joint steps, shape (E,)."""
    rows: IntArray
    """One more where a final observation follows, shape (E,)."""
    is_present: BoolArray
    """Shape (E, N)."""
    datasets: Mapping[str, EpisodeDatasets]
    """Those that are read, by their path within the episode."""


def find_extent(name: str, inventory: Inventory, layout: MinariLayout, *, used: frozenset[str]) -> MinariExtent:
    """Return the extent of the episodes, from the shapes of their datasets.

    Parameters
    ----------
    name
        The file, for errors.
    inventory, layout
        What it holds.
    used
        Leaves that are read; the others may have any shape.

    Raises
    ------
    LogFormatError
        If a dataset is neither as long as its episode nor one row longer, or is wider than in other episodes.
    """
    length = np.array([inventory.datasets[f"{group}/rewards"].shape[0] for group in layout.episodes], dtype=np.int64)
    sizes: dict[str, list[int]] = {leaf: [] for leaf in sorted(used | _FLAGS)}
    for group, n_steps in zip(layout.episodes, length.tolist(), strict=True):
        for leaf, n_rows in sizes.items():
            n_rows.append(_n_rows(name, inventory, layout, group=group, leaf=leaf, n_steps=n_steps))
    datasets = {leaf: _datasets(inventory, layout, leaf, n_rows=n_rows) for leaf, n_rows in sizes.items()}
    return MinariExtent(
        length=length,
        rows=length + _has_final(datasets, length),
        is_present=np.stack([datasets[f"actions/{key}"].is_there for key in layout.keys], axis=1),
        datasets=datasets,
    )


def read_episodes(
    run: str, inventory: Inventory, file: ArrayReader, *, layout: MinariLayout, extent: MinariExtent
) -> EpisodeTable:
    """Return the table of episodes."""
    n_episodes = len(layout.episodes)
    labels = [_condition(inventory, group) for group in layout.episodes]
    conditions = tuple(dict.fromkeys(label for label in labels if label is not None))
    return EpisodeTable(
        runs=(run,),
        checkpoints=(),
        conditions=conditions,
        run=np.zeros(n_episodes, np.int64),
        checkpoint=np.full(n_episodes, -1),
        condition=np.array([-1 if label is None else conditions.index(label) for label in labels], dtype=np.int64),
        number=np.arange(n_episodes),
        length=extent.length,
        rows=extent.rows,
        end=_ends(file, layout, extent),
        path=layout.episodes,
        declared_roles=np.full((n_episodes, len(layout.keys)), -1),
    )


def _n_rows(name: str, inventory: Inventory, layout: MinariLayout, *, group: str, leaf: str, n_steps: int) -> int:
    """Return how many rows a dataset has, -1 for one that is not there."""
    info = inventory.datasets.get(f"{group}/{leaf}")
    if info is None:
        return -1
    shape = info.shape
    if info.is_text or info.columns:
        raise LogFormatError(
            f"{name}:{group}/{leaf} holds no plain numbers, but {leaf.partition('/')[0]} must be numbers"
        )
    if not shape or shape[1:] != layout.leaves[leaf].shape[1:]:
        raise LogFormatError(f"{name}:{group}/{leaf} has rows of shape {shape[1:]}, unlike the other episodes")
    can_be_longer = leaf.startswith(("observations/", "infos/"))
    if shape[0] not in ((n_steps, n_steps + 1) if can_be_longer else (n_steps,)):
        raise LogFormatError(f"{name}:{group}/{leaf} has {shape[0]} rows for {n_steps} steps; the episode is not whole")
    return shape[0]


def _datasets(inventory: Inventory, layout: MinariLayout, leaf: str, *, n_rows: list[int]) -> EpisodeDatasets:
    stored = stored_arrays(inventory, [f"{group}/{leaf}" for group in layout.episodes])
    return EpisodeDatasets(leaf=leaf, n_rows=np.array(n_rows, dtype=np.int64), stored=stored)


def _has_final(datasets: Mapping[str, EpisodeDatasets], length: IntArray) -> BoolArray:
    """Return whether every observation of an episode has a row after the last step, shape (E,)."""
    observed = [held for leaf, held in datasets.items() if leaf.startswith("observations/")]
    has_some = np.zeros(len(length), np.bool_)
    is_short = np.zeros(len(length), np.bool_)
    for held in observed:
        has_some |= held.is_there
        is_short |= held.is_there & (held.n_rows <= length)
    return has_some & ~is_short


def _ends(file: ArrayReader, layout: MinariLayout, extent: MinariExtent) -> ByteArray:
    has_flag = {kind: _last_flags(file, layout, extent, kind=kind) for kind in _FLAGS}
    return kinds_of_ends(has_flag["terminations"], has_flag["truncations"], neither=EndKind.CUT)


def _last_flags(file: ArrayReader, layout: MinariLayout, extent: MinariExtent, *, kind: str) -> BoolArray:
    flags = extent.datasets[kind].read(file, layout.episodes, start=extent.length - 1, stop=extent.length)
    return np.asarray(flags.reshape(len(layout.episodes), -1).any(axis=1), dtype=np.bool_)


def _condition(inventory: Inventory, group: str) -> str | None:
    attributes = inventory.attributes.get(group, {})
    found = (attributes.get(name) for name in _CONDITIONS)
    return next((value for value in found if isinstance(value, str)), None)
