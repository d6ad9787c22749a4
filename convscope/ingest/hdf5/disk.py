"""A file to write to that never fails in the library's face.

When a disk is full, the library keeps the file open for ever, complains once for each of its objects, and crashes when
the process ends. So it is told that all went well, and we know better.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Disk(io.FileIO):
    """A new file.

    Parameters
    ----------
    path
        Where nothing is yet.

    Raises
    ------
    OSError
        If something is there, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first error that writing met.

        Raises
        ------
        OSError
            If there was one; what is in the file is then worth nothing.
        """
        if self._error is not None:
            raise self._error

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write all of some bytes, or none once writing has failed."""
        left = memoryview(content).cast("B")
        n_bytes = len(left)
        try:
            while self._error is None and left:
                left = left[super().write(left) :]
        except OSError as error:
            self._error = error
        return n_bytes

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size of the file, unless writing has failed."""
        try:
            if self._error is None:
                super().truncate(size)
        except OSError as error:
            self._error = error
        return self.tell() if size is None else size
