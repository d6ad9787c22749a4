"""The ladder of verdicts shows which step decided."""

import pytest

from convscope.report.ladder import Standing, ladder
from convscope.values.gap import Verdict


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.INCONCLUSIVE])
def test_one_step_decides_and_those_behind_it_are_not_asked(verdict):
    steps = ladder(verdict)
    standings = [step.standing for step in steps]
    decided = standings.index(Standing.DECIDED)
    assert decided == list(Verdict).index(verdict)
    assert standings == [Standing.PASSED] * decided + [Standing.DECIDED] + [Standing.UNASKED] * (5 - decided)
    assert [bool(step.answer) for step in steps] == [True] * (decided + 1) + [False] * (5 - decided)


def test_an_aligned_team_passed_three_questions_and_answers_the_fourth_with_yes():
    assert [step.answer for step in ladder(Verdict.ALIGNED)] == ["yes", "yes", "yes", "yes", "", ""]


def test_an_inconclusive_study_went_through_all_questions():
    assert {step.standing for step in ladder(Verdict.INCONCLUSIVE)} == {Standing.PASSED}
