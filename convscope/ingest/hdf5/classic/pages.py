"""Bytes of a file, a page at a time. A map of the file would end the process if somebody cut the file meanwhile."""

import os

from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar

MOST_AT_ONCE = 4096
"""Bytes that lie within a page wherever in it they start."""
_BITS = 16
_SIZE = 1 << _BITS
_MAX_PAGES = 512
_MAX_TIMES = 16
"""How often a byte of a file's structure is asked for, at most: crafted ones lead to the same place for ever."""
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 1 << 29
"""In all; the size of a file says little, since a hole in it costs its maker nothing."""
_FEWEST_AT_ONCE = 64
"""What a look counts for at least."""


class Pages:
    """What a file holds.

    Parameters
    ----------
    file
        Descriptor; open as long as this is used.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._pages: dict[int, bytes] = {}
        self.n_bytes = os.fstat(file).st_size
        """Size of the file."""
        self._n_left = min(max(_MAX_TIMES * self.n_bytes, _FEWEST_BYTES), _MOST_BYTES)

    def at(self, place: int, n_bytes: int) -> bytes:
        """Return bytes from a place on.

        Raises
        ------
        Unfamiliar
            If the file ends before, or more was asked for than an honest file holds.
        """
        self._n_left -= max(n_bytes, _FEWEST_AT_ONCE)
        if self._n_left < 0:
            raise Unfamiliar
        if n_bytes > MOST_AT_ONCE:
            found = os.pread(self._file, n_bytes, self._inside(place))
        else:
            page = self._pages.get(place >> _BITS)
            if page is None:
                page = self._load(self._inside(place) >> _BITS)
            start = place & (_SIZE - 1)
            found = page[start : start + n_bytes]
        if len(found) < n_bytes:
            raise Unfamiliar
        return found

    def _inside(self, place: int) -> int:
        if not 0 <= place < 1 << 62:
            raise Unfamiliar
        return place

    def _load(self, number: int) -> bytes:
        if len(self._pages) >= _MAX_PAGES:
            self._pages.clear()
        page = os.pread(self._file, _SIZE + MOST_AT_ONCE, number << _BITS)
        self._pages[number] = page
        return page
