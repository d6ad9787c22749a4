"""Recordings of RLlib, read whole: from files to a tidy table."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from convscope.errors import LogFormatError
from convscope.ingest.columnar import read_table
from convscope.ingest.columnar_trial import check_decodable
from convscope.ingest.folder import list_files
from convscope.ingest.parsed import Parse, Parsed
from convscope.values.header import Notice
from convscope_loaders.rllib.batches import named, read_batches
from convscope_loaders.rllib.columns import about_unread, read_columns
from convscope_loaders.rllib.files import Form, recording_files
from convscope_loaders.rllib.msgpacked import unpacked
from convscope_loaders.rllib.packed import Allowance
from convscope_loaders.rllib.rows import tracks_of_rows
from convscope_loaders.rllib.states import Chunk, chunks_of, tracks_of_chunks
from convscope_loaders.rllib.table import table_of
from convscope_loaders.rllib.tracks import Track, aligned, begun

_FLOOR = 16 << 20
"""Bytes of packed episodes that any file may hold: unpacked they take many times as much."""
_TOGETHER = "agents with equally many steps act in every timestep: no env_t_to_agent_t is stored"


def parser_of(form: Form, *, trusts_pickle: bool) -> Parse:
    """Return the function that reads a recording of some form.

    Parameters
    ----------
    form
        How it is written.
    trusts_pickle
        Whether packed columns may be read; states of episodes are never pickles.
    """
    return _PARSERS[form, trusts_pickle]


def _episodes(path: Path) -> Parsed:
    chunks: list[Chunk] = []
    check_decodable([path / name for name in _files(path)], ["item"], floor=_FLOOR)
    for name in _files(path):
        for row, item in enumerate(read_table(path / name, ["item"])["item"].to_list()):
            place = f"{path / name}: row {row}"
            if not isinstance(item, bytes):
                raise LogFormatError(f"{place} holds no episode")
            chunks.extend(chunks_of(unpacked(item, place), place))
    tracks, notices = tracks_of_chunks(chunks)
    return _table(tracks, notices, path=path, told=())


def _columns(path: Path) -> Parsed:
    return _read_columns(path, trusts_pickle=False)


def _trusted_columns(path: Path) -> Parsed:
    return _read_columns(path, trusts_pickle=True)


def _batches(path: Path) -> Parsed:
    return _read_batches(path, trusts_pickle=False)


def _trusted_batches(path: Path) -> Parsed:
    return _read_batches(path, trusts_pickle=True)


_PARSERS: dict[tuple[Form, bool], Callable[[Path], Parsed]] = {
    (Form.EPISODES, False): _episodes,
    (Form.EPISODES, True): _episodes,
    (Form.COLUMNS, False): _columns,
    (Form.COLUMNS, True): _trusted_columns,
    (Form.BATCHES, False): _batches,
    (Form.BATCHES, True): _trusted_batches,
}


def _read_columns(path: Path, *, trusts_pickle: bool) -> Parsed:
    check_decodable([path / name for name in _files(path)])
    allowance = Allowance() if trusts_pickle else None
    read = [read_columns(path / name, allowance) for name in _files(path)]
    notices = about_unread(
        (name for _, packed, _ in read for name in packed), (name for _, _, unread in read for name in unread)
    )
    tracks = tracks_of_rows((table for table, _, _ in read), str(path))
    told = "rows without a timestep follow each other as the numbers of their files do"
    return _table(tracks, notices, path=path, told=(told,))


def _read_batches(path: Path, *, trusts_pickle: bool) -> Parsed:
    allowance = Allowance() if trusts_pickle else None
    read = [batch for name in _files(path) for batch in read_batches(path / name, allowance)]
    if not read:
        raise LogFormatError(f"{path} holds no batch with steps")
    notices = about_unread(
        (name for batch in read for name in batch.packed), (name for batch in read for name in batch.unread)
    )
    tables, told = named(read)
    tracks, lost = begun(tracks_of_rows(tables, str(path)))
    return _table(tracks, (*notices, *lost), path=path, told=(told,))


def _files(path: Path) -> Iterable[str]:
    return recording_files(list_files(path)) if path.is_dir() else ("",)


def _table(tracks: Sequence[Track], notices: Sequence[Notice], *, path: Path, told: Sequence[str]) -> Parsed:
    timed, is_assumed = aligned(tracks, str(path))
    return table_of(timed, notices, told=(*told, *([_TOGETHER] if is_assumed else [])), place=str(path))
