"""How tests of loaders write small files, open logs and look into them."""

import h5py
import numpy as np

from convscope.errors import AmbiguousLogError, ConvscopeError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe


def write_hdf5(path, arrays, **attributes):
    """Write arrays by their paths, and attributes of the root."""
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value
        file.attrs.update(attributes)
    return path


def write_npz(folder, arrays):
    """Write arrays by their names into ``log.npz``."""
    folder.mkdir(exist_ok=True, parents=True)
    np.savez(folder / "log.npz", **arrays)
    return folder / "log.npz"


def mapped(folder, text):
    """Return the mapping that a text describes, once it has been a file."""
    (folder / "map.toml").write_text(text)
    return read_mapping(folder / "map.toml")


def opened_by(loader, path, mapping=None, *, score=None, **options):
    """Open a log with a loader, which must find that it fits with this score, if one is given."""
    found = probe(path, path.name, **options)
    assert score in {None, loader.sniff(found).score}
    return loader.open(found, mapping)


def all_fields(log):
    return frozenset(spec.name for spec in log.header.fields)


def whole(log, fields=None):
    """Return the only block of a log."""
    (block,) = log.blocks(all_fields(log) if fields is None else fields)
    return block


def joined(log, max_bytes=1 << 30):
    """Return the status and all columns, those of one block behind those of the other."""
    status, *columns = rows_of(log, *sorted(all_fields(log)), max_bytes=max_bytes)
    return status, dict(zip(sorted(all_fields(log)), columns, strict=True))


def rows_of(log, *fields, max_bytes=1 << 30):
    """Return the status and some columns, those of one block behind those of the other."""
    blocks = list(log.blocks(frozenset(fields), max_bytes=max_bytes))
    status = np.concatenate([block.status for block in blocks])
    return status, *(np.concatenate([block.columns[field] for block in blocks]) for field in fields)


def column(log, field, max_bytes=400):
    return rows_of(log, field, max_bytes=max_bytes)[1]


def in_small_blocks(path):
    """Return a log, and its blocks, each as small as can be."""
    log = open_logs([path])
    return log, [task.load() for task in log.tasks(all_fields(log), max_bytes=1)]


def read_through(loader, path, mapping=None):
    """Open a log and read all that it holds."""
    log = opened_by(loader, path, mapping)
    for block in log.blocks(all_fields(log)):
        assert block.n_rows == log.episodes.rows[block.episodes].sum()


def complaint(read, *arguments):
    """Return what is said of a broken log; empty where it is read, or shows a mapping to edit."""
    try:
        read(*arguments)
    except AmbiguousLogError as error:
        return "" if error.mapping else str(error)
    except ConvscopeError as error:
        return str(error)
    return ""
