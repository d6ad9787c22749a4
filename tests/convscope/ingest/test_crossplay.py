"""Matrices of cross-play: what they say, and what is wrong with them."""

import numpy as np
import pytest

from convscope.errors import CrossPlayError, UsageError
from convscope.ingest.crossplay import read_crossplay
from convscope.ingest.memory import log_from_arrays


def log():
    return log_from_arrays({"actions": np.zeros((4, 2, 1))}, [4], ["x", "y"])


def read(tmp_path, text: str):
    path = tmp_path / "cross.csv"
    path.write_text(text)
    return read_crossplay(path, log())


RUN = log().episodes.runs[0]


def test_rows_may_come_in_another_order_than_columns(tmp_path):
    found = read(tmp_path, f",{RUN},other\nother,1,2\n\n{RUN},3, \n".replace(", \n", ",4\n"))
    assert found.runs == (RUN, "other")
    assert found.returns.tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_empty_cells_were_not_tried(tmp_path):
    found = read(tmp_path, f",{RUN},other\n{RUN},3,\nother,,2\n")
    assert np.isnan(found.returns[0, 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line must name"),
        (f",{RUN},{RUN}\n", "2 to 500 different runs"),
        (f",{RUN},b\n{RUN},1,2\n", "its rows are"),
        (f",{RUN},b\n{RUN},1,2\nb,1\n", "cross.csv:3: 2 cells, 3 are needed"),
        (f",{RUN},b\n{RUN},1,x\nb,1,1\n", "cross.csv:2: 'x' is no finite number"),
        (f",{RUN},b\n{RUN},1,nan\nb,1,1\n", "no finite number"),
        (f",{RUN},b\n{RUN},1,2\nb,1,\n", "playing with itself"),
        (",a,b\na,1,2\nb,1,2\n", "of the log is not among its runs"),
    ],
)
def test_faults_are_named_in_one_line(tmp_path, text, words):
    with pytest.raises(CrossPlayError, match=words) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "cross.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CrossPlayError, match="no CSV"):
        read_crossplay(path, log())
    with pytest.raises(UsageError, match="no matrix of cross-play"):
        read_crossplay(tmp_path / "none.csv", log())
