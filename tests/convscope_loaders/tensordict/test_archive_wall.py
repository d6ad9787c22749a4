"""A packed TensorDict is a zip file from a stranger: it meets the same wall as an ``.npz`` file."""

import zipfile

import pytest

from convscope.errors import ConvscopeError
from convscope.ingest.numpy_files import archive
from convscope_loaders.tensordict.files import archive_container


def planted(path, names, *, content=b"{}", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name in names:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../meta.json", "/meta.json", "a/../../b", "..\\b", "x" * 2000])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    with pytest.raises(ConvscopeError, match=r"x\.zip:.*(leads out of the archive|a name of 2000 characters)"):
        archive_container(planted(tmp_path / "x.zip", ["meta.json", name]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(ConvscopeError, match=r"holds 'meta\.json' twice"):
        archive_container(planted(tmp_path / "x.zip", ["meta.json", "meta.json"]))


def test_a_bomb_is_refused(tmp_path):
    path = planted(tmp_path / "x.zip", ["meta.json"], content=bytes(80 << 20), compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    start = content.rindex(b"PK\x01\x02") + 24
    content[start : start + 4] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ConvscopeError, match="declares 2147483648 bytes"):
        archive_container(path)


def test_encrypted_and_strangely_packed_members_are_refused(tmp_path):
    path = planted(tmp_path / "x.zip", ["meta.json"])
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ConvscopeError, match="is encrypted"):
        archive_container(path)
    with pytest.raises(ConvscopeError, match="not read; pack it with deflate"):
        archive_container(planted(tmp_path / "y.zip", ["meta.json"], compression=zipfile.ZIP_LZMA))


def test_more_members_than_a_log_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(ConvscopeError, match="has 4 members"):
        archive_container(planted(tmp_path / "x.zip", ["a", "b", "c", "d"]))
