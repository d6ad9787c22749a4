"""Action spaces of a Minari dataset: what its metadata state, where the actions do not contradict it."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.values.arrays import IntArray
from convscope.values.figures import count
from convscope.values.header import ActionKind, ActionSpace, Notice
from convscope_loaders.minari.episodes import MinariExtent
from convscope_loaders.minari.layout import MinariLayout

_EPISODES_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """The actions of an agent in all episodes."""

    space: ActionSpace
    largest: IntArray
    """Of each component, shape (K,)."""
    is_whole: bool
    """Whether all are whole numbers from 0 on."""


def find_space(
    file: ArrayReader, layout: MinariLayout, extent: MinariExtent, *, key: str, stated: ActionSpace | None
) -> tuple[ActionSpace, tuple[Notice, ...]]:
    """Return an agent's action space, and a notice where the metadata state another.

    Parameters
    ----------
    file
        Open container.
    layout, extent
        Of the dataset.
    key
        The agent's, as the actions name it.
    stated
        What the metadata say; None where they say nothing.
    """
    width = int(np.prod(layout.leaves[f"actions/{key}"].shape[1:]))
    if stated is not None and stated.width == width and not stated.n:
        return stated, ()
    seen = _seen(file, layout, extent, key=key)
    if stated is None:
        return seen.space, ()
    if stated.width == width and seen.is_whole and (seen.largest < stated.n).all():
        return stated, ()
    message = f"metadata.json states {_shown(stated)}, and the actions are {_shown(seen.space)}: what they are counts"
    return seen.space, (Notice(code="other-space", message=message, where=f"actions/{key}"),)


def _seen(file: ArrayReader, layout: MinariLayout, extent: MinariExtent, *, key: str) -> _Seen:
    info = layout.leaves[f"actions/{key}"]
    width = int(np.prod(info.shape[1:]))
    largest, is_whole = np.zeros(width), True
    datasets = extent.datasets[f"actions/{key}"]
    held = np.flatnonzero(datasets.is_there)
    for some in np.split(held, range(_EPISODES_AT_A_TIME, len(held), _EPISODES_AT_A_TIME)):
        groups = [layout.episodes[episode] for episode in some.tolist()]
        actions = datasets.of(some).read(file, groups, start=np.zeros_like(some), stop=extent.length[some])
        numbers = actions.astype(np.float64).reshape(-1, width)
        largest = np.maximum(largest, numbers.max(axis=0, initial=0))
        is_whole &= bool(((numbers == np.floor(numbers)) & (numbers >= 0)).all())
    if np.dtype(info.dtype).kind == "f" or not width:
        space = ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
    else:
        kind = ActionKind.MULTI_DISCRETE if len(info.shape) > 1 else ActionKind.DISCRETE
        space = ActionSpace(kind=kind, n=tuple((largest.astype(np.int64) + 1).tolist()), width=width)
    return _Seen(space=space, largest=largest.astype(np.int64), is_whole=is_whole)


def _shown(space: ActionSpace) -> str:
    if not space.n:
        return f"{space.kind.value} actions of {count(space.width, 'number')}"
    return f"{space.kind.value} actions ({', '.join(map(str, space.n))})"
