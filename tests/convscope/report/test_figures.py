"""Figures for papers: whole documents of their own, harmless text, and never over somebody else's files."""

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from convscope.errors import OutputError
from convscope.report.figures import figure_files, is_figure_name
from convscope.report.folder import write_figures
from tests.convscope.report.evidence import BARE, SINGLE, make_evidence
from tests.convscope.report.test_page import hostile_evidence


@pytest.fixture(scope="module")
def evidence():
    return make_evidence()


def test_every_chart_is_there_as_svg_and_as_pdf(evidence):
    files = figure_files(evidence)
    assert {"gap.svg", "returns.svg", "role-map.svg", "preference-difference.svg", "routing-graph.svg"} <= set(files)
    assert {name[:-3] + "pdf" for name in files if name.endswith(".svg")} <= set(files)
    assert all(content.startswith(b"%PDF") for name, content in files.items() if name.endswith(".pdf"))
    for name, content in files.items():
        if name.endswith(".svg"):
            # Dark on white without the page's style: no colour may wait for one.
            assert ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  our own
            assert b"currentColor" not in content
            assert b"var(--" not in content
    assert all(map(is_figure_name, files))


def test_the_same_evidence_gives_the_same_bytes(evidence):
    assert figure_files(evidence) == figure_files(make_evidence())


def test_the_table_of_components_is_whole_in_csv_and_in_latex(evidence):
    files = figure_files(evidence)
    rows = list(csv.DictReader(io.StringIO(files["components.csv"].decode())))
    names = [component.name for component in evidence.gap.components]
    assert [row["component"] for row in rows][: len(names)] == names
    alignment = evidence.gap.component("alignment")
    assert float(rows[0]["value"]) == alignment.value
    assert (float(rows[0]["low"]), float(rows[0]["high"])) == alignment.interval
    latex = files["components.tex"].decode()
    assert latex.count(r" \\") == len(rows) + 1
    assert "%" not in latex.split("\n", 1)[1].replace(r"\%", "")


def test_a_reason_that_a_spreadsheet_would_run_is_text(evidence):
    first, *others = evidence.gap.components
    gap = replace(evidence.gap, components=(replace(first, why="=HYPERLINK(0)"), *others))
    assert b"'=HYPERLINK" in figure_files(replace(evidence, gap=gap))["components.csv"]


def test_names_from_a_log_are_text_in_a_drawing():
    for name, content in figure_files(hostile_evidence()).items():
        if name.endswith(".svg"):
            tags = {node.tag.rsplit("}")[-1] for node in ET.fromstring(content).iter()}  # noqa: S314  our own
            assert tags.isdisjoint({"script", "image", "foreignObject", "a", "use"})


def test_without_a_prior_and_roles_there_are_fewer_figures():
    files = figure_files(make_evidence(BARE))
    assert "role-map.svg" not in files
    assert set(files) < set(figure_files(make_evidence(SINGLE))) | set(files)


def test_only_figures_of_ours_are_replaced(tmp_path, evidence):
    out = tmp_path / "figures"
    write_figures(evidence, out)
    (out / "gap.svg").write_text("stale")
    write_figures(evidence, out)
    assert (out / "gap.svg").read_bytes() == figure_files(evidence)["gap.svg"]
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds thesis\.tex, which is no figure of convscope"):
        write_figures(evidence, out)
    assert (out / "thesis.tex").read_text() == "years of work"
