"""What policies at hand use: figures beside the edges."""

from collections.abc import Mapping

import polars as pl

ATTRIBUTION_TYPES: Mapping[str, type[pl.DataType]] = {
    "run": pl.String,
    "checkpoint": pl.String,
    "sender": pl.String,
    "receiver": pl.String,
    "bits": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "upper": pl.Float64,
    "used": pl.Boolean,
    "closeness": pl.Float64,
    "gradient": pl.Float64,
    "gradient_input": pl.Float64,
}
"""A row per attributed run, sender and receiver.

``bits`` per step with its 95 % interval over episodes (``low``, ``high``), and the upper bound (``upper``) of what
``bits`` is a lower bound of; ``used``: whether the policy's law moved at any replacement at all; ``closeness``: 0 where
replacements come from steps that are alike in all else, 1 where they come from any; ``gradient``, ``gradient_input``:
null where the format has no gradients."""
