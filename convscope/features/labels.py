"""Fields that are labels of a unit, or signals that always change: no behaviour, no events."""

import numpy as np

from convscope.features.families.events import EVENTS, FALLS, RISES
from convscope.features.families.info_values import INFO_VALUES
from convscope.values.arrays import BoolArray, FloatArray, known_mean
from convscope.values.features import Feature
from convscope.values.header import Notice

MAX_EVENTS = 0.5
"""Changes per step above which a number is a signal, such as a speed, and its changes are no events."""


def drop_unfit(
    features: tuple[Feature, ...], values: FloatArray
) -> tuple[tuple[Feature, ...], FloatArray, tuple[Notice, ...]]:
    """Leave out the shares of info fields that never change within an episode, and changes of those that always do.

    The first name something about the unit, perhaps the agent itself; features must not contain that. The second may
    be anything, a clock among them.

    Parameters
    ----------
    features
        In the order of the columns.
    values
        Shape (units, features).
    """
    is_label, is_signal = _labels(features, values), _signals(features, values)
    keeps = ~(is_label | is_signal)
    notices = (
        *_notice("never changes within an episode, so it is a label and no behaviour", features, is_label),
        *_notice("changes at most steps, so its changes are no events", features, is_signal),
    )
    return tuple(feature for feature, kept in zip(features, keeps, strict=True) if kept), values[:, keeps], notices


def _labels(features: tuple[Feature, ...], values: FloatArray) -> BoolArray:
    finite = np.where(np.isfinite(values), values, 0.0)
    is_info = np.array([feature.family == INFO_VALUES.name for feature in features], dtype=np.bool_)
    return np.asarray(is_info & ((finite == 0.0) | (finite == 1.0)).all(axis=0))


def _signals(features: tuple[Feature, ...], values: FloatArray) -> BoolArray:
    rate = dict(zip((feature.name for feature in features), np.nan_to_num(known_mean(values)).tolist(), strict=True))
    moved = {f.name: f.name.removeprefix(RISES).removeprefix(FALLS) for f in features if f.family == EVENTS.name}
    return np.array(
        [
            feature.name != moved.get(feature.name, feature.name)
            and rate[RISES + moved[feature.name]] + rate[FALLS + moved[feature.name]] > MAX_EVENTS
            for feature in features
        ],
        dtype=np.bool_,
    )


def _notice(message: str, features: tuple[Feature, ...], drops: BoolArray) -> tuple[Notice, ...]:
    dropped = [feature for feature, drop in zip(features, drops, strict=True) if drop]
    if not dropped:
        return ()
    names = ", ".join(feature.name for feature in dropped)
    return (Notice(code="not-applicable", message=f"{message}: {names}", where=f"features.{dropped[0].family}"),)
