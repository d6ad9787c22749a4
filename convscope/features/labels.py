"""Fields that are labels of a unit, not behaviour."""

import numpy as np

from convscope.features.families.info_values import INFO_VALUES
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.header import Notice


def drop_labels(
    features: tuple[Feature, ...], values: FloatArray
) -> tuple[tuple[Feature, ...], FloatArray, tuple[Notice, ...]]:
    """Leave out the shares of info fields that never change within an episode.

    Such a field names something about the unit, perhaps the agent itself; features must not contain that.

    Parameters
    ----------
    features
        In the order of the columns.
    values
        Shape (units, features).
    """
    finite = np.where(np.isfinite(values), values, 0.0)
    is_info = np.array([feature.family == INFO_VALUES.name for feature in features], dtype=np.bool_)
    is_label = is_info & ((finite == 0.0) | (finite == 1.0)).all(axis=0)
    names = [feature.name for feature, drops in zip(features, is_label, strict=True) if drops]
    if not names:
        return features, values, ()
    message = f"never changes within an episode, so it is a label and no behaviour: {', '.join(names)}"
    kept = tuple(feature for feature, drops in zip(features, is_label, strict=True) if not drops)
    return kept, values[:, ~is_label], (Notice(code="not-applicable", message=message, where="features.info values"),)
