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


def refuse_links(folder: Path) -> None:
    """Make sure that no entry of a folder leads out of it, where a library is to read the folder on its own.

    Raises
    ------
    RefusedFileError
        If there is a link in it or in a folder inside.
    """
    for inside, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if (Path(inside) / name).is_symlink():
                raise RefusedFileError(
                    "link", f"{Path(inside) / name} is a link; copy what it leads to into the folder"
                )
