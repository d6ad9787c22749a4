"""Who is in the game, and whose turn it is.

TorchRL marks with ``mask`` the agents that act in a row: those alive, or in turn-based games the one whose turn it is.
An agent's own ``done`` before a step says that it is out of the game.
"""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis
from convscope.values.arrays import BoolArray
from convscope_loaders.tensordict.catalog import Catalog
from convscope_loaders.tensordict.present import ALIVE, path_of
from convscope_loaders.tensordict.tree import ACTION, MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStatus:
    """Arrays that say who takes part."""

    alive: ArrayMapping | None = None
    acting: ArrayMapping | None = None
    assumptions: tuple[str, ...] = ()


def find_status(file: ArrayReader, catalog: Catalog) -> FoundStatus:
    """Look for what says who takes part.

    Parameters
    ----------
    file
        Open view.
    catalog
        What it holds.
    """
    is_out = any(_has_deaths(file, catalog, prefix) for prefix in catalog.prefixes)
    axes = (*catalog.container, Axis.AGENT)
    alive = catalog.array(ALIVE, axes) if is_out else None
    on_death = ("an agent is out of the game once its own done is set",) if is_out else ()
    if MASK not in catalog.tree.of_groups:
        return FoundStatus(alive=alive, assumptions=on_death)
    path = path_of(catalog.tree, MASK)
    mask = catalog.array(path, axes)
    if not all(_takes_turns(_flags(file, catalog, f"{prefix}{path}")) for prefix in catalog.prefixes):
        said = "an agent acts where its mask is true, and is out of the game after its last such row"
        return FoundStatus(alive=mask, assumptions=(said,))
    said = "agents take turns: one acts where its mask is true, and the others wait"
    return FoundStatus(alive=alive, acting=mask, assumptions=(said, *on_death))


def _takes_turns(mask: BoolArray) -> bool:
    return mask.shape[1] > 1 and int(mask.sum(axis=1).max(initial=0)) <= 1


def _has_deaths(file: ArrayReader, catalog: Catalog, prefix: str) -> bool:
    infos = catalog.presented.inventory.datasets
    alive, action = infos.get(f"{prefix}{ALIVE}"), infos[f"{prefix}{path_of(catalog.tree, ACTION)}"]
    # A trajectory that keeps final rows holds there whether an agent was done before each step; one of the same rows as
    # the actions holds whether it was after, a row too late for us.
    is_before = alive is not None and (catalog.container != (Axis.TIME,) or alive.shape[0] > action.shape[0])
    return alive is not None and is_before and not bool(_flags(file, catalog, alive.path).all())


def _flags(file: ArrayReader, catalog: Catalog, path: str) -> BoolArray:
    flags: BoolArray = np.greater(file.read(path), 0)
    return flags.reshape(-1, catalog.n_agents)
