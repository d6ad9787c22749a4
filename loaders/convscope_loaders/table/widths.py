"""Lists of one column whose length differs: between agents it may, within one agent's rows it may not."""

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope_loaders.table.leaves import RAGGED
from convscope_loaders.tidy.places import read_numbers
from convscope_loaders.tidy.table import name_of

_ROWS_AT_A_TIME = 1 << 16


def ragged_columns(inventory: Inventory) -> tuple[str, ...]:
    """Return the columns whose lists differ in length."""
    return tuple(path for path in inventory.datasets if RAGGED in inventory.attributes.get(path, {}))


def refuse_ragged(inventory: Inventory, place: str) -> None:
    """Refuse a table with lists of unequal length, where each column is one agent's or holds all of them.

    Raises
    ------
    LogFormatError
        If there is such a column.
    """
    for column in ragged_columns(inventory):
        name = column.removeprefix("/")
        raise LogFormatError(f"{place}: the lists in {name} differ in length; write as many numbers in every row")


def check_widths(file: ArrayReader, column: str, agent: str, *, place: str, inventory: Inventory) -> None:
    """Make sure that the lists of each agent are of one length.

    Raises
    ------
    LogFormatError
        If they are not.
    """
    agents, codes = np.unique(read_numbers(file, agent), return_inverse=True)
    least, most = np.full(len(agents), np.inf), np.zeros(len(agents))
    for start in range(0, len(codes), _ROWS_AT_A_TIME):
        values = file.read(column, start, start + _ROWS_AT_A_TIME)
        is_there = np.isfinite(values.astype(np.float64))
        length = np.where(is_there.any(axis=1), values.shape[1] - is_there[:, ::-1].argmax(axis=1), np.nan)
        own, known = codes.reshape(-1)[start : start + len(length)], ~np.isnan(length)
        np.minimum.at(least, own[known], length[known])
        np.maximum.at(most, own[known], length[known])
    differing = np.flatnonzero((most > 0) & (least < most))
    if len(differing):
        ends = f"from {least[differing[0]]:.0f} to {most[differing[0]]:.0f}"
        raise LogFormatError(
            f"{place}: the lists in {column.removeprefix('/')} hold {ends} numbers for "
            f"{name_of(inventory, agent, float(agents[differing[0]]))}; write as many in all rows of an agent"
        )
