"""A batch of rows as a log: a rollout, what a collector gathered, or the content of a replay buffer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import build_log
from convscope_loaders.tensordict.catalog import Catalog
from convscope_loaders.tensordict.episodes import OutOfOrderError, find_episodes
from convscope_loaders.tensordict.fields import read_fields
from convscope_loaders.tensordict.order import regathered
from convscope_loaders.tensordict.present import present
from convscope_loaders.tensordict.tree import TRAJECTORIES, Tree, find_tree
from convscope_loaders.tensordict.view import ENDED, SPANS, TERMINATED, TRUNCATED, Episodes, Lead, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A TensorDict whose batch dimensions are environments and time, or time alone."""

    container: Container
    rank: int
    """Batch dimensions."""
    runs: tuple[tuple[int, int], ...] = ()
    """Entries of the first in time order, as ranges; empty where they lie so."""
    is_time_first: bool | None = None
    """Whether the first of two counts time; None where the file does not say."""
    said: tuple[str, ...] = ()
    """What was taken for granted so far."""


def open_batch(probe: Probe, batch: Batch, *, loader: str) -> TrajectoryLog:
    """Return the log of a batch.

    Parameters
    ----------
    probe
        The file or folder.
    batch
        Its arrays.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    LogFormatError
        If it is no rollout of a team, its rows do not follow each other, or arrays do not fit together.
    """
    place = str(probe.path)
    tree = find_tree(batch.container.inventory.datasets, batch.rank, place=place)
    found = _cut(batch, tree, place)
    view = replace(found.view, episodes=found.episodes)
    container = Container(inventory=_with_episodes(found.catalog, found.lead, found.episodes), store=view)
    axes = found.lead.axes
    flags = {name: ArrayMapping(path=path, axes=axes) for name, path in _FLAGS.items()}
    episodes = EpisodeMapping(cut=Cut.SPANS, array=ArrayMapping(path=SPANS, axes=(Axis.EPISODE, Axis.VALUE)), **flags)
    with view.open() as file:
        said = (*batch.said, *_on_axes(found.lead), *found.said)
        reading = read_fields(file, found.catalog, episodes, said=said, place=place)
    return build_log(probe, container, reading, loader=loader)


_FLAGS = {"terminated": TERMINATED, "truncated": TRUNCATED, "ended": ENDED}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cut:
    view: View
    catalog: Catalog
    lead: Lead
    episodes: Episodes
    said: tuple[str, ...]


def _cut(batch: Batch, tree: Tree, place: str) -> _Cut:
    lead = Lead(batch=tree.batch, runs=batch.runs, is_time_first=bool(batch.is_time_first))
    if 0 in lead.shape:
        raise LogFormatError(f"{place} holds no row: of its batch dimensions {tree.batch} it fills {lead.shape}")
    try:
        return _cut_along(batch, tree, lead, place=place)
    except OutOfOrderError:
        if batch.is_time_first is not None or batch.rank != 2:
            raise
        return _cut_along(batch, tree, replace(lead, is_time_first=True), place=place)


def _cut_along(batch: Batch, tree: Tree, lead: Lead, *, place: str) -> _Cut:
    inventory, store = batch.container.inventory, batch.container.store
    presented = present(inventory, tree, lead=lead)
    view = View(store=store, joined=presented.joined, lead=lead)
    with view.open() as file:
        other = regathered(file, tree, lead)
    if other is not None:
        lead, view = other, replace(view, lead=other)
    with view.open() as file:
        episodes, said = find_episodes(file, presented.inventory, tree, lead=lead, place=place)
    apart = () if other is None else (f"rows of one trajectory that lie apart are put together, by {TRAJECTORIES}",)
    catalog = Catalog(presented=presented, tree=tree, container=lead.axes)
    return _Cut(view=view, catalog=catalog, lead=lead, episodes=episodes, said=(*apart, *said))


def _with_episodes(catalog: Catalog, lead: Lead, episodes: Episodes) -> Inventory:
    inventory = catalog.presented.inventory
    columns = 2 if len(lead.shape) == 1 else 3
    spans = ArrayInfo(path=SPANS, shape=(len(episodes.start), columns), dtype="<i8")
    flags = {path: ArrayInfo(path=path, shape=lead.shape, dtype="|b1") for path in _FLAGS.values()}
    return replace(inventory, datasets={**inventory.datasets, SPANS: spans, **flags})


def _on_axes(lead: Lead) -> Sequence[str]:
    if len(lead.batch) == 1:
        return ()
    first, last = ("time", "environments") if lead.is_time_first else ("environments", "time")
    inner = "" if len(lead.batch) == 2 else f" (the first {len(lead.batch) - 1} together)"
    return (f"batch dimensions {lead.batch} are {first}{inner} and {last}",)
