"""The loader of Tianshou's replay buffers: knows such a file, and makes a log of it."""

from dataclasses import replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.fields import OBSERVATIONS, Level
from convscope.values.log import TrajectoryLog
from convscope.values.status import EndKind
from convscope_loaders.tianshou.breaks import find_breaks
from convscope_loaders.tianshou.layout import META, BufferLayout, Whose, count_agents, find_layout, leaves_of, n_rows_of
from convscope_loaders.tianshou.ring import Ring, RingEpisodes, cut_episodes, read_rings
from convscope_loaders.tianshou.sentences import about_agents, about_lost, about_rows
from convscope_loaders.tianshou.store import AGENT, EPISODE, FLAGS, TURN, TurnStore, turn_container
from convscope_loaders.tianshou.turns import Turns, agent_order, read_turns, turn_breaks
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

_ENDS = (META + "done", *FLAGS)
_COMPARED_VALUES = 1024
"""Observations of more values, such as images, are not compared row by row."""


class TianshouLoader:
    """Reads what ``ReplayBuffer.save_hdf5`` and ``VectorReplayBuffer.save_hdf5`` write."""

    name = "tianshou"
    description = "replay buffers of Tianshou (save_hdf5), whose rows are a ring and may be turns of a PettingZoo game"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for a group ``_meta`` with rows, and attributes that count them."""
        if probe.hdf5 is not None and _is_buffer(probe.hdf5):
            return Match(score=0.9, reason="a group _meta with act and rew, and an attribute maxsize")
        return Match(score=0.0, reason="no group _meta with act and rew, and no attribute maxsize")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If the rows hold turns, whose agents are pickled, and the user does not trust pickles; or if the buffer's
            numbers do not fit together, or no whole episode is left in it.
        """
        if probe.container is None or probe.hdf5 is None or not _is_buffer(probe.hdf5):
            raise LogFormatError(
                f"{probe.name} is no replay buffer of Tianshou: it has no group _meta with act and rew"
            )
        _check_columns(probe.hdf5, str(probe.path))
        with probe.container.store.open() as file:
            return _log(probe, probe.container, file)


LOADER = TianshouLoader()
"""What the entry point names."""


def _is_buffer(inventory: Inventory) -> bool:
    has_rows = META + "act" in inventory.datasets and META + "rew" in inventory.datasets
    return has_rows and "maxsize" in inventory.attributes.get("/", {})


def _check_columns(inventory: Inventory, place: str) -> None:
    n_rows = inventory.attributes["/"]["maxsize"]
    for path in (META + "act", META + "rew", *_ENDS):
        info = inventory.datasets.get(path)
        if info is None:
            continue
        is_fit = info.shape == (n_rows,) if path in _ENDS else info.shape[:1] == (n_rows,)
        if info.is_text or info.columns or not is_fit:
            raise LogFormatError(f"{place}:{info.path} has the shape {info.shape} for {n_rows!r:.20} rows")


def _log(probe: Probe, container: Container, file: ArrayReader) -> TrajectoryLog:
    inventory, place = container.inventory, str(probe.path)
    rings = read_rings(file, inventory, place)
    turns = read_turns(file, inventory, n_rows_of(inventory), place=place, trusts_pickle=probe.trusts_pickle)
    n_agents = len(turns.names) if turns is not None else count_agents(inventory, place)
    episodes, is_compared = _episodes(file, inventory, rings=rings, turns=turns)
    _check_episodes(episodes, rings, turns, place=place)
    order = agent_order(turns, episodes) if turns is not None else None
    layout = find_layout(inventory, n_agents=n_agents, has_turns=turns is not None, order=order)
    store = TurnStore(
        store=container.store,
        episodes=episodes,
        fields=layout.fields,
        n_agents=n_agents,
        turns=turns,
        has_final=any(field.name == OBSERVATIONS and field.following for field in layout.fields),
    )
    names = turns.names if turns is not None else tuple(f"agent_{slot}" for slot in range(n_agents))
    reading = TidyReading(
        mapping=_mapping(inventory, layout),
        assumptions=(
            *about_rows(len(rings), is_compared=is_compared),
            *about_agents(turns, layout.fields, n_agents=n_agents),
        ),
        notices=(*layout.notices, *about_lost(episodes.n_headless)),
    )
    log = build_tidy_log(probe, turn_container(store, inventory, names), reading, loader=LOADER.name)
    end = np.where(episodes.is_open, EndKind.CUT, log.episodes.end).astype(np.uint8)
    return replace(log, episodes=replace(log.episodes, path=_paths(episodes), end=end))


def _episodes(
    file: ArrayReader, inventory: Inventory, *, rings: tuple[Ring, ...], turns: Turns | None
) -> tuple[RingEpisodes, bool]:
    """Return the episodes, and whether observations were compared to tell them apart."""
    is_end = np.zeros(n_rows_of(inventory), bool)
    for flag in (path for path in _ENDS if path in inventory.datasets):
        is_end |= np.asarray(file.read(flag), dtype=np.float64) > 0
    pairs = [
        (leaf, after)
        for leaf in leaves_of(inventory, "obs")
        if (after := leaf.replace(f"{META}obs", f"{META}obs_next", 1)) in inventory.datasets
        and inventory.datasets[after].shape == inventory.datasets[leaf].shape
        and np.prod(inventory.datasets[leaf].shape[1:]) <= _COMPARED_VALUES
    ]
    seen = find_breaks(file, pairs, rings=rings, is_end=is_end)
    is_break = np.zeros(len(is_end), bool) if seen is None else seen
    if turns is not None:
        is_break |= turn_breaks(turns, rings)
    return cut_episodes(rings, is_end, is_break), seen is not None and bool(pairs)


def _check_episodes(episodes: RingEpisodes, rings: tuple[Ring, ...], turns: Turns | None, *, place: str) -> None:
    if not len(episodes.length):
        lost = "the beginning of the only episode may have been written over" if episodes.n_headless else "it is empty"
        raise LogFormatError(f"{place} is a replay buffer without a whole episode: {lost}; save a larger buffer")
    rows = np.concatenate([ring.rows for ring in rings])
    if turns is not None and (turns.acting[rows] < 0).any():
        raise LogFormatError(f"{place}: some rows name no agent, though the buffer says that they are filled")


def _mapping(inventory: Inventory, layout: BufferLayout) -> TidyMapping:
    terminated, truncated = (flag if flag in inventory.datasets else None for flag in FLAGS)
    return TidyMapping(
        episode=(EPISODE,),
        time=TURN,
        agent=AGENT,
        fields=tuple(
            TidyField(
                name=field.name,
                columns=(field.path,),
                level=Level.TEAM if field.whose is Whose.TEAM else Level.AGENT,
            )
            for field in layout.fields
        ),
        terminated=terminated,
        truncated=truncated,
        framework="Tianshou",
    )


def _paths(episodes: RingEpisodes) -> tuple[str, ...]:
    paths: list[str] = []
    for number, length in enumerate(episodes.length.tolist()):
        first, last = episodes.rows_at(np.full(2, number), np.array([0, length - 1])).tolist()
        low, stop = int(episodes.low[number]), int(episodes.low[number] + episodes.capacity[number])
        is_whole = first <= last
        paths.append(f"/_meta[{first}:{last + 1}]" if is_whole else f"/_meta[{first}:{stop}], [{low}:{last + 1}]")
    return tuple(paths)
