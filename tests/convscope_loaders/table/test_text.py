"""Tables as texts: what is cut, misplaced or spelled otherwise is read as it is meant, or named by its line."""

import json

import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose
from convscope.ingest.probe import probe
from convscope_loaders.table import LOADER
from tests.convscope_loaders.table.rows import as_text, is_same, opened, whole, without, write

ROWS = [
    {"episode": e, "t": t, "agent": agent, "action": t % 2, "reward": t + 0.25, "x": -1.5 * t, "y": 0.125}
    for e in range(2)
    for t in range(3)
    for agent in ("ann", "bob")
]
CUT = [row for row in ROWS if (row["episode"], row["t"], row["agent"]) != (1, 2, "bob")]


def notices(log):
    return {notice.code: notice for notice in log.header.notices}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_last_line_that_its_writer_did_not_finish_is_left_out_and_named(tmp_path, ending):
    whole_text = write(tmp_path / f"whole.{ending}", ROWS).read_text()
    expected = opened(write(tmp_path / f"less.{ending}", CUT))
    path = tmp_path / f"cut.{ending}"
    last = whole_text.splitlines()[-1]
    for n_bytes in (8, len(last) // 2, len(last) - 9):
        path.write_text(whole_text[: -len(last) - 1 + n_bytes])
        log = opened(path)
        assert is_same(log, expected)
        number = len(whole_text.splitlines())
        assert notices(log)["cut-line"].message.startswith(f"line {number} is cut off and left out")


def test_lines_without_an_end_are_whole_where_they_have_all_cells(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(as_text(ROWS).rstrip("\n"))
    assert is_same(opened(path), opened(write(tmp_path / "plain.csv", ROWS)))
    assert "cut-line" not in notices(opened(path))


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (lambda lines: [*lines[:5], lines[5] + ",7", *lines[6:]], 6, "has 8 cells, and the first line names 7"),
        (lambda lines: [*lines[:5], "0,1", *lines[6:]], 6, "has 2 cells"),
        (lambda lines: [*lines, "0,1"], 14, "has 2 cells"),
    ],
)
def test_a_line_with_more_or_fewer_cells_is_named(tmp_path, change, line, what):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*change(as_text(ROWS).splitlines()), ""]))
    with pytest.raises(LogFormatError, match=f"log.csv: line {line} {what}"):
        opened(path)


def test_empty_cells_in_the_last_column_are_no_cut_lines(tmp_path):
    rows = [{**row, "note": '"a, b"' if row["t"] else None} for row in ROWS]
    log = opened(write(tmp_path / "log.csv", rows))
    assert (log.episodes.length.tolist(), "cut-line" in notices(log)) == ([3, 3], False)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda lines: [*lines[:3], lines[3][:-4], *lines[4:]], "line 4 is no JSON object: .* at its character"),
        (lambda lines: [*lines[:3], "[1, 2]", *lines[4:]], "line 4 holds a list; write an object for each row"),
        (lambda lines: [*lines[:3], json.dumps({**ROWS[3], "x": [1]}), *lines[4:]], "'x' is a list in line 4 and"),
        (lambda lines: [*lines, lines[0][:-4], ""], "line 13 is no JSON object"),
    ],
)
def test_a_line_that_is_no_row_of_json_is_named(tmp_path, change, what):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*change([json.dumps(row) for row in ROWS]), "{}"]))
    with pytest.raises(LogFormatError, match=f"log.jsonl: {what}"):
        opened(path)


def test_a_document_of_json_that_is_cut_names_its_line(tmp_path):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(ROWS, indent=0)[:-60])
    with pytest.raises(LogFormatError, match=r"log.json: line \d+ is no JSON: .* at its character"):
        opened(path)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\n\n"])
def test_marks_before_json_do_not_matter(tmp_path, mark):
    expected = opened(write(tmp_path / "plain.csv", ROWS))
    path = tmp_path / "log.jsonl"
    path.write_bytes(mark + write(tmp_path / "plain.jsonl", ROWS).read_bytes())
    assert is_same(opened(path), expected)
    path.write_bytes(mark + json.dumps(ROWS, indent=2).encode())
    assert choose(probe(path, path.name), [LOADER]).loader is LOADER
    assert is_same(opened(path), expected)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read_as_points_and_said(tmp_path, separator):
    rows = [{name: str(value).replace(".", ",") for name, value in row.items()} for row in ROWS]
    path = tmp_path / "log.csv"
    path.write_text(as_text(rows, separator))
    log = opened(path)
    assert is_same(log, opened(write(tmp_path / "plain.csv", ROWS)))
    assert notices(log)["decimal-commas"].message.endswith("decimal points: reward, x, y")


def test_a_comma_that_may_part_thousands_is_ambiguous(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(as_text([{**row, "score": "1,250"} for row in without(ROWS, "reward", "x", "y")], ";"))
    with pytest.raises(AmbiguousLogError, match="1,250 in the column score"):
        opened(path)


def test_a_header_alone_and_lists_without_rows_say_that_nothing_was_recorded(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(",".join(ROWS[0]) + "\n")
    with pytest.raises(LogFormatError, match="has no row, only the names of its columns"):
        opened(path)
    path = tmp_path / "log.json"
    path.write_text("[]\n")
    with pytest.raises(LogFormatError, match="a list without a row"):
        opened(path)


def test_one_name_twice_is_refused_and_one_name_in_two_spellings_is_ambiguous(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("episode,t,agent,action,action\n0,0,a,1,2\n")
    with pytest.raises(LogFormatError, match="columns 4 and 5 are both called 'action'"):
        opened(path)
    for other in ("Action", "Reward"):
        path = write(tmp_path / "log.csv", [{**row, other: 5} for row in ROWS])
        with pytest.raises(AmbiguousLogError, match=f"{other} .*have one name but for its spelling"):
            opened(path)


def test_words_may_be_parted_by_capitals(tmp_path):
    names = {"episode": "EpisodeIdx", "t": "timeStep", "agent": "AgentId", "action": "ActionTaken", "reward": "Reward"}
    rows = [{names.get(name, name.upper()): value for name, value in row.items()} for row in ROWS]
    assert is_same(opened(write(tmp_path / "log.csv", rows)), opened(write(tmp_path / "plain.csv", ROWS)))


def test_a_second_column_that_says_more_of_the_action_is_a_value_of_its_own(tmp_path):
    log = opened(write(tmp_path / "log.csv", [{**row, "action_id": 3} for row in ROWS]))
    assert log.header.field("actions").shape == (1,)
    assert whole(log)[1]["info/action_id"].min() == 3


def test_blanks_around_cells_do_not_matter(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(as_text(ROWS).replace(",", ", "))
    assert is_same(opened(path), opened(write(tmp_path / "plain.csv", ROWS)))
