"""How each episode ends, from its last row's flags."""

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.status import EndKind, kinds_of_ends
from convscope_loaders.structure.numbers import is_set
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.rows import PlannedRows
from convscope_loaders.structure.segments import read_plain
from convscope_loaders.structure.templates import Template


def end_kinds(file: ArrayReader, episodes: EpisodeMapping | None, planned: PlannedRows) -> IntArray:
    """Return the `EndKind` of each episode, shape (E,).

    Notes
    -----
    Flags of unknown kind (``done``) leave it unknown: they mark time limits as well. A recording that stops where
    others have a flag is cut, and so is an episode without a flag where the log marks every end.
    """
    if episodes is None:
        return np.full(len(planned.plan.length), EndKind.UNKNOWN, dtype=np.int64)
    ahead = int(episodes.cut in {Cut.FIRST_ROWS, Cut.FINAL_FLAGS})
    terminated = _after_last_step(file, episodes.terminated, planned.plan, ahead=ahead)
    truncated = _after_last_step(file, episodes.truncated, planned.plan, ahead=ahead)
    kinds = kinds_of_ends(terminated, truncated, neither=EndKind.UNKNOWN).astype(np.int64)
    kinds[planned.is_open] = EndKind.CUT
    if episodes.ended is not None:
        kinds[~_after_last_step(file, episodes.ended, planned.plan, ahead=ahead)] = EndKind.CUT
    return kinds


def _after_last_step(file: ArrayReader, array: ArrayMapping | None, plan: RowPlan, *, ahead: int) -> BoolArray:
    """Read the flags of each last step: in its own row, or in the row ahead where flags are stored a step late."""
    has_flag = np.zeros(len(plan.length), bool)
    if array is None:
        return has_flag
    has_own = Axis.AGENT in Template(text=array.path).axes
    for cell in range(len(plan.cells)):
        here = np.flatnonzero(plan.cell == cell)
        for agent in range(len(plan.agents)) if has_own else (None,):
            stream = plan.stream_of(agent)
            # An agent whose rows stop before the episode does says nothing of the episode's end.
            stop = plan.offset[here, stream] + plan.count[here, stream]
            mine = here[(plan.count[here, stream] > 0) & (stop == plan.length[here])]
            if len(mine):
                flags = is_set(read_plain(file, array, plan.values_of(cell, agent)), is_negated=array.is_negated)
                last = plan.start[mine, stream] + plan.count[mine, stream] - 1 + ahead
                if ahead and array.axes:
                    is_there = last < flags.shape[int(Axis.EPISODE in array.axes)]
                    mine, last = mine[is_there], last[is_there]
                has_flag[mine] |= _picked(flags, array, plan.index[mine], last=last)
    return has_flag


def _picked(flags: BoolArray, array: ArrayMapping, index: IntArray, *, last: IntArray) -> BoolArray:
    if not array.axes:
        return np.full(len(last), bool(flags.any()))
    n_rows = flags.shape[1:2] if Axis.EPISODE in array.axes else flags.shape[:1]
    if last.max(initial=-1) >= max(n_rows, default=0) or index.max(initial=-1) >= len(flags):
        raise LogFormatError(f"{array.path} has end flags for fewer rows than there are actions")
    rows: BoolArray = flags[index, last] if Axis.EPISODE in array.axes else flags[last]
    return np.asarray(rows.reshape(len(last), -1).any(axis=1), dtype=np.bool_)
