"""Features that cannot tell units apart are left out, and said."""

import numpy as np

from convscope.roles.selection import select_features
from convscope.values.features import Feature


def test_null_constant_and_shared_features_are_left_out_with_their_reason():
    names = ("rare", "constant", "shared", "telling", "half known")
    features = tuple(Feature(name=name, unit="1", family="f") for name in names)
    nan = np.nan
    values = np.array(
        [
            [1.0, 7.0, 1.0, 1.0, 1.0],
            [nan, 7.0, 1.0, 2.0, nan],
            [nan, 7.0, 2.0, 3.0, 2.0],
            [nan, 7.0, 2.0, 1.0, nan],
        ]
    )
    selection = select_features(features, values, np.array([0, 0, 1, 1]))
    assert [feature.name for feature in selection.features] == ["telling", "half known"]
    said = [notice.message for notice in selection.notices]
    assert [("rare" in m, "constant" in m, "shared" in m) for m in said] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_one_unit_an_episode_shares_nothing():
    features = (Feature(name="x", unit="1", family="f"),)
    selection = select_features(features, np.array([[1.0], [2.0]]), np.array([0, 1]))
    assert len(selection.features) == 1
