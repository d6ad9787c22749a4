"""A plan gives the attainable p of docs/gap.md, and its power agrees with the table of verdicts there."""

import json
from functools import cache

import pytest
from jsonschema import Draft202012Validator

from convscope.errors import PriorsError, UsageError
from convscope.planning.priors import plan_priors
from convscope.planning.shown import plan_document, plan_lines, plan_schema
from convscope.planning.study import Reach
from convscope.report.document.json_value import json_bytes
from convscope.values.gap import Verdict


@cache
def planned(team="1-1-1", n_runs=5, **options):
    question, plans = plan_priors(3, team, n_runs, **{"priors": None, "alpha": None, "seed": 0} | options)
    return question, {plan.prior: plan for plan in plans}


@pytest.fixture
def coarse(monkeypatch):
    """Few simulated runs and studies, where the shares themselves are not looked at."""
    monkeypatch.setattr("convscope.planning.study._POOL", 60)
    monkeypatch.setattr("convscope.planning.verdicts._BATCH", 10)


def test_five_runs_of_single_members_barely_decide_about_a_circulant_prior():
    _, plans = planned("1-1-1")
    circulant, generic = plans["circulant"], plans["generic"]
    assert circulant.alignment_p == pytest.approx(0.5**5)
    assert circulant.specificity_p == pytest.approx(2.0**-4)
    assert (circulant.reach, circulant.runs_for_tests) == (Reach.BARELY, 6)
    assert generic.alignment_p == pytest.approx(6.0**-5)
    assert (generic.reach, generic.runs_for_tests) == (Reach.REACHED, 3)


@pytest.mark.usefixtures("coarse")
def test_two_runs_conclude_nothing_whatever_the_team():
    _, plans = planned("2-2-2", 2)
    assert {plan.reach for plan in plans.values()} == {Reach.NONE}
    assert all(share == 0 for plan in plans.values() for _, share in plan.power)
    assert plans["circulant"].smallest_detectable is None


def test_three_runs_of_single_members_are_not_promised_what_they_do_not_find():
    _, plans = planned("1-1-1", 3)
    power = dict(plans["generic"].power)
    # 200 studies analysed in full: 0.33, 0.12 and 0.36 (docs/gap.md).
    assert power[Verdict.ALIGNED] < 0.5
    assert power[Verdict.PARTIAL] < 0.25
    assert power[Verdict.STRUCTURED_BUT_DIFFERENT] < 0.5


@pytest.mark.parametrize(
    ("team", "prior", "wanted"),
    [("1-1-1", "generic", (0.91, 0.80, 0.97)), ("2-2-2", "circulant", (1.0, 1.0, 1.0))],
)
def test_power_agrees_with_the_table_of_verdicts(team, prior, wanted):
    power = dict(planned(team)[1][prior].power)
    verdicts = (Verdict.ALIGNED, Verdict.PARTIAL, Verdict.STRUCTURED_BUT_DIFFERENT)
    assert [power[verdict] for verdict in verdicts] == pytest.approx(wanted, abs=0.08)


@pytest.mark.usefixtures("coarse")
def test_a_prior_of_ones_own_is_planned_beside_the_typical_ones(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[roles]\na = "a_*"\nb = "b_*"\n[routing.a]\na = 1\nb = 9\n[test]\nmargin = 0.4\nalpha = 0.01\n')
    question, plans = planned("2-2", 5, priors=path)
    assert list(plans) == ["circulant", "generic", "mine.toml"]
    assert plans["mine.toml"].scorable_rows == 1
    assert (question.alpha, question.margin) == (0.01, 0.4)


@pytest.mark.usefixtures("coarse")
def test_a_prior_that_is_even_everywhere_decides_nothing(tmp_path):
    path = tmp_path / "even.toml"
    path.write_text('[roles]\na = "a_*"\nb = "b_*"\n[routing.a]\na = 1\nb = 1\n')
    question, plans = planned("2-2", 5, priors=path)
    assert plans["even.toml"].runs_for_tests is None
    assert "insufficient-evidence" in "\n".join(plan_lines(question, [plans["even.toml"]]))


def document(team="1-1-1", n_runs=5, **options):
    options = {"priors": None, "alpha": None, "seed": 0} | options
    return json_bytes(plan_document(*plan_priors(3, team, n_runs, **options)))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(plan_schema())


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(("team", "n_runs"), [("1-1-1", 5), ("2-2-2", 2), ("2-2-2", 6), ("1-1-1", 1)])
def test_the_document_follows_its_schema(team, n_runs):
    Draft202012Validator(plan_schema()).validate(json.loads(document(team, n_runs)))


@pytest.mark.usefixtures("coarse")
def test_a_prior_that_decides_nothing_follows_the_schema(tmp_path):
    path = tmp_path / "even.toml"
    path.write_text('[roles]\na = "a_*"\nb = "b_*"\n[routing.a]\na = 1\nb = 1\n')
    Draft202012Validator(plan_schema()).validate(json.loads(document("2-2", 5, priors=path)))


@pytest.mark.usefixtures("coarse")
def test_the_document_is_always_the_same():
    assert document() == document()


def test_faults_are_told(tmp_path):
    path = tmp_path / "none.toml"
    path.write_text("[test]\nalpha = 0.1\n")
    with pytest.raises(PriorsError, match="no \\[roles\\]"):
        planned(priors=path)
    with pytest.raises(UsageError, match="--alpha"):
        planned(alpha=2.0)
    with pytest.raises(UsageError, match="names 2 roles"):
        planned("2-2")
