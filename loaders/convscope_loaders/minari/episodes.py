"""The episodes of a Minari file: their lengths, ends and conditions."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.status import EndKind
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
    leaves: tuple[frozenset[str], ...]
    """Datasets of each episode, those without a row left out; one set for all where they agree."""


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
    leaves: list[frozenset[str]] = []
    has_final: list[bool] = []
    for group, n_steps in zip(layout.episodes, length.tolist(), strict=True):
        held = frozenset(leaf for leaf in used | _FLAGS if f"{group}/{leaf}" in inventory.datasets)
        sizes = {leaf: _checked(name, inventory, layout, group=group, leaf=leaf, n_steps=n_steps) for leaf in held}
        observed = [n for leaf, n in sizes.items() if leaf.startswith("observations/")]
        has_final.append(bool(observed) and min(observed) == n_steps + 1)
        leaves.append(held)
    return MinariExtent(
        length=length,
        rows=length + np.array(has_final, dtype=np.int64),
        is_present=np.array([[f"actions/{key}" in held for key in layout.keys] for held in leaves], dtype=np.bool_),
        leaves=tuple(leaves[:1]) if len(set(leaves)) == 1 else tuple(leaves),
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
        end=_ends(file, layout, extent.length),
        path=layout.episodes,
        declared_roles=np.full((n_episodes, len(layout.keys)), -1),
    )


def _checked(name: str, inventory: Inventory, layout: MinariLayout, *, group: str, leaf: str, n_steps: int) -> int:
    info = inventory.datasets[f"{group}/{leaf}"]
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


def _ends(file: ArrayReader, layout: MinariLayout, length: IntArray) -> ByteArray:
    kinds = {
        (True, False): EndKind.TERMINATED,
        (False, True): EndKind.TRUNCATED,
        (True, True): EndKind.AMBIGUOUS,
        (False, False): EndKind.CUT,
    }
    ends: list[EndKind] = []
    for group, n_steps in zip(layout.episodes, length.tolist(), strict=True):
        flags = [bool(file.read(f"{group}/{kind}", n_steps - 1).any()) for kind in ("terminations", "truncations")]
        ends.append(kinds[flags[0], flags[1]])
    return np.array(ends, dtype=np.uint8)


def _condition(inventory: Inventory, group: str) -> str | None:
    attributes = inventory.attributes.get(group, {})
    found = (attributes.get(name) for name in _CONDITIONS)
    return next((value for value in found if isinstance(value, str)), None)
