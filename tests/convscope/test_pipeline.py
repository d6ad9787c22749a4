"""The main job on the sample logs finds what their notes say, and always the same bytes."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from convscope.pipeline import analyze_files
from convscope.report.document import analysis_bytes, analysis_schema
from convscope.report.page import render_page
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.gap import Verdict

SAMPLES = Path(__file__).parents[2] / "sample_data"


def evidence_of(name, n_workers=1, **options):
    folder = SAMPLES / name
    return analyze_files(
        [str(folder / "log.h5")],
        priors=folder / "priors.toml",
        config=AnalysisConfig(**options),
        n_workers=n_workers,
    )


@pytest.fixture(scope="module")
def relay():
    return evidence_of("relay")


@pytest.fixture(scope="module")
def smax():
    return evidence_of("smax")


@pytest.fixture(scope="module")
def overcooked():
    return evidence_of("overcooked")


def test_relay_is_read_as_it_was_written(relay):
    assert relay.episodes.n_episodes == 5 * 64
    assert relay.episodes.n_timesteps == 5 * 64 * 40
    assert len(relay.episodes.checkpoints) == 5
    assert relay.header.roles == ("scout", "collector", "guard")
    assert not relay.header.identities_persist


def test_a_trained_collector_attends_to_scouts_and_a_guard_to_collectors(relay):
    assert relay.routing.source is RoutingSource.ATTENTION
    preference = relay.routing.preference
    row_of = {role: preference.matrix[i] for i, role in enumerate(preference.roles)}
    assert preference.roles[int(np.nanargmax(row_of["collector"]))] == "scout"
    assert preference.roles[int(np.nanargmax(row_of["guard"]))] == "collector"


def test_one_run_is_never_more_than_insufficient_evidence(relay):
    assert relay.gap.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert relay.gap.component("alignment").value is not None
    assert relay.gap.component("alignment").interval_kind.startswith("these runs only")


def test_smax_unit_types_separate_and_the_retreating_ally_stands_out(smax):
    (classes,) = smax.roles.classes
    class_of = dict(zip(classes.members, classes.class_of, strict=True))
    assert class_of["ally_1"] not in {class_of[name] for name in classes.members if name != "ally_1"}
    assert class_of["ally_0"] not in {class_of["ally_2"], class_of["ally_3"], class_of["ally_4"]}


def test_overcooked_trials_are_episodes_and_layouts_are_conditions(overcooked):
    assert overcooked.episodes.n_episodes == 49
    assert sorted(overcooked.episodes.conditions) == ["asymmetric_advantages", "coordination_ring", "cramped_room"]


@pytest.mark.parametrize("name", ["relay", "smax", "overcooked"])
def test_the_document_follows_the_published_schema(name, request):
    document = json.loads(analysis_bytes(request.getfixturevalue(name)))
    jsonschema.Draft202012Validator(analysis_schema()).validate(document)


def test_two_workers_give_the_same_bytes_as_one(overcooked):
    again = evidence_of("overcooked", n_workers=2)
    assert analysis_bytes(again) == analysis_bytes(overcooked)
    assert render_page(again) == render_page(overcooked)
