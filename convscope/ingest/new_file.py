"""Writes a text file that is not there yet."""

from pathlib import Path

from convscope.errors import OutputError


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
        raise OutputError(f"{path} exists; it is not overwritten: choose another name") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
