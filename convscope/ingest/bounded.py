"""Files that a user names and that are read whole, up to a size."""

from pathlib import Path

from convscope.errors import UsageError


def bounded_bytes(path: Path, what: str, *, hint: str, most: int) -> bytes | None:
    """Return the content of a file; None where it is larger than it may be.

    Parameters
    ----------
    path
        The file.
    what
        It is for, such as ``priors file``.
    hint
        What to do where there is none.
    most
        Bytes that it may have.

    Raises
    ------
    UsageError
        If there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"no {what} at {path}; give {hint}")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror}") from error
    return content if len(content) <= most else None
