"""Digests of the files that went into an analysis."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal; a file that has not changed is read once."""
    state = path.stat()
    return _file_digest(path, state.st_size, state.st_mtime_ns)


def sha256_of_folder(folder: Path, names: Iterable[str]) -> str:
    """Return one digest of some files of a folder: of their names and their digests, in the order given."""
    return sha256_of("".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in names).encode("utf-8", "replace"))


@lru_cache(maxsize=4096)
def _file_digest(path: Path, n_bytes: int, changed: int) -> str:  # noqa: ARG001  the state is part of the key
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
