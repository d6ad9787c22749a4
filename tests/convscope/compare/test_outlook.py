"""What would change a verdict."""

from dataclasses import replace

from convscope.compare.outlook import outlook
from convscope.values.gap import Verdict
from tests.convscope.compare.test_verdict import ALIGNED, outcome


def told(verdict: Verdict, *, n_symmetries: int = 1, is_single: bool = False, **changes) -> str:
    findings = replace(ALIGNED, **changes)
    return " ".join(outlook(verdict, findings, n_symmetries=n_symmetries, is_single=is_single))


def test_more_runs_are_counted():
    words = told(Verdict.INSUFFICIENT_EVIDENCE, n_runs=2, runs_needed=6, alignment=outcome(0.2, 0.25))
    assert words == "More runs: at least 6 in all instead of 2."
    assert told(Verdict.INCONCLUSIVE, runs_needed=14) == "About 14 runs like these in all instead of 5."
    assert "no number of runs" in told(Verdict.INCONCLUSIVE, runs_needed=None)


def test_a_sharper_prior_and_a_larger_team_are_named_where_the_tests_are_out_of_reach():
    short = {"n_runs": 3, "runs_needed": 6, "alignment": outcome(0.2, 0.125)}
    words = told(Verdict.INSUFFICIENT_EVIDENCE, n_symmetries=3, is_single=True, **short)
    assert "3 renamings leave it as it is" in words
    assert "Two agents a role" in words
    assert "renamings" not in told(Verdict.INSUFFICIENT_EVIDENCE, n_symmetries=3, n_runs=2, runs_needed=3)


def test_a_prior_that_cannot_be_scored_needs_shares():
    words = told(Verdict.INSUFFICIENT_EVIDENCE, why_unscored="the prior declares no routing", n_symmetries=3)
    assert words == "Declare shares of routing for a role whose row is not nearly even, and log weights between agents."


def test_margins_are_told_as_what_should_have_been_declared():
    assert told(Verdict.ALIGNED) == "A margin below 0.30, had it been declared in advance."
    words = told(Verdict.PARTIAL, gap=(0.3, 0.6), runs_needed=9)
    assert words.startswith("About 9 runs like these in all would show a gap below the margin.")
    assert "A margin above 0.60" in words
    assert "would have to shrink" in told(Verdict.PARTIAL, gap=(0.5, 0.8))


def test_other_verdicts_name_a_prior_or_a_convention():
    assert "scout like guard" in told(Verdict.STRUCTURED_BUT_DIFFERENT)
    assert "declares this structure" in told(Verdict.STRUCTURED_BUT_DIFFERENT, relabelling="")
    assert "on its own" in told(Verdict.MULTIPLE_CONVENTIONS)
    assert "0.40 would show" in told(Verdict.NO_ROLE_STRUCTURE)
