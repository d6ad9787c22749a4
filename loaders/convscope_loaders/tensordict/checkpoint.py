"""Replay buffers as ``H5StorageCheckpointer`` leaves them: a group a trajectory, in time order, with its final row.

As torchrl 0.14 writes them: every entry that has a value after the step has one row more than the actions, flags and
rewards have as many. What was never filled of the buffer stands there as one more trajectory, behind the others.
"""

import re
from math import prod

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.ingest.names import in_numbered_order
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import build_log
from convscope_loaders.tensordict.catalog import Catalog
from convscope_loaders.tensordict.fields import read_fields
from convscope_loaders.tensordict.present import present
from convscope_loaders.tensordict.tree import ACTION, DONE, FLAGS, find_tree
from convscope_loaders.tensordict.view import View

LENGTH, FULL, SHAPE = "/_len", "/is_full", "/_storage_shape"
"""Numbers that only such a file has."""
MAX_RANK = 8
_TRAJECTORY = re.compile(r"/traj_\d+")
_TEMPLATE = "/{episode}"


def is_checkpoint(inventory: Inventory) -> bool:
    """Whether an HDF5 file is such a buffer."""
    return {LENGTH, FULL, SHAPE} <= inventory.datasets.keys()


def open_checkpoint(probe: Probe, container: Container, *, loader: str) -> TrajectoryLog:
    """Return the log of such a buffer.

    Parameters
    ----------
    probe
        The file, or the folder of the buffer that it lies in.
    container
        The file's arrays.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    LogFormatError
        If it holds no trajectory of a team, or trajectories that are not alike.
    """
    place = str(probe.path)
    found = _trajectories(container.inventory)
    if not found:
        raise LogFormatError(f"{place} holds no trajectory of a team: no group traj_<k> with actions of agents")
    prefixes, said = _filled(container, found)
    if not prefixes:
        raise LogFormatError(f"{place}: the buffer is empty")
    tree = find_tree(_alike(container.inventory, prefixes, place), 1, has_final_rows=True, place=place)
    presented = present(container.inventory, tree, prefixes=prefixes)
    view = View(store=container.store, joined=presented.joined, lead=None)
    flags = {
        flag.strip("/"): ArrayMapping(path=f"{_TEMPLATE}{flag}", axes=(Axis.TIME,))
        for flag in FLAGS
        if flag in tree.shared
    }
    episodes = EpisodeMapping(
        cut=Cut.WHOLE,
        ended=flags.get("done"),
        terminated=flags.get("terminated"),
        truncated=flags.get("truncated"),
    )
    catalog = Catalog(presented=presented, tree=tree, container=(Axis.TIME,), template=_TEMPLATE, prefixes=prefixes)
    with view.open() as file:
        reading = read_fields(file, catalog, episodes, said=said, place=place)
    return build_log(probe, Container(inventory=presented.inventory, store=view), reading, loader=loader)


def _trajectories(inventory: Inventory) -> tuple[str, ...]:
    """Return the groups of trajectories in which agents act, in numbered order."""
    found = (_TRAJECTORY.match(path) for path in inventory.datasets if path.endswith(ACTION))
    return in_numbered_order({match[0] for match in found if match is not None})


def _filled(container: Container, found: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the trajectories that were recorded, and what was taken for granted."""
    rule = "each group traj_<k> is an episode; one that stops without an end flag is cut"
    with container.store.open() as file:
        n_stored, is_full, shape = (_numbers(container.inventory, file, path) for path in (LENGTH, FULL, SHAPE))
    if is_full[0]:
        return found, (rule, "the buffer is full: the first trajectory may lack its beginning")
    # The environments of a buffer stand one after the other, each with its own rows that were never filled.
    capacity, n_environments = shape[0], prod(shape[1:])
    lengths = np.array([_length(container.inventory, prefix) for prefix in found])
    is_filled = (np.cumsum(lengths) - lengths) % max(capacity, 1) < n_stored[0] // max(n_environments, 1)
    n_unused = int(lengths[~is_filled].sum())
    kept = tuple(prefix for prefix, is_kept in zip(found, is_filled, strict=True) if is_kept)
    return kept, (rule, f"{n_unused} rows of the buffer that were never filled are left out")


def _numbers(inventory: Inventory, file: ArrayReader, path: str) -> list[int]:
    info = inventory.datasets.get(path)
    if info is None or not info.is_whole or not 0 < prod(info.shape) <= MAX_RANK:
        raise LogFormatError(f"{path} should hold a number or the shape of the buffer")
    return [int(number) for number in np.ravel(file.read(path))]


def _alike(inventory: Inventory, prefixes: tuple[str, ...], place: str) -> dict[str, ArrayInfo]:
    """Return the arrays of a trajectory by their paths in it, once all trajectories have the same."""
    first = prefixes[0]
    known = {
        path.removeprefix(first): info for path, info in inventory.datasets.items() if path.startswith(f"{first}/")
    }
    for prefix in prefixes:
        for inner, info in known.items():
            other = inventory.datasets.get(f"{prefix}{inner}")
            if other is None or (other.is_text, other.columns, other.shape[1:]) != (
                info.is_text,
                info.columns,
                info.shape[1:],
            ):
                raise LogFormatError(f"{place}:{prefix}{inner} is missing or unlike {first}{inner} {info.shape}")
    return known


def _length(inventory: Inventory, prefix: str) -> int:
    info = inventory.datasets.get(f"{prefix}{DONE}")
    return info.shape[0] if info is not None and info.shape else 0
