"""The UMAP picture: in the units' own order, and of nothing but the fitted ones."""

import subprocess
import sys

import numpy as np
import polars as pl

from convscope.roles.embedding import umap_coordinates
from convscope.roles.units import prepare_units
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable


def units_of(values):
    """Units of one agent, in the order of the rows given."""
    n = len(values)
    keys = {name: ["run"] * n if name == "run" else [None] * n for name in UNIT_TYPES}
    keys |= {"episode": list(range(n)), "agent": ["a"] * n}
    features = tuple(Feature(name=f"f{i}", unit="1", family=f"family {i}") for i in range(values.shape[1]))
    frame = pl.DataFrame(keys, schema=UNIT_TYPES)
    frame = frame.with_columns(pl.Series(f.name, column) for f, column in zip(features, values.T, strict=True))
    return prepare_units(FeatureTable(frame=frame, features=features), np.arange(n) % 10 > 0, ("a",))


def test_the_picture_follows_the_units_and_not_their_order_in_the_log():
    values = np.random.default_rng(0).normal(size=(60, 3))
    values[:30] += 4
    order = np.argsort(np.random.default_rng(1).random(6))
    # Whole tens are moved, so that the same units are the fitted ones.
    moved = (order[:, None] * 10 + np.arange(10)).ravel()
    first, second = units_of(values), units_of(values[moved])
    drawn, drawn_moved = umap_coordinates(first, seed=3), umap_coordinates(second, seed=3)
    assert drawn.tobytes() == drawn_moved.tobytes()
    np.testing.assert_array_equal(np.isfinite(drawn).all(axis=1), first.is_fitted)


def test_a_handful_of_units_is_not_drawn():
    assert umap_coordinates(units_of(np.random.default_rng(0).normal(size=(12, 3))), seed=0) is None


def test_an_analysis_that_draws_no_umap_never_imports_it():
    code = "import sys, convscope.pipeline; print('umap' in sys.modules, 'numba' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False False\n"
