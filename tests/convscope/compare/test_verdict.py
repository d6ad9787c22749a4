from dataclasses import replace

import pytest

from convscope.compare.nulls import Outcome, Specificity
from convscope.compare.verdict import Findings, decide
from convscope.values.gap import Verdict


def outcome(p_value: float, attainable_p: float = 0.001) -> Outcome:
    return Outcome(statistic=0.1, p_value=p_value, attainable_p=attainable_p)


def specificity(p_value: float, attainable_p: float = 0.001, as_declared_p: float | None = None) -> Specificity:
    each = outcome(p_value, attainable_p)
    least = attainable_p if as_declared_p is None else as_declared_p
    return Specificity(average=each, run_wise=each, p_value=p_value, attainable_p=attainable_p, as_declared_p=least)


ALIGNED = Findings(
    n_runs=5,
    why_unscored="",
    specificity=specificity(0.002),
    alignment=outcome(0.001),
    gap=(0.05, 0.3),
    strength=(0.8, 1.1),
    multiplicity=0.1,
    multiplicity_p=0.4,
    smallest_detectable=0.4,
    runs_needed=5,
    relabelling="It comes nearest to the prior when scout like guard is expected.",
    foreign=0.75,
    alpha=0.05,
    margin=0.5,
)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, Verdict.ALIGNED, "below the margin of 0.5"),
        ({"n_runs": 2, "runs_needed": 3}, Verdict.INSUFFICIENT_EVIDENCE, "these runs only"),
        ({"why_unscored": "the prior declares no routing"}, Verdict.INSUFFICIENT_EVIDENCE, "declares no routing"),
        ({"alignment": outcome(0.125, 0.125)}, Verdict.INSUFFICIENT_EVIDENCE, "Alignment could not have reached"),
        ({"specificity": specificity(1, 0.067)}, Verdict.INSUFFICIENT_EVIDENCE, "Specificity could not have reached"),
        ({"specificity": specificity(0.3, 0.001, 0.0625)}, Verdict.INSUFFICIENT_EVIDENCE, "symmetries of the prior"),
        ({"specificity": specificity(0.01, 0.001, 0.0625)}, Verdict.ALIGNED, "below the margin"),
        ({"smallest_detectable": 1.2}, Verdict.INSUFFICIENT_EVIDENCE, "1.20 would be missed"),
        ({"smallest_detectable": float("inf")}, Verdict.INSUFFICIENT_EVIDENCE, "any size"),
        ({"specificity": specificity(0.3)}, Verdict.NO_ROLE_STRUCTURE, "specificity p = 0.3"),
        ({"multiplicity": 0.7, "multiplicity_p": 0.01}, Verdict.MULTIPLE_CONVENTIONS, "multiplicity p = 0.01"),
        (
            {"multiplicity": 0.7, "multiplicity_p": 0.01, "smallest_detectable": 1.5},
            Verdict.MULTIPLE_CONVENTIONS,
            "differ more",
        ),
        ({"multiplicity": 0.1, "multiplicity_p": 0.01}, Verdict.ALIGNED, "below the margin"),
        ({"gap": (0.4, 0.6)}, Verdict.PARTIAL, "80% to 110% of the declared structure"),
        ({"gap": (0.9, 1.2), "alignment": outcome(0.4)}, Verdict.STRUCTURED_BUT_DIFFERENT, "above the margin"),
        ({"gap": (0.4, 0.6), "alignment": outcome(0.4)}, Verdict.INCONCLUSIVE, "neither side"),
        ({"gap": (0.9, 1.2), "strength": (-0.1, 0.3)}, Verdict.INCONCLUSIVE, "neither"),
    ],
)
def test_the_first_verdict_that_applies_is_given_with_its_reason(changes, verdict: Verdict, words: str):
    found, reasons = decide(replace(ALIGNED, **changes))
    assert found is verdict
    assert words in " ".join(reasons)


def test_conventions_that_cancel_out_are_no_lack_of_structure_where_runs_cannot_be_tested_alone():
    blind = replace(specificity(0.3), run_wise=outcome(1, 1))
    several = replace(ALIGNED, specificity=blind, multiplicity=0.7, multiplicity_p=0.01)
    assert decide(several)[0] is Verdict.MULTIPLE_CONVENTIONS
    assert decide(replace(several, specificity=specificity(0.3)))[0] is Verdict.NO_ROLE_STRUCTURE
    assert decide(replace(several, multiplicity_p=0.3))[0] is Verdict.NO_ROLE_STRUCTURE


def test_a_different_convention_is_named():
    _, reasons = decide(replace(ALIGNED, gap=(0.9, 1.2), alignment=outcome(0.4)))
    assert any("scout like guard" in reason for reason in reasons)
    assert any("75%" in reason for reason in reasons)


def test_all_reasons_for_insufficient_evidence_are_given():
    _, reasons = decide(replace(ALIGNED, n_runs=1, alignment=outcome(1, 0.5), runs_needed=6))
    assert [reason.split()[0] for reason in reasons] == ["1", "Alignment", "It"]
    assert "at least 6 runs" in reasons[-1]
