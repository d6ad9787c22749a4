"""Files that appear under their name whole or not at all, and never over another one."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from convscope.errors import OutputError


def claim(path: Path) -> None:
    """Make an empty file, so that no other writer takes the name.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as error:
        raise OutputError(taken(path)) from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Turn what the system says against writing a file into an `OutputError` that names it."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # the library raises either
        told = re.search(r"error message = '([^']+)'", str(error))
        reason = told[1] if told else getattr(error, "strerror", None) or str(error).replace("\n", " ")[:200]
        raise OutputError(f"{path} cannot be written: {reason}") from error


def publish(partial: Path, path: Path) -> None:
    """Let a whole file appear under its name, where nothing is yet.

    Raises
    ------
    OutputError
        If something has appeared there in the meantime.
    """
    try:
        # Unlike a rename, a link fails where a file has appeared in the meantime.
        os.link(partial, path)
    except FileExistsError as error:
        raise OutputError(taken(path)) from error
    except OSError:  # a file system without links
        claim(path)
        partial.replace(path)


def taken(path: Path) -> str:
    """Return what to say where a file may not be written."""
    return f"{path} exists already and is not overwritten; choose another name or remove it"
