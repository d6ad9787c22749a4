"""Arrow and Parquet tables are looked into before they are read, and refused when they declare too much."""

import polars as pl
import pytest

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest import columnar
from convscope.ingest.columnar import look_into_table, read_table
from convscope.ingest.columnar_trial import check_decodable

FRAME = pl.DataFrame({"a": [1, 2, 3], "b": [{"x": [1.0, 2.0]}] * 3, "c": ["u", "v", "w"]})


@pytest.fixture(params=["arrow", "parquet"])
def path(tmp_path, request):
    # A name with a pattern in it, which polars would expand if it were given the name.
    path = tmp_path / f"table[*].{request.param}"
    FRAME.write_ipc(path) if request.param == "arrow" else FRAME.write_parquet(path)
    return path


def test_a_table_tells_its_columns_and_rows(path):
    info = look_into_table(path)
    assert info.schema == dict(FRAME.schema)
    assert info.n_rows == 3


def test_only_the_columns_asked_for_are_read(path):
    assert read_table(path, ["c", "a"]).to_dict(as_series=False) == {"c": ["u", "v", "w"], "a": [1, 2, 3]}
    with pytest.raises(LogFormatError, match="has no column 'd'; it has a, b, c"):
        read_table(path, ["d"])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1\0\0", b"text", b"PAR1" + bytes(999) + b"PAR1"])
def test_what_is_no_table_is_an_error_of_one_line(tmp_path, content):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    for look in (look_into_table, lambda path: read_table(path, ["a"])):
        with pytest.raises(LogFormatError) as caught:
            look(path)
        assert "\n" not in str(caught.value)


def test_tables_beyond_all_measure_are_refused(path, tmp_path, monkeypatch):
    tall = tmp_path / "tall.parquet"
    pl.DataFrame({"x": pl.repeat(0, 1 << 24, eager=True)}).write_parquet(tall)
    with pytest.raises(RefusedFileError, match="no honest table"):
        look_into_table(tall)
    monkeypatch.setattr(columnar, "MAX_TABLE_BYTES", 10)
    with pytest.raises(RefusedFileError, match="is larger than"):
        read_table(path, ["a"])


def test_a_file_of_a_thousand_bytes_that_holds_gigabytes_is_refused(tmp_path):
    texts = pl.DataFrame({"item": [b"\x90" * (1 << 20)] * 100})
    lists = pl.DataFrame({"item": pl.Series([[0.0] * 20_000]).new_from_index(0, 1000)})
    for number, frame in enumerate((texts, lists)):
        path = tmp_path / f"{number}.parquet"
        frame.write_parquet(path, compression="zstd")
        assert path.stat().st_size < 60_000
        look_into_table(path)
        with pytest.raises(RefusedFileError, match=rf"{number}.parquet holds more than 64 MiB"):
            check_decodable([path])
        check_decodable([path], floor=1 << 30)


def test_the_file_at_fault_is_named(path, tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1" + bytes(99) + b"PAR1")
    check_decodable([path, path])
    check_decodable([path], ["a"])
    with pytest.raises(LogFormatError, match=r"broken.parquet cannot be read: its rows cannot be decoded"):
        check_decodable([path, broken, path])


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(RefusedFileError, match="no plain file"):
        look_into_table(tmp_path)
