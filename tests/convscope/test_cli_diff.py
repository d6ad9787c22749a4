"""``convscope diff`` refuses what it could not use before it works, and never drops an option in silence."""

import pytest

from convscope.report.document import analysis_bytes
from tests.convscope.report.evidence import make_evidence


@pytest.fixture
def report(tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "analysis.json").write_bytes(analysis_bytes(make_evidence()))
    return folder


def test_a_report_differs_from_itself_in_nothing(convscope, report):
    code, said = convscope("diff", report, report)
    assert code == 0
    assert "Nothing differs." in said.out


@pytest.mark.parametrize("option", [("--priors", "p.toml"), ("--seed", "3"), ("--seed", "0")])
def test_options_of_an_analysis_are_refused_where_a_side_is_a_report(convscope, report, option):
    for sides in ((report, report), (report, "missing.h5"), ("missing.h5", report)):
        code, said = convscope("diff", *sides, *option)
        assert code == 2
        assert f"{option[0]} would not change" in said.err


def test_a_page_that_is_there_is_refused_before_any_log_is_read(convscope, report, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("mine")
    code, said = convscope("diff", "missing.h5", report, "--out", page)
    assert code == 2
    assert "not overwritten" in said.err
    code, said = convscope("diff", "missing.h5", report, "--out", tmp_path / "none" / "page.html")
    assert code == 2
    assert "there is no folder" in said.err
    assert page.read_text() == "mine"


def test_a_page_is_written(convscope, report, tmp_path):
    assert convscope("diff", report, report, "--out", tmp_path / "page.html")[0] == 0
    assert "Nothing differs." in (tmp_path / "page.html").read_text()
