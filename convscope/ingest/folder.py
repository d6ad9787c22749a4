"""The files of a folder that is one log: named without following a link, counted before anything is read."""

import os
from dataclasses import dataclass
from pathlib import Path

from convscope.errors import RefusedFileError
from convscope.ingest.names import numbered_key
from convscope.values.header import Notice, left_out

MAX_FILES = 1_000_000
"""A log of so many files is refused."""
MAX_DEPTH = 16
"""Folders inside folders; what lies deeper is not looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """What lies in a folder and below; all names are relative to it, in numbered order."""

    names: tuple[str, ...]
    """The plain files."""
    links: tuple[str, ...] = ()
    """Links to files and folders; none is followed."""
    deep: tuple[str, ...] = ()
    """Folders that lie too deep to be looked into."""
    devices: tuple[str, ...] = ()
    """Pipes, sockets and devices."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Say what of the folder is not read."""
        links = (
            "links in a folder are not followed; put what they lead to in their place, or name them if they are logs"
        )
        said = (
            ("skipped-links", self.links, links),
            ("skipped-deep", self.deep, f"folders lie more than {MAX_DEPTH} deep and are not looked into"),
            ("skipped-devices", self.devices, "pipes or devices are not read"),
        )
        return tuple(notice for code, names, text in said for notice in left_out(names, text, code=code))

    def below(self) -> dict[str, "FolderFiles"]:
        """Return what lies in each folder inside, by its name."""
        kinds = [_by_folder(names) for names in (self.names, self.links, self.deep, self.devices)]
        return {
            folder: FolderFiles(**dict(zip(_KINDS, (kind.get(folder, ()) for kind in kinds), strict=True)))
            for folder in kinds[0]
        }


_KINDS = ("names", "links", "deep", "devices")


def list_files(folder: Path) -> tuple[str, ...]:
    """Return the plain files of `look_through`."""
    return look_through(folder).names


def look_through(folder: Path) -> FolderFiles:
    """List a folder and those inside it.

    Parameters
    ----------
    folder
        Nothing about it is trusted.

    Raises
    ------
    RefusedFileError
        If there are more than `MAX_FILES`.
    """
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    waiting = [("", folder)]
    while waiting:
        prefix, inside = waiting.pop()
        with os.scandir(inside) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                kind = _kind(entry, name)
                if kind is None:
                    waiting.append((f"{name}/", inside / entry.name))
                else:
                    found[kind].append(name)
        if sum(map(len, found.values())) > MAX_FILES:
            raise RefusedFileError("files", f"{folder} holds more than {MAX_FILES} files; give the log's own folder")
    return FolderFiles(**{kind: tuple(sorted(names, key=numbered_key)) for kind, names in found.items()})


def _kind(entry: os.DirEntry[str], name: str) -> str | None:
    """Return under which of `_KINDS` an entry falls; None for a folder to look into."""
    if entry.is_symlink():
        return "links"
    if entry.is_dir(follow_symlinks=False):
        return None if name.count("/") < MAX_DEPTH else "deep"
    return "names" if entry.is_file(follow_symlinks=False) else "devices"


def _by_folder(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    inside: dict[str, list[str]] = {}
    for name in names:
        folder, _, rest = name.partition("/")
        if rest:
            inside.setdefault(folder, []).append(rest)
    return {folder: tuple(rests) for folder, rests in inside.items()}


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
