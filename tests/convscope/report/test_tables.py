"""The tables have the columns and the types that other programs rely on."""

import polars as pl

from convscope.report.tables import tables
from tests.convscope.report.evidence import BARE, FEATURES, SINGLE, Study, make_evidence

KEYS = {
    "run": pl.String,
    "checkpoint": pl.String,
    "condition": pl.String,
    "episode": pl.Int64,
    "source": pl.String,
    "agent": pl.String,
    "declared_role": pl.String,
}


def test_roles_have_a_row_per_unit():
    roles = tables(make_evidence())["roles"]
    assert dict(roles.schema) == KEYS | {"role": pl.Int32, "confidence": pl.Float64}
    assert roles.height == 72 * 5


def test_features_have_a_column_each():
    features = tables(make_evidence())["features"]
    assert dict(features.schema) == KEYS | {feature.name: pl.Float64 for feature in FEATURES}


def test_routing_holds_the_combined_edges_and_those_of_every_run_and_checkpoint():
    routing = tables(make_evidence())["routing"]
    assert dict(routing.schema) == {
        "run": pl.String,
        "checkpoint": pl.String,
        "sender": pl.String,
        "receiver": pl.String,
        "weight": pl.Float64,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "significant": pl.Boolean,
        "share": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "smallest_detectable": pl.Float64,
    }
    assert routing.height == 20 * (1 + 3 * 2)
    assert routing["run"].null_count() == 20


def test_preference_holds_each_run_and_the_mean():
    preference = tables(make_evidence())["preference"]
    names = ["run", "receiver", "sender", "preference", "mass"]
    assert dict(preference.schema) == dict(zip(names, [pl.String] * 3 + [pl.Float64] * 2, strict=True))
    assert preference.height == 9 * 4
    blank = preference.filter(pl.col("receiver") == "guard", pl.col("sender") == "guard")
    assert blank["preference"].null_count() == 4


def test_tables_that_do_not_apply_are_absent():
    assert set(tables(make_evidence())) == {"features", "formations", "preference", "roles", "routing"}
    assert set(tables(make_evidence(SINGLE))) == {"features", "roles"}
    assert set(tables(make_evidence(Study(has_prior=False)))) == {"features", "roles", "routing"}


def test_units_without_a_role_are_null():
    assert tables(make_evidence(BARE))["roles"]["role"].null_count() == 36
