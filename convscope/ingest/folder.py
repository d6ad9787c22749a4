"""The files of a folder that is one log: named without following a link, counted before anything is read."""

import os
from pathlib import Path

from convscope.errors import RefusedFileError
from convscope.ingest.names import numbered_key

MAX_FILES = 1_000_000
"""A log of so many files is refused."""
MAX_DEPTH = 16
"""Folders inside folders; what lies deeper is not listed."""


def list_files(folder: Path) -> tuple[str, ...]:
    """Return the plain files of a folder and of those inside it, relative to it, in numbered order.

    Parameters
    ----------
    folder
        Nothing about it is trusted: links, pipes and devices are left out.

    Raises
    ------
    RefusedFileError
        If there are more than `MAX_FILES`.
    """
    names: list[str] = []
    waiting = [("", folder)]
    while waiting:
        prefix, inside = waiting.pop()
        with os.scandir(inside) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_file(follow_symlinks=False):
                    names.append(name)
                elif entry.is_dir(follow_symlinks=False) and name.count("/") < MAX_DEPTH:
                    waiting.append((f"{name}/", inside / entry.name))
        if len(names) > MAX_FILES:
            raise RefusedFileError("files", f"{folder} holds more than {MAX_FILES} files; give the log's own folder")
    return tuple(sorted(names, key=numbered_key))


def has_links(folder: Path) -> bool:
    """Whether a folder, or one inside it, holds a link; for readers that would follow it."""
    waiting = [(0, folder)]
    while waiting:
        depth, inside = waiting.pop()
        with os.scandir(inside) as entries:
            for entry in entries:
                if entry.is_symlink():
                    return True
                if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                    waiting.append((depth + 1, inside / entry.name))
    return False
