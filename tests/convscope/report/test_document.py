"""``analysis.json`` follows its schema, and is always the same bytes."""

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.report.document import analysis_bytes, analysis_document, analysis_schema
from convscope.report.document.json_value import canonical, json_bytes
from convscope.values.config import AnalysisConfig
from tests.convscope.report.evidence import BARE, CROWD, SINGLE, Study, make_evidence, prior
from tests.convscope.report.test_page import hostile_evidence

STUDIES = pytest.mark.parametrize(
    "study", [Study(), SINGLE, BARE, CROWD], ids=["three-runs", "single", "bare", "crowd"]
)


def read(evidence):
    return json.loads(analysis_bytes(evidence))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(analysis_schema())


@STUDIES
def test_the_document_follows_the_schema(study):
    jsonschema.Draft202012Validator(analysis_schema()).validate(read(make_evidence(study)))


def test_a_document_with_hostile_names_follows_the_schema_and_is_ascii():
    written = analysis_bytes(hostile_evidence())
    jsonschema.Draft202012Validator(analysis_schema()).validate(json.loads(written))
    assert written.isascii()
    assert not set(written) & set(range(32)) - {10}


@STUDIES
def test_the_same_evidence_gives_the_same_bytes(study):
    assert analysis_bytes(make_evidence(study)) == analysis_bytes(make_evidence(study))


def test_counts_cover_all_runs_and_checkpoints():
    log = read(make_evidence())["log"]
    assert (log["n_runs"], log["n_checkpoints"], log["n_episodes"], log["n_timesteps"]) == (3, 2, 72, 2880)
    assert log["fields"] == ["actions", "attention", "observations", "rewards"]
    assert log["agents"][0] == {"name": "scout_0", "group": "agents", "team": "relay", "declared_role": "scout"}
    assert len(log["returns"]) == 6


def test_redrawn_roles_are_no_property_of_an_agent():
    evidence = make_evidence()
    redrawn = replace(evidence, header=replace(evidence.header, identities_persist=False))
    assert {agent["declared_role"] for agent in read(redrawn)["log"]["agents"]} == {None}


def test_a_blank_cell_is_null_and_rows_are_receivers():
    preference = read(make_evidence())["routing"]["preference"]
    assert preference["roles"] == ["scout", "collector", "guard"]
    assert preference["matrix"][2][2] is None
    assert preference["matrix"][0][2] == max(preference["matrix"][0])
    assert [run["run"] for run in preference["runs"]] == ["seed_0", "seed_1", "seed_2"]


@pytest.mark.parametrize(
    ("study", "path"),
    [
        (Study(), "roles.switching_rate"),
        (Study(), "roles.explained"),
        (Study(), "routing.transfer"),
        (Study(), "drift"),
        (Study(), "gap.composite"),
        (SINGLE, "routing"),
        (SINGLE, "gap"),
    ],
)
def test_what_is_null_has_a_warning_that_names_the_place(study, path):
    document = read(make_evidence(study))
    value = document
    for name in path.split("."):
        value = value[name]
    assert value is None
    assert path in {warning["where"] for warning in document["warnings"] if warning["code"].startswith("not-")}


def test_options_are_those_that_were_used():
    evidence = make_evidence(Study(), config=AnalysisConfig(seed=5, margin=0.5))
    strict = replace(evidence, prior=replace(prior(Study()), margin=0.2, alpha=0.01))
    provenance = read(strict)["provenance"]
    assert provenance["seed"] == 5
    assert (provenance["options"]["margin"], provenance["options"]["alpha"]) == (0.2, 0.01)
    assert provenance["priors_sha256"] == "a" * 64


def test_only_the_strongest_ten_thousand_edges_are_listed():
    names = [f"agent_{number}" for number in range(120)]
    pairs = [(sender, receiver) for sender in names for receiver in names if sender != receiver]
    edges = pl.DataFrame(pairs, schema=["sender", "receiver"], orient="row").with_columns(
        run=pl.lit(None, pl.String),
        checkpoint=pl.lit(None, pl.String),
        weight=pl.int_range(pl.len()).cast(pl.Float64),
        p_value=pl.lit(0.5),
        q_value=pl.lit(0.5),
        significant=pl.lit(value=False),
        **{name: pl.lit(None, pl.Float64) for name in ("share", "low", "high", "smallest_detectable")},
    )
    evidence = make_evidence()
    routing = read(replace(evidence, routing=replace(evidence.routing, edges=edges)))["routing"]
    assert (routing["n_edges_tested"], len(routing["edges"])) == (14280, 10000)
    assert min(edge["weight"] for edge in routing["edges"]) == 4280


def test_the_order_of_edges_carries_no_meaning():
    evidence = make_evidence()
    edges = evidence.routing.edges
    mixed = edges[np.random.default_rng(1).permutation(edges.height)]
    again = replace(evidence, routing=replace(evidence.routing, edges=mixed))
    assert analysis_bytes(again) == analysis_bytes(evidence)


def test_numbers_have_twelve_digits_and_non_finite_ones_are_null():
    assert canonical([1 / 3, math.nan, -math.inf, -0.0, True, 7]) == [0.333333333333, None, None, 0.0, True, 7]
    assert json_bytes({"a": -0.0}).endswith(b"}\n")
    assert b"-0" not in json_bytes({"a": -0.0})


@given(st.floats())
def test_any_number_is_written_and_read_back_to_twelve_digits(value):
    read_back = json.loads(json_bytes(value))
    assert read_back is None if not math.isfinite(value) else math.isclose(read_back, value, rel_tol=1e-11)


def test_the_document_has_the_parts_of_the_contract():
    assert list(analysis_document(make_evidence())) == [
        "schema_version", "provenance", "log", "roles", "routing", "messages", "gap", "drift", "warnings",
    ]  # fmt: skip
