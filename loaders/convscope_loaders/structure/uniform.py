"""Arrays of a file's first group in one form, whatever their order of axes: entries, rows, agents, values."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray, FloatArray
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import NEGATED
from convscope_loaders.structure.numbers import is_set
from convscope_loaders.structure.shapes import axes_of
from convscope_loaders.structure.templates import Cell

_Number = TypeVar("_Number", bound=np.generic)
_ROWS = (Axis.TIME, Axis.ROW)
_LEAD = ((Axis.EPISODE,), _ROWS, (Axis.AGENT,))


def view_of(
    family: Family, layout: Layout, sampler: Sampler, *, is_whole: bool, cell: Cell | None = None
) -> FloatArray | None:
    """Return the numbers of a family in one group of arrays.

    Parameters
    ----------
    family
        Datasets of one template.
    layout
        Of the file.
    sampler
        Reads them.
    is_whole
        Whether all of them are read, as for flags and masks; else as many rows as are enough to look at.
    cell
        The group; None for the one with the most rows.

    Returns
    -------
    FloatArray or None
        Shape (entries, rows, agents, values), with one entry, agent or value where the array has no such axis; None
        where it has no row for each step, holds nothing, is not there, or agents' own arrays are not alike.
    """
    axes = axes_of(family, layout)
    if axes is None or {Axis.ENTITY, Axis.SENDER} & set(axes):
        return None
    read = sampler.whole if is_whole else sampler.part
    group = family.by_cell.get(layout.largest[0] if cell is None else cell, ())
    n_lead = len(axes) - (axes[-1] is Axis.VALUE)
    if any(len(info.shape) < n_lead for info in group):
        return None
    views = [arranged(read(info.path), axes) for info in group]
    if len({view.shape[:2] + view.shape[3:] for view in views}) != 1 or not views[0].size:
        return None
    return np.concatenate(views, axis=2)


def flags_of(
    families: Iterable[Family], layout: Layout, sampler: Sampler, *, cell: Cell | None = None
) -> BoolArray | None:
    """Return end flags of several families together, shape (entries, rows, agents), with one column for a team's.

    Returns
    -------
    BoolArray or None
        None where there are none; families whose arrays are not like those of the first one do not count.
    """
    views = [(family, view_of(family, layout, sampler, is_whole=True, cell=cell)) for family in families]
    found = [is_set(view[..., 0], is_negated=family.meaning in NEGATED) for family, view in views if view is not None]
    alike = [one for one in found if one.shape[:2] == found[0].shape[:2] and one.shape[2] in {1, layout.n_agents}]
    return np.logical_or.reduce(np.broadcast_arrays(*alike)) if alike else None


def arranged(numbers: npt.NDArray[_Number], axes: Sequence[Axis]) -> npt.NDArray[_Number]:
    """Return an array in the form of `view_of`."""
    places = [next((at for at, axis in enumerate(axes) if axis in wanted), None) for wanted in _LEAD]
    found = [place for place in places if place is not None]
    moved = np.moveaxis(numbers, found, range(len(found)))
    sizes = [1 if place is None else numbers.shape[place] for place in places]
    return moved.reshape(*sizes, prod(moved.shape[len(found) :]))
