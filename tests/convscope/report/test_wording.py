from dataclasses import replace

import pytest

from convscope.report.wording import verdict_of
from convscope.values.gap import Component, Verdict
from tests.convscope.report.evidence import Study, gap, make_evidence


@pytest.mark.parametrize(("strength", "words"), [(0.6, "weaker"), (1.7, "stronger than declared")])
def test_partial_says_whether_the_declared_routing_is_weaker_or_stronger(strength: float, words: str):
    study = Study()
    dilution = Component(name="dilution", value=max(0.0, 1 - strength), scorable=True, parts=(("lambda", strength),))
    found = replace(gap(study), verdict=Verdict.PARTIAL, components=(dilution,))
    assert words in verdict_of(make_evidence(study, gap=found)).meaning
