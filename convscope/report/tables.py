"""The tables beside the page: everything per run, checkpoint, episode and agent."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from convscope.values.attribution import ATTRIBUTION_TYPES
from convscope.values.features import UNIT_TYPES
from convscope.values.routing import EDGE_TYPES
from convscope.values.segments import SEGMENT_TYPES

if TYPE_CHECKING:
    from convscope.values.dependence import FormationSensitivity
    from convscope.values.evidence import Evidence
    from convscope.values.preference import RolePreference
    from convscope.values.routing import RoutingGraph


def tables(evidence: "Evidence") -> Mapping[str, pl.DataFrame]:
    """Return the tables by name; one that does not apply is absent.

    Returns
    -------
    Mapping
        ``roles``: a row per run, checkpoint, episode and agent, with ``role`` (null = unassigned) and ``confidence``.
        ``features``: the same rows, a column per behaviour feature. ``segments``: who plays which role within an
        episode, from ``start`` up to before ``stop``. ``routing``: edges combined over the runs' analysed
        checkpoints (``run`` and ``checkpoint`` null), then those of every run and checkpoint. ``heads``: mean shares of
        each head of logged weights. ``preference``: a row per run, receiving and sending role; ``run`` null is the mean
        over runs. ``formations``: the preference in each formation, mean over runs. ``attribution``: a row per run,
        sender and receiver, of what a policy at hand uses.
    """
    frames = {"features": _features(evidence), "roles": _roles(evidence)}
    if evidence.segments is not None:
        frames["segments"] = _typed(evidence.segments.table, SEGMENT_TYPES)
    if evidence.routing is not None:
        frames["routing"] = _routing(evidence.routing)
        if evidence.routing.attribution is not None:
            frames["attribution"] = _typed(evidence.routing.attribution, ATTRIBUTION_TYPES)
        if evidence.routing.heads is not None:
            frames["heads"] = evidence.routing.heads
        if evidence.routing.preference is not None:
            frames["preference"] = _preference(evidence.routing.preference)
    if evidence.dependence.formation is not None:
        frames["formations"] = _formations(evidence.dependence.formation)
    return {name: frame for name, frame in sorted(frames.items()) if frame.height}


def _features(evidence: "Evidence") -> pl.DataFrame:
    names = [feature.name for feature in evidence.features.features]
    types: dict[str, type[pl.DataType]] = {**UNIT_TYPES, **dict.fromkeys(names, pl.Float64)}
    return _typed(evidence.features.frame, types) if names else pl.DataFrame()


def _roles(evidence: "Evidence") -> pl.DataFrame:
    return _typed(evidence.roles.table, {**UNIT_TYPES, "role": pl.Int32, "confidence": pl.Float64})


def _routing(routing: "RoutingGraph") -> pl.DataFrame:
    return pl.concat([_typed(routing.edges, EDGE_TYPES), _typed(routing.edges_by_run, EDGE_TYPES)])


def _preference(preference: "RolePreference") -> pl.DataFrame:
    runs = (None, *preference.runs)
    values_of = (preference.matrix, *preference.per_run)
    mass_of = (preference.mass.sum(axis=0), *preference.mass)
    rows = [
        (run, receiver, sender, float(values[i, j]), float(mass[i, j]))
        for run, values, mass in zip(runs, values_of, mass_of, strict=True)
        for i, receiver in enumerate(preference.roles)
        for j, sender in enumerate(preference.roles)
    ]
    types = {"run": pl.String, "receiver": pl.String, "sender": pl.String, "preference": pl.Float64, "mass": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row").with_columns(pl.col("preference", "mass").fill_nan(None))


def _formations(found: "FormationSensitivity") -> pl.DataFrame:
    rows = [
        (each.name, receiver, sender, float(each.matrix[i, j]))
        for each in found.formations
        for i, receiver in enumerate(found.nodes)
        for j, sender in enumerate(found.nodes)
    ]
    types = {"formation": pl.String, "receiver": pl.String, "sender": pl.String, "preference": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row").with_columns(pl.col("preference").fill_nan(None))


def _typed(frame: pl.DataFrame, types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in types.items())
