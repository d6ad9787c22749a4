"""The main values show themselves in a notebook without scripts, small and inert."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.values.html import html_of
from tests.convscope.report.evidence import BARE, CROWD, Study, make_evidence
from tests.convscope.report.test_page import FORBIDDEN, Page, hostile_evidence


def parts_of(evidence):
    whole = (evidence, evidence.header, evidence.episodes, evidence.features, evidence.roles)
    return [*whole, *(part for part in (evidence.routing, evidence.prior, evidence.gap) if part is not None)]


@pytest.mark.parametrize("study", [Study(), BARE, CROWD], ids=["three-runs", "bare", "crowd"])
def test_every_part_shows_itself_small_and_well_formed(study):
    for part in parts_of(make_evidence(study)):
        html = html_of(part)
        assert 0 < len(html) < 100_000
        assert Page(html).open == []


def test_hostile_names_are_inert_in_every_part():
    for part in parts_of(hostile_evidence()):
        page = Page(html_of(part))
        assert not {tag for tag, _ in page.elements} & (FORBIDDEN | {"a", "svg", "meta"})
        assert {name for _, attributes in page.elements for name in attributes} <= {"scope"}


def test_a_log_shows_its_agents_and_runs():
    log = log_from_arrays({"actions": np.zeros((6, 2, 1))}, [3, 3], ["scout", "guard"], runs=["first", "second"])
    text = Page(html_of(log)).text
    assert "2 episodes" in text
    assert "scout" in text
    assert "second" in text
