"""Rows of a block as the second pass sees them: columns beyond their means, at the lags of a design."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.behaviour.acting import has_choice, is_live
from convscope.routing.predictive.plan import Design, Plan
from convscope.routing.predictive.reading import read_columns
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block

_QUANTUM = 2.0**26


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Columns of a block, beyond their mean at each time; 0 where missing."""

    values: FloatArray
    is_known: BoolArray | None
    """None where nothing is missing."""
    is_choosing: BoolArray
    is_live: BoolArray
    offsets: IntArray


def read_panel(plan: Plan, block: Block) -> Panel:
    """Read a block's columns and sweep out what is common to a time in the episode."""
    values = read_columns(block, plan.columns)
    n_groups, n_intervals, n_columns = plan.mean.shape
    mean = plan.mean.reshape(n_groups * n_intervals, n_columns)[plan.clock.cells(block)]
    is_known = np.isfinite(values)
    values -= mean
    values *= plan.scale
    is_whole = bool(is_known.all())
    if not is_whole:
        values[~is_known] = 0.0
    return Panel(
        values=values,
        is_known=None if is_whole else is_known,
        is_choosing=has_choice(block),
        is_live=is_live(block),
        offsets=block.offsets,
    )


def centred_samples(panel: Panel, design: Design) -> Iterator[FloatArray]:
    """Return the samples of each episode in turn, less their mean over the episode; shape (samples, P) each."""
    samples = _samples(panel, design.targets, most_lag=int(design.lag.max(initial=0)))
    ends = np.searchsorted(samples, panel.offsets)
    lagged = _lagged(panel, design)
    for first, last in pairwise(ends.tolist()):
        has_any = lagged and last > first
        yield _centred(lagged, samples[first:last]) if has_any else np.zeros((last - first, len(design.lag)))


def design_sums(panel: Panel, design: Design, *, place: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the samples of each episode, and the summed products of each unit; ``place`` is each episode's unit."""
    n_columns = len(design.lag)
    total = np.zeros((int(place.max()) + 1, n_columns, n_columns))
    n_samples = np.zeros(len(place))
    for episode, (unit, values) in enumerate(zip(place.tolist(), centred_samples(panel, design), strict=True)):
        n_samples[episode] = len(values)
        if values.size > 0:
            total[unit] += _products(values)
    return n_samples, total


def _samples(panel: Panel, targets: tuple[int, ...], *, most_lag: int) -> IntArray:
    """Return the rows at which the receivers chose, and were there all the way back."""
    target = list(targets)
    is_there: BoolArray = np.asarray(panel.is_live[:, target].all(axis=1))
    is_sample: BoolArray = np.asarray(panel.is_choosing[:, target].all(axis=1))
    for lag in range(1, most_lag + 1):
        is_sample[lag:] &= is_there[:-lag]
        # What is further back than the episode reaches belongs to another one.
        is_sample[(panel.offsets[:-1] + lag - 1)[np.diff(panel.offsets) >= lag]] = False
    return np.flatnonzero(is_sample)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lagged:
    """The columns that a design holds at one lag."""

    lag: int
    values: FloatArray
    is_known: BoolArray | None
    """None where nothing is missing."""


def _lagged(panel: Panel, design: Design) -> list[_Lagged]:
    held: list[_Lagged] = []
    n_columns = panel.values.shape[1]
    for lag in np.unique(design.lag).tolist():
        columns = design.column[np.equal(design.lag, lag)]
        is_every = len(columns) == n_columns and np.array_equal(columns, np.arange(n_columns))
        of_lag = slice(None) if is_every else columns
        is_known = None if panel.is_known is None else panel.is_known[:, of_lag]
        held.append(_Lagged(lag=lag, values=panel.values[:, of_lag], is_known=is_known))
    return held


def _centred(lagged: Sequence[_Lagged], rows: IntArray) -> FloatArray:
    first, last = int(rows[0]), int(rows[-1])
    is_run = last - first + 1 == len(rows)
    places = [slice(first - each.lag, last + 1 - each.lag) if is_run else rows - each.lag for each in lagged]
    values = np.concatenate([each.values[at] for each, at in zip(lagged, places, strict=True)], axis=1)
    known = [each.is_known[at] for each, at in zip(lagged, places, strict=True) if each.is_known is not None]
    is_known = np.concatenate(known, axis=1) if known else None
    # The second intercept: what is common to a whole episode (a layout, an opponent) is swept out.
    values -= values.sum(axis=0) / (len(rows) if is_known is None else np.maximum(is_known.sum(axis=0), 1))
    if is_known is not None:
        values[~is_known] = 0.0
    return values


def _products(values: FloatArray) -> FloatArray:
    product: FloatArray = values.T @ values
    product *= _QUANTUM
    np.rint(product, out=product)
    product /= _QUANTUM
    return product
