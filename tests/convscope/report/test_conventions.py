"""Why several conventions could not be looked for is told as it is."""

from dataclasses import replace

import pytest

from convscope.report.conventions import convention_view
from tests.convscope.report.evidence import Study, gap, make_evidence


@pytest.mark.parametrize(
    ("n_runs", "why", "words"),
    [
        (1, None, "there is one run"),
        (3, "no declared row can be scored", "row can be"),
        (3, None, "it takes four runs"),
    ],
)
def test_the_reason_for_no_test_is_the_true_one(n_runs: int, why: str | None, words: str):
    study = Study()
    found = gap(study)
    runs = tuple(f"run_{number}" for number in range(n_runs))
    untested = replace(found.conventions, null=None, p_value=None, runs=runs, found=found.conventions.found[:1])
    parts = tuple(
        part if why is None or part.name != "alignment" else replace(part, value=None, why=why)
        for part in found.components
    )
    view = convention_view(make_evidence(study, gap=replace(found, conventions=untested, components=parts)))
    assert words in view.sentences[0]
