"""What a row of a table is called in an error: the file, and the row in it as its user counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.ingest.container import Inventory, Value

BESIDE = "beside"
"""Attribute of the root: how many rows of the view are one row of the file."""
FILES, FILE_ROWS = "files", "file_rows"
"""Attributes of the root, where several files follow each other: their names, and how many rows each has."""
UNROLLED = "unrolled"
"""Attribute of the root: true where the file's rows hold lists of these rows."""
LEFT_OUT = "left_out"
"""Attribute of the root: rows of the file that the view does not show, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNames:
    """Names the rows of a table, counted from 0 as pandas does."""

    place: str
    beside: int = 1
    files: tuple[tuple[str, int], ...] = ()
    """Name and number of rows of each file."""
    is_unrolled: bool = False
    left_out: tuple[int, ...] = ()
    """Rows of the file that are not among these, ascending."""

    def of(self, row: int) -> str:
        """Return the place of a row."""
        own = row // self.beside
        for gone in self.left_out:
            own += gone <= own
        place = self.place
        for name, n_rows in self.files:
            if own < n_rows:
                place = f"{self.place}/{name}"
                break
            own -= n_rows
        return f"{place}: row {own}{' of what its lists hold' if self.is_unrolled else ''}"


def row_names(inventory: Inventory, place: str) -> RowNames:
    """Return the names of a container's rows.

    Parameters
    ----------
    inventory
        Of the container.
    place
        The file or folder.
    """
    root = inventory.attributes.get("/", {})
    beside = root.get(BESIDE, 1)
    names, rows = (_listed(root.get(key)) for key in (FILES, FILE_ROWS))
    files = tuple((str(name), n) for name, n in zip(names, rows, strict=True) if isinstance(n, int))
    return RowNames(
        place=place,
        beside=beside if isinstance(beside, int) else 1,
        files=files,
        is_unrolled=root.get(UNROLLED) is True,
        left_out=tuple(row for row in _listed(root.get(LEFT_OUT)) if isinstance(row, int)),
    )


def _listed(value: Value | None) -> Sequence[Value]:
    return value if isinstance(value, tuple) else ()
