from dataclasses import replace

import pytest

from convscope.report.ladder import ladder
from convscope.report.summary import summary_lines
from convscope.report.wording import verdict_of
from convscope.values.gap import Component, Subject, Verdict
from tests.convscope.report.evidence import Study, gap, make_evidence


@pytest.mark.parametrize(("strength", "words"), [(0.6, "weaker"), (1.7, "stronger than declared")])
def test_partial_says_whether_the_declared_routing_is_weaker_or_stronger(strength: float, words: str):
    study = Study()
    dilution = Component(name="dilution", value=max(0.0, 1 - strength), scorable=True, parts=(("lambda", strength),))
    found = replace(gap(study), verdict=Verdict.PARTIAL, components=(dilution,))
    assert words in verdict_of(make_evidence(study, gap=found)).meaning


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.MULTIPLE_CONVENTIONS])
def test_a_verdict_on_roles_speaks_of_roles_on_page_ladder_and_terminal(verdict: Verdict):
    study = Study()
    found = replace(gap(study), verdict=verdict, subject=Subject.ROLES)
    evidence = make_evidence(study, gap=found)
    words = verdict_of(evidence)
    assert "role" in words.headline.lower()
    assert "margin that was set" not in words.meaning
    assert not any("routing" in step.question for step in ladder(verdict, Subject.ROLES))
    assert any(line.startswith("Recovery gap:") for line in summary_lines(evidence))
