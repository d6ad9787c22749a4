"""A file that nothing is known of gets a mapping to fill in: what is in it, in comments."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.inspect import inspect_logs, write_proposed_mapping
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

RNG = np.random.default_rng(0)
ODD = {"seen": RNG.normal(size=(3, 8, 2, 4)), "did": RNG.integers(4, size=(3, 8, 2)), "odd\nname": np.zeros(3)}


def drafted(path, tmp_path, arrays):
    np.savez(path, **arrays)
    (seen,) = inspect_logs([path])
    write_proposed_mapping(seen, tmp_path / "map.toml")
    return seen, (tmp_path / "map.toml").read_text()


def test_the_draft_lists_the_arrays_and_reads_as_a_mapping_that_says_nothing(tmp_path):
    seen, text = drafted(tmp_path / "log.npz", tmp_path, ODD)
    assert seen.is_draft
    assert '#   "/did"  (3, 8, 2)  <i8' in text
    assert '#   "/odd\\nname"  (3,)' in text
    assert all(line.startswith("#") for line in text.splitlines()[1:] if line)
    assert read_mapping(tmp_path / "map.toml").fields == ()


def test_the_draft_filled_in_reads_the_file(tmp_path):
    _, text = drafted(tmp_path / "log.npz", tmp_path, ODD)
    actions, rest = text.split("# [fields.observations]")
    filled = actions.replace("# [fields.actions]\n# path = ", "[fields.actions]\npath = ").replace(
        "# axes = ", "axes = "
    )
    (tmp_path / "map.toml").write_text(filled.replace("/PATH", "/did", 1))
    log = open_logs([tmp_path / "log.npz"], mapping=read_mapping(tmp_path / "map.toml"))
    assert (log.episodes.length.tolist(), len(log.header.agents)) == ([8, 8, 8], 2)
    assert "# [fields.rewards]" in rest


def test_a_file_that_is_read_by_its_names_gets_no_draft(tmp_path):
    seen, text = drafted(tmp_path / "log.npz", tmp_path, {"obs": ODD["seen"], "actions": ODD["did"]})
    assert not seen.is_draft
    assert "[fields.actions]" in text


def test_what_no_mapping_can_help_says_why(tmp_path):
    (tmp_path / "log.pkl").write_bytes(b"\x80\x04N.")
    (seen,) = inspect_logs([tmp_path / "log.pkl"])
    with pytest.raises(UsageError, match="no mapping would help"):
        write_proposed_mapping(seen, tmp_path / "map.toml")
