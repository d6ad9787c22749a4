"""Files of labels: what they may say, and where they are wrong."""

import numpy as np
import pytest

from convscope.errors import LabelsError, UsageError
from convscope.ingest.episode_labels import read_labels
from convscope.ingest.memory import log_from_arrays

LOG = log_from_arrays({"actions": np.zeros((18, 2, 1))}, [5, 5, 8], ["a", "b"])
STUDY = log_from_arrays(
    {"actions": np.zeros((8, 2, 1))}, [2] * 4, ["a", "b"], runs=["x", "x", "y", "y"], checkpoints=["1", "2", "1", "2"]
)


def read(tmp_path, text, log=LOG):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return read_labels(path, log)


def test_whole_episodes_and_stretches(tmp_path):
    labels = read(
        tmp_path, "episode,start,stop,formation,padding\n2,,3,wide,\n0,,,tight,left\n2, 3,7, tight ,right\n1,,,,right\n"
    )
    assert labels.formations == ("wide", "tight")
    assert labels.spans.tolist() == [[2, 0, 3, 0], [0, 0, 5, 1], [2, 3, 7, 1]]
    assert labels.paddings == ("left", "right")
    assert labels.padding.tolist() == [0, 1, 1]
    assert len(labels.sha256) == 64


def test_runs_and_checkpoints_name_the_episode(tmp_path):
    labels = read(tmp_path, "run,checkpoint,episode,formation\ny,1,0,wide\nx,2,0,tight\n", STUDY)
    assert labels.spans[:, 0].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("episode,formation\n3,wide\n", r"labels.csv:2: no episode 3 in that run"),
        ("episode,formation\n,wide\n", r"labels.csv:2: no episode without a number"),
        ("episode,formation\n0,a\n-1,b\n", r"labels.csv:3: episode must be a whole number, not '-1'"),
        ("episode,formation\n0,a\n1e9,b\n", r"labels.csv:3: episode must be a whole number"),
        ("episode,start,stop,formation\n0,2,9,a\n", r"labels.csv:2: timesteps 2 to 9 are not in an episode of 5"),
        ("episode,start,stop,formation\n0,2,2,a\n", r"labels.csv:2: timesteps 2 to 2"),
        ("episode,start,stop,formation\n0,0,3,a\n1,,,a\n0,2,5,b\n", r"labels.csv:4: shares timesteps.*line 2"),
        ("episode,formation\n0,a\n0,a\n", r"labels.csv:3: shares timesteps"),
        ("episode,padding\n0,a\n0,b\n", r"labels.csv:3: padding 'b', but 'a'"),
        ("episode,shape\n0,a\n", r"labels.csv:1: no column 'shape' is known; the columns are run"),
        ("episode,run\n0,a\n", r"labels.csv:1: needs a column episode, and formation or padding"),
        ("run,episode,formation\nother,0,a\n", r"labels.csv:2: no run 'other' in the log; it has run_0"),
        ("episode,formation\n", "holds no labels"),
        ("", "no CSV table"),
        ("episode,formation\n0,a,b\n", "no CSV table"),
        ("episode,formation\n" + "".join(f"0,f{n}\n" for n in range(13)), "13 names in column formation"),
    ],
)
def test_faults_name_their_line(tmp_path, text, message):
    with pytest.raises(LabelsError, match=message):
        read(tmp_path, text)


def test_several_runs_must_be_told_apart(tmp_path):
    with pytest.raises(LabelsError, match=r"the log has 2 runs; a column run must say which"):
        read(tmp_path, "episode,formation\n0,a\n", STUDY)


def test_no_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(UsageError, match="no file of labels"):
        read_labels(tmp_path / "none.csv", LOG)
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00episode\x00,\n\xff\xff")
    with pytest.raises(LabelsError):
        read_labels(path, LOG)
