"""How much of a log counts that a recorder wrote, or is writing."""

import numpy as np

from convscope.ingest.container import Inventory
from convscope.ingest.hdf5.reading import Hdf5Reader
from convscope.ingest.log_layout import COMMITTED

_BY_ROW = ("/steps/", "/groups/", "/channels/")


def committed_episodes(inventory: Inventory, file: Hdf5Reader) -> int | None:
    """Return the number of episodes that are whole; None for a log that no recorder wrote.

    Parameters
    ----------
    inventory
        What the file held when it was looked at; while it grows that may be less than its counter says by now.
    file
        The same file, open.
    """
    info = inventory.datasets.get(COMMITTED)
    if info is None or info.shape != (1,) or not info.is_whole:
        return None
    shapes = {path: found.shape for path, found in inventory.datasets.items() if found.shape}
    counter = int(file.read(COMMITTED)[0])
    n_told = min([counter, *(shape[0] for path, shape in shapes.items() if path.startswith("/episodes/"))])
    n_rows = min((shape[0] for path, shape in shapes.items() if path.startswith(_BY_ROW)), default=0)
    if n_told <= 0 or not {"/episodes/start", "/episodes/rows"} <= shapes.keys():
        return 0
    start, rows = (file.read(f"/episodes/{name}", 0, n_told).astype(np.int64) for name in ("start", "rows"))
    return int(np.logical_and.accumulate(start + rows <= n_rows).sum())
