"""Rows of blocks that never happened, where no list, mask or flag tells them."""

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Cut, EpisodeMapping, LogMapping
from convscope.values.arrays import BoolArray, FloatArray
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.evidence import rows_missing
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.shapes import axes_of
from convscope_loaders.structure.templates import Cell

_FEW = 3
"""Rows that repeat the one before by accident."""
_WEIGHED = (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION, Meaning.REWARD)
_NEVER_ZERO = (Meaning.OBSERVATION, Meaning.POSITION)
"""Arrays in which a row of nothing but zeros is no sight of any world."""


def find_padding(clues: Clues) -> tuple[Cut, ArrayMapping | None, str]:
    """Look for rows at the end of episodes that hold nothing.

    Parameters
    ----------
    clues
        The file, of which the first rows are read.

    Returns
    -------
    cut
        ``whole`` where every row happened.
    array
        What tells the padding.
    said
        In words; empty where there is nothing to say.

    Raises
    ------
    AmbiguousLogError
        If they are zeros, which may as well have been logged.
    """
    layout = clues.layout
    told = [_padding_of(clues, cell) for cell in layout.largest]
    missing = next((family for cut, family in told if cut is Cut.MISSING), None)
    if missing is not None:
        said = f"rows at the end of an episode in which {missing.template.text} holds nothing but NaN or -1 are padding"
        return Cut.MISSING, _array(missing, layout), said
    zeros = next((family for cut, family in told if cut is Cut.ZEROS), None)
    if zeros is not None:
        raise _zeros_or_steps(zeros, layout, clues.place)
    repeats = next((family for cut, family in told if cut is Cut.REPEATS), None)
    if repeats is not None:
        raise _repeats_or_steps(repeats, layout, clues.place)
    has_time = len(layout.container) > 1
    return Cut.WHOLE, None, "every row of the time axis happened: nothing marks padding" if has_time else ""


def _padding_of(clues: Clues, cell: Cell) -> tuple[Cut, Family | None]:
    """Return how rows at the end of one group's episodes are blank, and in which array."""
    views = [(family, clues.view(family, cell, is_whole=False)) for family in clues.called(*_WEIGHED)]
    told = [(family, view) for family, view in views if view is not None and view.shape[1] > 1]
    # Of wide arrays fewer entries are read.
    n_entries = min((len(view) for _, view in told), default=0)
    seen = [(family, view[:n_entries]) for family, view in told]
    for family, view in seen:
        # A reward of -1 is a reward.
        if family.meaning is not Meaning.REWARD and _trailing(rows_missing(view, family.meaning)).any():
            return Cut.MISSING, family
    sight = next((family for family, _ in seen if family.meaning in _NEVER_ZERO), None)
    n_rows = min((view.shape[1] for _, view in seen), default=0)
    zeros = [_trailing((view == 0).all(axis=(2, 3)))[:, :n_rows] for _, view in seen]
    if sight is not None and np.logical_and.reduce(zeros).any():
        return Cut.ZEROS, sight
    if sight is not None and _ends_in_repeats([view[:, :n_rows] for _, view in seen]):
        return Cut.REPEATS, sight
    return Cut.WHOLE, None


def _ends_in_repeats(views: list[FloatArray]) -> bool:
    """Whether the last rows of some entries repeat the one before in all that is logged, and no other rows do."""
    same = np.logical_and.reduce([np.equal(view[:, 1:], view[:, :-1]).all(axis=(2, 3)) for view in views])
    trailing = _trailing(same)
    return int(trailing.sum()) >= _FEW and not (same & ~trailing).any() and not trailing.all(axis=1).any()


def _trailing(is_blank: BoolArray) -> BoolArray:
    """Return the blank rows that reach to the end of their entry."""
    found: BoolArray = np.logical_and.accumulate(is_blank[:, ::-1], axis=1)[:, ::-1]
    return found


def _array(family: Family, layout: Layout) -> ArrayMapping:
    return ArrayMapping(path=family.template.text, axes=axes_of(family, layout) or ())


def _repeats_or_steps(family: Family, layout: Layout, place: str) -> AmbiguousLogError:
    return ambiguous(
        place,
        f"the last rows of some episodes, which repeat the row before in {family.template.text} and beside it,",
        ["padding after the last step", "steps in which nothing moved"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.REPEATS, array=_array(family, layout))),
        changes=[f'reading 2: cut = "{Cut.WHOLE}", without a list'],
    )


def _zeros_or_steps(family: Family, layout: Layout, place: str) -> AmbiguousLogError:
    return ambiguous(
        place,
        f"the last rows of some episodes, which hold nothing but zeros in {family.template.text} and beside it,",
        ["padding after the last step", "steps that happened"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.ZEROS, array=_array(family, layout))),
        changes=[f'reading 2: cut = "{Cut.WHOLE}", without a list'],
    )
