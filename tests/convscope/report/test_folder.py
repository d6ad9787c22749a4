"""The folder is written whole or not at all."""

from pathlib import Path

import polars as pl
import pytest

from convscope.errors import OutputError
from convscope.report.document import analysis_bytes
from convscope.report.folder import check_figures, check_output, report_files, write_report
from tests.convscope.report.evidence import SINGLE, make_evidence


@pytest.fixture(scope="module")
def evidence():
    return make_evidence(SINGLE)


def names_in(place):
    return [path.name for path in place.iterdir()]


def files_under(place):
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_a_report_is_a_page_a_document_and_tables(tmp_path, evidence):
    write_report(evidence, tmp_path / "out")
    names = ["analysis.json", "report.html", "tables/features.parquet", "tables/roles.parquet"]
    assert files_under(tmp_path / "out") == names
    assert (tmp_path / "out" / "analysis.json").read_bytes() == analysis_bytes(evidence)
    assert pl.read_parquet(tmp_path / "out" / "tables" / "roles.parquet").height == 36
    assert names_in(tmp_path) == ["out"]


def test_two_writings_give_the_same_bytes():
    assert report_files(make_evidence()) == report_files(make_evidence())


def test_our_own_folder_is_replaced_whole(tmp_path, evidence):
    write_report(make_evidence(), tmp_path / "out")
    (tmp_path / "out" / "tables" / "stale.parquet").write_bytes(b"")
    write_report(evidence, tmp_path / "out")
    assert "tables/stale.parquet" not in files_under(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"not json", b'{"provenance": {}}', b"[" * 100_000])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, evidence, content):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    if content is not None:
        (out / "analysis.json").write_bytes(content)
    before = files_under(tmp_path)
    with pytest.raises(OutputError, match=r"out exists and holds no analysis.json of convscope"):
        write_report(evidence, out)
    assert files_under(tmp_path) == before


def test_a_log_that_lies_in_a_report_folder_is_not_lost(tmp_path, evidence):
    write_report(evidence, tmp_path / "out")
    (tmp_path / "out" / "log.h5").write_bytes(b"the only copy")
    with pytest.raises(OutputError, match=r"holds log\.h5, which convscope did not write"):
        write_report(evidence, tmp_path / "out")
    assert (tmp_path / "out" / "log.h5").read_bytes() == b"the only copy"


def test_a_file_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="not replaced"):
        check_output(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("place", ["file/out", "file/deep/out"])
def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path, evidence, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"cannot write .*out: .*; choose another --out"):
        write_report(evidence, tmp_path / place)
    assert files_under(tmp_path) == ["file"]


def test_a_read_only_file_system_is_one_clear_error():
    with pytest.raises(OutputError, match="/proc"):
        check_output(Path("/proc/convscope/report"))


@pytest.mark.parametrize("exists", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_half_way_leaves_everything_as_it_was(tmp_path, evidence, monkeypatch, exists, fault):
    out = tmp_path / "deep" / "out"
    if exists:
        write_report(make_evidence(), out)
    before = {name: (tmp_path / name).read_bytes() for name in files_under(tmp_path)}
    real, written = Path.write_bytes, []

    def failing(path, content):
        written.append(path)
        if len(written) == 2:
            raise fault
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_report(evidence, out)
    assert {name: (tmp_path / name).read_bytes() for name in files_under(tmp_path)} == before
    assert (tmp_path / "deep").exists() == exists


def test_the_old_report_comes_back_when_the_new_one_cannot_take_its_place(tmp_path, evidence, monkeypatch):
    out = tmp_path / "out"
    write_report(evidence, out)
    real, moved = Path.rename, []

    def failing(path, target):
        moved.append(path)
        if len(moved) == 2:
            raise OSError(5, "Input/output error")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Input/output error"):
        write_report(make_evidence(), out)
    assert (out / "analysis.json").read_bytes() == analysis_bytes(evidence)
    assert names_in(tmp_path) == ["out"]


def test_a_check_leaves_no_trace(tmp_path):
    check_output(tmp_path / "a" / "b" / "out")
    assert names_in(tmp_path) == []


def test_the_folder_has_the_usual_permissions(tmp_path, evidence):
    (tmp_path / "usual").mkdir()
    write_report(evidence, tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_control_characters_of_a_path_are_shown(tmp_path):
    (tmp_path / "a\x1b[31m").mkdir()
    with pytest.raises(OutputError) as error:
        check_output(tmp_path / "a\x1b[31m")
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(("figures", "report"), [("out", "out"), ("out/figures", "out"), ("out", "out/report")])
def test_figures_and_report_in_one_another_are_refused_before_any_work(tmp_path, figures, report):
    with pytest.raises(OutputError, match="lie within each other"):
        check_figures(tmp_path / figures, tmp_path / report)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with pytest.raises(OutputError, match="lie within each other"):
        check_figures(tmp_path / "link", tmp_path / "out" / "report")
    check_figures(tmp_path / "figures", tmp_path / "out")
