"""What is no log says what it is, and what to do instead."""

import pickle

import pytest

from convscope.errors import LogFormatError
from convscope.ingest.choice import choose
from convscope.ingest.foreign import foreign_kind
from convscope.ingest.probe import probe

FILES = {
    "net.safetensors": (b"\x40" + bytes(7) + b'{"a":{"dtype":"F32"}}', "parameters of a network"),
    "episode.pt": (b"PK\x03\x04" + bytes(26) + b"archive/data.pkl", "torch.save"),
    "policy.onnx": (b"\x08\x08\x12\x07pytorch", "--policy FILE"),
    "policy.pt": (b"PK\x03\x04" + bytes(26) + b"archive/data.pkl", "--policy FILE"),
    "old.pickle": (pickle.dumps([1], protocol=0), "trust-pickle"),
    "episode.pkl": (pickle.dumps({"obs": [1]}), "pickle"),
    "events.out.tfevents.17.host": (b"\x18\x00\x00\x00\x00\x00\x00\x00", "TensorBoard"),
    "log.tfrecord": (b"\x18\x00\x00\x00\x00\x00\x00\x01", "vaults"),
    "game.SC2Replay": (b"MPQ\x1b" + bytes(9), "StarCraft"),
    "render.gif": (b"GIF89a" + bytes(9), "picture"),
}
FOLDERS = {
    ("run.json", "config.json", "metrics.json", "cout.txt"): "Sacred",
    ("rllib_checkpoint.json", "algorithm_state.pkl"): "RLlib",
    ("report.html", "analysis.json"): "report of convscope",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_log_says_what_it_is(tmp_path, name):
    content, word = FILES[name]
    (tmp_path / name).write_bytes(content)
    seen = probe(tmp_path / name, name)
    assert word in foreign_kind(seen)
    with pytest.raises(LogFormatError, match=word):
        choose(seen, [])


@pytest.mark.parametrize("names", FOLDERS)
def test_a_folder_that_is_no_log_says_what_it_is(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("{}")
    assert FOLDERS[names] in foreign_kind(probe(tmp_path, "run"))


def test_other_files_are_nothing_foreign(tmp_path):
    (tmp_path / "log.json").write_text('{"episodes": [1, 2]}')
    assert foreign_kind(probe(tmp_path / "log.json", "log.json")) is None
    assert foreign_kind(probe(tmp_path, "run")) is None
