"""The units that roles are found among: standardised, reduced, and in an order that no shuffling of the log changes."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.roles.selection import Selection, select_features
from convscope.values.arrays import BoolArray, FloatArray, IntArray, known_mean
from convscope.values.features import FeatureTable
from convscope.values.header import Notice

CLIP = 4.0
"""Standard deviations beyond which a value counts as this far: one odd episode must not make a role."""
SHARE_OF_VARIANCE = 0.9
"""That the principal components keep."""
MAX_COMPONENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Units of the analysed agents, sorted by their feature values."""

    row: IntArray
    """Row of each unit in the frame that they came from, shape (U,)."""
    frame: pl.DataFrame
    """Keys and features of the units, in this order."""
    is_fitted: BoolArray
    """Whether the unit is of an analysed checkpoint and has features: roles are found among these, shape (U,)."""
    has_features: BoolArray
    """Shape (U,)."""
    episode: IntArray
    """Number of the unit's episode, by first appearance, shape (U,)."""
    centred: FloatArray
    """Selected features, less the mean of the unit's condition, NaN where null, shape (U, F)."""
    standard: FloatArray
    """The same in standard deviations of the fitted units, clipped, shape (U, F)."""
    deviation: FloatArray
    """Standard deviation of each selected feature among the fitted units, 1 where there is none, shape (F,)."""
    axes: FloatArray
    """Principal axes, shape (F, C)."""
    selection: Selection
    """Which features were kept."""
    notices: tuple[Notice, ...]

    @property
    def coordinates(self) -> FloatArray:
        """Principal components of each unit, missing features at their mean, shape (U, C)."""
        return np.asarray(np.where(np.isfinite(self.standard), self.standard, 0.0) @ self.axes)

    def in_log_order(self, key: str) -> tuple[str, ...]:
        """Return the distinct names in a column of keys, by first appearance in the log."""
        by_row = np.argsort(self.row)
        return tuple(self.frame[key][by_row].drop_nulls().unique(maintain_order=True).to_list())


def prepare_units(table: FeatureTable, is_analysed: BoolArray, agents: tuple[str, ...]) -> Units:
    """Select, centre, standardise and reduce the features of the analysed agents' units.

    Parameters
    ----------
    table
        Features of all units.
    is_analysed
        Whether each row of the table is of an analysed checkpoint, shape (units,).
    agents
        Names of the analysed agents.
    """
    mine = np.flatnonzero(table.frame["agent"].is_in(list(agents)).to_numpy())
    values = table.matrix[mine]
    # Sorted by value: k-means and every sum then see the same order however agents and episodes were shuffled.
    order = np.lexsort(np.nan_to_num(values, nan=-np.inf).T[::-1]) if values.size else np.arange(len(mine))
    row, values = mine[order], values[order]
    frame = table.frame[row]
    episode = numbered(frame.select("run", "checkpoint", "episode"))
    has_features = np.isfinite(values).any(axis=1)
    is_fitted = is_analysed[row] & has_features
    selection = select_features(table.features, values[is_fitted], episode[is_fitted])
    condition = numbered(frame.select("condition"))
    centred = _centred(values[:, selection.kept], condition, is_fitted)
    deviation = _deviation(centred[is_fitted])
    standard = np.clip(centred / deviation, -CLIP, CLIP)
    notices = selection.notices + (_compared_within_conditions() if condition.max(initial=0) > 0 else ())
    return Units(
        row=row,
        frame=frame,
        is_fitted=is_fitted,
        has_features=np.asarray(has_features & np.isfinite(standard).any(axis=1), dtype=np.bool_),
        episode=episode,
        centred=centred,
        standard=standard,
        deviation=deviation,
        axes=principal_axes(standard[is_fitted]),
        selection=selection,
        notices=notices,
    )


def numbered(keys: pl.DataFrame) -> IntArray:
    """Give distinct keys numbers, from 0 by first appearance."""
    distinct = keys.unique(maintain_order=True).with_row_index("number")
    joined = keys.join(distinct, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["number"].to_numpy().astype(np.int64)


def _centred(values: FloatArray, condition: IntArray, is_fitted: BoolArray) -> FloatArray:
    """Subtract the fitted units' mean of each condition, or of all where a condition has no fitted units."""
    overall = known_mean(values[is_fitted])
    means = np.tile(overall, (int(condition.max(initial=0)) + 1, 1))
    for code in range(len(means)):
        mean = known_mean(values[is_fitted & (condition == code)])
        means[code] = np.where(np.isfinite(mean), mean, overall)
    return np.asarray(values - means[condition])


def _deviation(centred: FloatArray) -> FloatArray:
    deviation = np.sqrt(known_mean(centred**2))
    return np.where(np.isfinite(deviation) & (deviation > 0), deviation, 1.0)


def principal_axes(standard: FloatArray) -> FloatArray:
    """Return the axes that keep enough of the variance, each with its largest loading positive, shape (F, C)."""
    if not standard.size:
        return np.zeros((standard.shape[1], 0))
    filled = np.where(np.isfinite(standard), standard, 0.0)
    filled = filled - filled.mean(axis=0)
    variance, axes = np.linalg.eigh(filled.T @ filled)
    variance, axes = np.maximum(variance[::-1], 0.0), axes[:, ::-1]
    kept = int(np.searchsorted(np.cumsum(variance), SHARE_OF_VARIANCE * variance.sum())) + 1
    axes = axes[:, : min(kept, MAX_COMPONENTS, axes.shape[1])]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.where(largest < 0, -1.0, 1.0))


def _compared_within_conditions() -> tuple[Notice, ...]:
    message = "features are compared within each condition: what differs between layouts or maps makes no role"
    return (Notice(code="assumed-condition-effects", message=message, where="roles"),)
