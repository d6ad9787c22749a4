"""The terminal says the same as the page, in a few lines that cannot act."""

from dataclasses import replace

from convscope.report.summary import summary_lines
from convscope.report.wording import verdict_of
from convscope.values.header import Notice
from tests.convscope.report.evidence import BARE, SINGLE, Study, gap, make_evidence


def test_the_verdict_comes_first_with_its_main_figures():
    evidence = make_evidence()
    lines = summary_lines(evidence)
    assert lines[0] == verdict_of(evidence).headline
    assert "Roles: 3 among episodes, 3 among agents" in lines
    assert "Routing from attention: 8 of 20 edges significant" in lines
    assert any(line.startswith("Alignment gap: 0.488 (0.310 to 0.660") for line in lines)


def test_what_is_not_known_is_left_out():
    assert len(summary_lines(make_evidence(SINGLE))) == 4
    assert "Roles: \u2013 among episodes, \u2013 among agents" in summary_lines(make_evidence(BARE))


def test_escape_sequences_of_a_log_are_shown():
    study = Study()
    evidence = make_evidence(study, gap=replace(gap(study), reasons=("\x1b]8;;https://example.org\x07click",)))
    assert "\x1b" not in "".join(summary_lines(evidence))


def test_what_changes_the_reading_is_said_at_once_and_the_rest_is_counted():
    notices = (
        Notice(code="missing-values", message="3 numbers are missing"),
        Notice(code="subset", message="a sample was clustered"),
    )
    lines = summary_lines(replace(make_evidence(SINGLE), notices=notices))
    assert "Note: 3 numbers are missing" in lines
    assert "a sample was clustered" not in " ".join(lines)
    assert lines[-1].endswith("on the page and in analysis.json")


def test_what_was_left_out_in_reading_comes_before_all_other_notes():
    left_out = Notice(code="left-out-metric-rows", message="3 rows are left out")
    evidence = make_evidence()
    evidence = replace(evidence, notices=(*evidence.notices, Notice(code="missing-values", message="3 are missing")))
    lines = summary_lines(replace(evidence, header=replace(evidence.header, notices=(left_out,))))
    notes = [line for line in lines if line.startswith("Note: ")]
    assert notes[0] == "Note: 3 rows are left out"
    assert "on what does not apply here or is not computed) on the page" in lines[-1]
