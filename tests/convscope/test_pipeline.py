"""The main job on the sample logs finds what their notes say, and always the same bytes."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.pipeline import analyze, analyze_files
from convscope.report.document import analysis_bytes, analysis_schema
from convscope.report.page import render_page
from convscope.routing.divergence import mean_divergence
from convscope.simulate.teams import GENERIC, Team, diluted, relabelled, simulate_run
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.conventions import CrossPlayReturns
from convscope.values.fields import ACTIONS, ATTENTION
from convscope.values.gap import Verdict
from convscope.values.prior import RolePrior

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


def conventions_study():
    """Return six runs of two checkpoints, four with the roles as declared, two with two of them swapped."""
    agents = [f"{role}_{number}" for role in ("scout", "carrier", "guard") for number in (0, 1)]
    weights, runs, checkpoints = [], [], []
    for seed in range(6):
        preference = GENERIC if seed < 4 else relabelled(GENERIC, (1, 0, 2))
        for checkpoint, lost in (("100", 0.6), ("200", 0.0)):
            team = Team(
                preference=diluted(preference, lost), members=(2, 2, 2), n_episodes=6, n_steps=5, dyad_noise=0.2
            )
            weights.append(simulate_run(team, np.random.default_rng(seed)).weights.reshape(-1, 1, 6, 6))
            runs += [f"seed_{seed}"] * 6
            checkpoints += [checkpoint] * 6
    columns = {ATTENTION: np.concatenate(weights), ACTIONS: np.zeros((360, 6, 1))}
    log = log_from_arrays(columns, [5] * 72, agents, runs=runs, checkpoints=checkpoints)
    role_of = {agent: agent.split("_")[0] for agent in agents}
    return log, RolePrior(roles=("scout", "carrier", "guard"), role_of=role_of, preference=np.array(GENERIC))


def test_conventions_cross_play_and_drift_reach_the_document():
    log, prior = conventions_study()
    is_same = np.equal.outer(np.arange(6) < 4, np.arange(6) < 4)
    returns = CrossPlayReturns(runs=log.episodes.runs, returns=np.where(is_same, 9.0, 4.0) + np.eye(6), sha256="0" * 64)
    evidence = analyze(log, prior, AnalysisConfig(n_permutations=99), crossplay=returns)
    found = json.loads(analysis_bytes(evidence))["gap"]
    assert found["verdict"] == "multiple-conventions"
    groups = [convention["runs"] for convention in found["conventions"]["found"]]
    assert groups == [["seed_0", "seed_1", "seed_2", "seed_3"], ["seed_4", "seed_5"]]
    assert found["conventions"]["found"][1]["renaming"]["behaves_as"] == ["carrier", "scout", "guard"]
    assert found["conventions"]["crossplay"]["within"] == pytest.approx(0.1)
    stability = found["components"]["stability"]
    # A share of .4 of the structure and all of it.
    lost = mean_divergence(np.array(diluted(GENERIC, 0.6)), np.array(GENERIC))
    blind = mean_divergence(np.array(diluted(GENERIC, 1.0)), np.array(GENERIC))
    assert stability["value"] == pytest.approx(float(lost / blind), abs=0.1)
    assert list(stability["runs"]) == [f"seed_{seed}" for seed in range(6)]
    assert found["composite"] is None  # nothing to recover roles from
