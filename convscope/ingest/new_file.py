"""Writes a text file that is not there yet."""

from pathlib import Path

from convscope.errors import OutputError


def check_new(path: Path) -> None:
    """Refuse a name that `write_new` would refuse, before the work for it is done.

    Raises
    ------
    OutputError
        If the file is there already, or its folder is not.
    """
    if path.exists() or path.is_symlink():
        raise _taken(path)
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}")


def write_new(path: Path, text: str) -> None:
    """Write a text file.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def _taken(path: Path) -> OutputError:
    return OutputError(f"{path} exists; it is not overwritten: choose another name")
