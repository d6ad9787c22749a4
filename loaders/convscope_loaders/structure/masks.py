"""What an array called ``mask`` is of, by its numbers: steps that happened, agents that are there, or ends.

Rollouts and replay buffers keep 1 minus the end flag under that name.
"""

from dataclasses import replace

import numpy as np

from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.evidence import Sampler, is_filled_from_start
from convscope_loaders.structure.facts import stripped
from convscope_loaders.structure.families import MASK_NAMES, Family
from convscope_loaders.structure.lexicon import Meaning


def with_ends_told(family: Family, sampler: Sampler) -> Family:
    """Return a family of masks with the meaning that its numbers have; others as they are."""
    is_open = family.meaning in {Meaning.FILLED, Meaning.ALIVE} and family.key.lower() in MASK_NAMES
    if not is_open or family.first.is_text or family.first.columns or not family.first.shape:
        return family
    together = next(iter(family.by_cell.values())) if Axis.AGENT in family.axes else (family.first,)
    if len({info.shape for info in together}) > 1:
        return family
    read = [sampler.whole(info.path) for info in together]
    numbers = np.stack([numbers.reshape(stripped(numbers.shape)) for numbers in read], axis=-1)
    numbers = numbers if Axis.AGENT in family.axes else numbers[..., 0]
    zeros = np.asarray(numbers == 0, dtype=np.bool_)
    if not zeros.any() or not np.isin(numbers, (0, 1)).all():
        return family
    is_of_ends = _are_ends_of_all(zeros) if family.meaning is Meaning.ALIVE else not _is_padding(zeros)
    return replace(family, meaning=Meaning.NOT_DONE) if is_of_ends else family


def _is_padding(zeros: BoolArray) -> bool:
    """Whether a mask without an axis of agents covers the beginning of each episode; a stream has no padding."""
    return zeros.ndim > 1 and any(is_filled_from_start(~zeros, axis) for axis in range(2))


def _are_ends_of_all(zeros: BoolArray) -> bool:
    """Whether all agents of some row are masked, and none of the row before or after it: nobody is dead so briefly."""
    of_all: BoolArray = np.all(zeros, axis=-1)
    rows: BoolArray = of_all if of_all.ndim > 1 else np.reshape(of_all, (-1, 1))
    return any(_are_single(np.moveaxis(rows, axis, 0)) for axis in range(rows.ndim)) and bool(of_all.any())


def _are_single(rows: BoolArray) -> bool:
    # The last row may be one of several that are left out.
    inner = rows[1:-1]
    return bool(inner.any()) and not bool((inner & (rows[:-2] | rows[2:])).any())
