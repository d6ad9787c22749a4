"""Recordings are closed when a program ends, spread over files where they must be, and never written by two."""

import os
import subprocess
import sys

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.open import find_logs, open_logs
from convscope.ingest.validate import validate_log
from convscope.record import EndKind, Recorder, RecordingWarning
from convscope.recording.disks import is_shared_disk
from convscope.values.header import ActionKind, ActionSpace

SPACES = {"a": ActionSpace(kind=ActionKind.DISCRETE, n=(3,))}


def add(recorder, length):
    columns = {"actions": np.arange(length)[:, None] % 3, "rewards": np.ones((length, 1))}
    recorder.add_episode(columns, end=EndKind.TERMINATED)


def lengths(path):
    return open_logs(find_logs([path])).episodes.length.tolist()


def test_the_end_of_the_program_commits_what_nobody_committed(tmp_path):
    code = (
        "import sys; import numpy as np; from convscope.record import Recorder, EndKind\n"
        "recorder = Recorder(sys.argv[1], agents=['a'], commit_seconds=1000)\n"
        "recorder.add_episode({'actions': np.zeros((3, 1), int)}, end=EndKind.TERMINATED)\n"
        "going_on = recorder.start_episode()\n"
        "going_on.act({'actions': {'a': 0}})\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "log.h5"], check=True)
    log = open_logs([tmp_path / "log.h5"])
    assert log.episodes.length.tolist() == [3, 1]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.CUT]
    assert log.header.notices == ()


def test_a_recorder_that_nobody_holds_any_more_is_closed(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=["a"], commit_seconds=1000)
    add(recorder, 4)
    del recorder
    assert lengths(tmp_path / "log.h5") == [4]


def test_without_a_growing_file_every_commit_makes_one(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=["a"], action_spaces=SPACES, is_live=False, commit_seconds=0) as recorder:
        for length in (1, 2, 3):
            add(recorder, length)
            assert lengths(tmp_path) == list(range(1, length + 1))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log.0002.h5", "log.0003.h5", "log.h5"]
    log = open_logs(find_logs([tmp_path]))
    assert log.episodes.runs == ("log.h5",)
    assert log.header.notices == ()
    assert all(validate_log(path) == () for path in tmp_path.iterdir())


def test_a_file_that_is_there_already_is_passed_over_when_a_recording_goes_on(tmp_path):
    (tmp_path / "log.0002.h5").write_text("mine")
    with Recorder(tmp_path / "log.h5", agents=["a"], is_live=False, commit_seconds=0) as recorder:
        add(recorder, 1)
        add(recorder, 1)
        assert [path.name for path in recorder.paths] == ["log.h5", "log.0003.h5"]
    assert (tmp_path / "log.0002.h5").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks nothing")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_off_is_told_to_record_itself(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=["a"], action_spaces=SPACES, commit_seconds=0) as recorder:
        add(recorder, 2)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                add(recorder, 9)
            except UsageError as error:
                os.write(writing, str(error).encode())
            recorder.close()
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        told = os.read(reading, 4096).decode()
        os.close(reading)
        assert f"belongs to process {os.getpid()}" in told
        assert "a file of its own (part-0.h5, part-1.h5)" in told
        add(recorder, 3)
    assert lengths(tmp_path / "log.h5") == [2, 3]


@pytest.mark.parametrize("what", ["append", "write", "flush"])
def test_a_commit_that_fails_loses_nothing_and_doubles_nothing(tmp_path, monkeypatch, what):
    recorder = Recorder(tmp_path / "log.h5", agents=["a"], action_spaces=SPACES, commit_seconds=1000)
    add(recorder, 2)
    recorder.commit()
    add(recorder, 3)

    def refuse(*_):
        raise RuntimeError("flush failed (errno = 28, error message = 'No space left on device', buf = 0x1)")

    monkeypatch.setattr(f"convscope.ingest.hdf5.writing.Hdf5Writer.{what}", refuse)
    with pytest.raises(Exception, match=r"log\.h5 cannot be written: No space left on device"):
        recorder.commit()
    assert recorder.n_committed == 1
    monkeypatch.undo()
    recorder.close()
    assert lengths(tmp_path / "log.h5") == [2, 3]


def test_a_role_without_agents_is_said(tmp_path):
    recorder = Recorder(
        tmp_path / "log.h5", agents=["a"], roles={"scout": ["b_*"], "tank": ["a"]}, teams={"red": ["c"]}
    )
    add(recorder, 1)
    with pytest.warns(RecordingWarning) as told:
        recorder.close()
    assert [str(warning.message) for warning in told] == [
        "no agent is in the role scout: its patterns fit none of a",
        "no agent is in the team red: its patterns fit none of a",
    ]
    header = open_logs([tmp_path / "log.h5"]).header
    assert [notice.message for notice in header.notices] == [str(warning.message) for warning in told]
    assert header.agents[0].declared_role == "tank"


def test_an_agent_in_two_roles_is_refused(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=["a"], roles={"scout": ["a"], "tank": ["*"]})
    add(recorder, 1)
    with pytest.raises(UsageError, match="a is in two roles, scout and tank"):
        recorder.close()


@pytest.mark.parametrize("label", ["", "x" * 201, "ß" * 101])
def test_a_label_has_a_length(tmp_path, label):
    with Recorder(tmp_path / "log.h5", agents=["a"]) as recorder, pytest.raises(UsageError, match="1 to 200 bytes"):
        recorder.checkpoint = label


@pytest.mark.parametrize(
    ("mounts", "is_shared"),
    [
        ("/dev/sda / ext4 rw 0 0\n", False),
        ("/dev/sda / ext4 rw 0 0\nserver:/x {folder} nfs4 rw 0 0\n", True),
        ("server:/x / nfs rw 0 0\n/dev/sda {folder} ext4 rw 0 0\n", False),
        ("share {parent} cifs rw 0 0\n", True),
        ("nonsense\n", False),
    ],
)
def test_disks_that_machines_share_are_known(tmp_path, mounts, is_shared):
    folder = tmp_path / "a b"
    folder.mkdir()
    table = tmp_path / "mounts"
    table.write_text(mounts.format(folder=str(folder).replace(" ", "\\040"), parent=tmp_path))
    assert is_shared_disk(folder, table) == is_shared
    assert not is_shared_disk(folder, tmp_path / "absent")


def test_on_a_shared_disk_files_are_written_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.recording.recorder.is_shared_disk", lambda folder: folder == tmp_path)
    with pytest.warns(RecordingWarning, match="on a disk that machines share"):
        recorder = Recorder(tmp_path / "log.h5", agents=["a"], action_spaces=SPACES, commit_seconds=0)
    for length in (1, 2):
        add(recorder, length)
    recorder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.0002.h5", "log.h5"]


def test_a_program_can_read_what_it_is_recording(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=["a"], action_spaces=SPACES, commit_seconds=0) as recorder:
        for n_episodes in (1, 2, 3):
            add(recorder, 5)
            assert lengths(tmp_path / "log.h5") == [5] * n_episodes
            assert {problem.severity for problem in validate_log(tmp_path / "log.h5")} <= {"suggestion"}
    assert lengths(tmp_path / "log.h5") == [5, 5, 5]
