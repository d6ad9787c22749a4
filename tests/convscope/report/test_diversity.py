"""Diversity in the document and on the page."""

import json
from dataclasses import replace

import jsonschema
import pytest

from convscope.report.diversity import diversity_rows
from convscope.report.document import analysis_bytes, analysis_schema
from convscope.report.page import render_page
from convscope.values.diversity import Diversity, DiversityBasis, DiversityFigure, DiversityMeasure
from tests.convscope.report.evidence import make_evidence


def figure(measure):
    return DiversityFigure(
        measure=measure,
        basis=DiversityBasis.ACTIONS,
        value=0.25,
        interval=(0.2, 0.31),
        floor=0.04,
        null=0.03,
        p_value=0.001,
        members=("scout_0", "guard_0"),
    )


@pytest.fixture
def evidence():
    return replace(make_evidence(), diversity=Diversity(figures=tuple(map(figure, DiversityMeasure))))


def test_every_measure_is_in_the_document_and_follows_the_schema(evidence):
    document = json.loads(analysis_bytes(evidence))
    jsonschema.Draft202012Validator(analysis_schema()).validate(document)
    first = document["roles"]["diversity"][0]
    assert first["measure"] == "system-neural-diversity"
    assert (first["value"], first["interval"], first["floor"], first["chance"]) == (0.25, [0.2, 0.31], 0.04, 0.03)
    assert [each["measure"] for each in document["roles"]["diversity"]] == [m.value for m in DiversityMeasure]


def test_the_page_shows_what_chance_alone_gives(evidence):
    page = render_page(evidence)
    assert "Hierarchic Social Entropy" in page
    assert "0.200 to 0.310" in page
    assert "by chance" in page


def test_without_figures_there_is_no_table():
    assert "How diverse the team is" not in render_page(make_evidence())


def test_every_measure_has_words(evidence):
    rows = diversity_rows(evidence.diversity)
    assert len({row.name for row in rows}) == len(DiversityMeasure)
    assert all(row.meaning for row in rows)
