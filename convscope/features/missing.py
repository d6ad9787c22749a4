"""How many numbers of a log are missing: NaN, or infinite, which no feature can use."""

from collections.abc import Sequence

import numpy as np

from convscope.engine.fold import Fold
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import FieldSpec, Level
from convscope.values.header import Notice
from convscope.values.log import Block, TrajectoryLog


class MissingFold:
    """Counts the numbers that are not finite where an agent acts.

    Parameters
    ----------
    log
        The log that is read. Fields between pairs are not counted: an empty cell is ordinary there.
    folds
        All else that the pass computes: what they read is counted.
    """

    def __init__(self, log: TrajectoryLog, folds: Sequence[Fold]) -> None:
        fields = frozenset[str]().union(*(fold.fields for fold in folds))
        self._specs = tuple(f for f in log.header.fields if f.name in fields and f.level is not Level.PAIR)
        self._place = ", ".join(file.name for file in log.header.inputs) or "the log"

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that are counted."""
        return frozenset(spec.name for spec in self._specs)

    def start(self) -> IntArray:
        """Return no counts: missing numbers and numbers in all, shape (fields, 2)."""
        return np.zeros((len(self._specs), 2), dtype=np.int64)

    def add(self, state: IntArray, block: Block) -> IntArray:
        """Count a block's numbers."""
        counts = np.zeros_like(state)
        for i, spec in enumerate(self._specs):
            if spec.name in block.columns:
                is_finite, is_expected = np.isfinite(block.columns[spec.name]), _expected(spec, block)
                counts[i] = (is_expected & ~is_finite).sum(), is_expected.sum()
        return state + counts

    def merge(self, first: IntArray, second: IntArray) -> IntArray:
        """Add the counts."""
        return first + second

    def finish(self, state: IntArray) -> tuple[Notice, ...]:
        """Say which fields have missing numbers."""
        return tuple(
            Notice(
                code="missing-values",
                message=f"{missing:,} of {total:,} numbers of {spec.name} are NaN or infinite in {self._place}: "
                "treated as missing",
                where=spec.path or spec.name,
            )
            for spec, (missing, total) in zip(self._specs, state.tolist(), strict=True)
            if missing
        )


def _expected(spec: FieldSpec, block: Block) -> BoolArray:
    """Which numbers of a field should be there, of the field's shape in the block."""
    shape = block.columns[spec.name].shape
    is_acting = block.is_acting
    if spec.level is Level.TEAM:
        is_step = is_acting.any(axis=1)
        return np.broadcast_to(is_step.reshape(-1, *[1] * (len(shape) - 1)), shape)
    expected = np.broadcast_to(is_acting.reshape(*is_acting.shape, *[1] * (len(shape) - 2)), shape)
    if spec.widths is None:
        return expected
    # Narrower agents are padded: what is beyond their width was never there.
    return expected & (np.arange(shape[-1]) < np.array(spec.widths)[:, None])
