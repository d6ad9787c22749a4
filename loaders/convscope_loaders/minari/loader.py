"""The loader of Minari files: knows such a file, and makes a log of it."""

import re

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import OBSERVATIONS, FieldSpec
from convscope.values.header import ActionSpace, Agent, InputFile, LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.minari.episodes import find_extent, read_episodes
from convscope_loaders.minari.fields import find_fields, reward_info
from convscope_loaders.minari.layout import MinariLayout, episode_groups, find_layout
from convscope_loaders.minari.metadata import MinariMetadata, read_metadata
from convscope_loaders.minari.source import MinariSource
from convscope_loaders.minari.spaces import find_space
from convscope_loaders.minari.tables import has_tables, look_into_tables


class MinariLoader:
    """Reads the ``data`` folder of a Minari dataset, or its ``main_data.hdf5``."""

    name = "minari"
    description = "Minari datasets in HDF5, Arrow or Parquet, one entry of a Dict or Tuple space per agent"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for ``/episode_<k>`` groups with rewards, terminations and truncations, or for a table per episode."""
        if probe.hdf5 is not None and episode_groups(probe.hdf5):
            return Match(score=0.9, reason="groups episode_<k> with rewards, terminations and truncations")
        if has_tables(probe.files):
            return Match(score=0.9, reason="a table for each episode, <k>/part-0, beside a metadata.json")
        if _is_part(probe):
            return Match(score=0.9, reason="an episode of a Minari dataset in Arrow or Parquet")
        return Match(score=0.0, reason="no group episode_<k> with rewards, terminations and truncations")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If it is a single episode, names no agents, or its arrays do not fit each other.
        """
        if _is_part(probe):
            folder = probe.path.parent.parent
            raise LogFormatError(
                f"{probe.path} is one episode of a Minari dataset in Arrow or Parquet; give its folder {folder}"
            )
        is_folder = probe.kind is FileKind.FOLDER
        metadata = read_metadata(probe.path / "metadata.json" if is_folder else probe.path.with_name("metadata.json"))
        container = look_into_tables(probe, metadata) if is_folder else probe.container
        if container is None or not episode_groups(container.inventory):
            raise LogFormatError(f"{probe.name} is no Minari dataset: it has no episode with rewards and a step")
        layout = find_layout(probe.name, container.inventory)
        with container.store.open() as file:
            return _log(probe, container, file, layout=layout, metadata=metadata)


LOADER = MinariLoader()
"""What the entry point names."""


def _is_part(probe: Probe) -> bool:
    is_table = probe.kind in (FileKind.ARROW, FileKind.PARQUET)
    return is_table and probe.path.name.startswith("part-") and probe.path.parent.name.isdigit()


def _log(
    probe: Probe, container: Container, file: ArrayReader, *, layout: MinariLayout, metadata: MinariMetadata | None
) -> TrajectoryLog:
    inventory = container.inventory
    fields, notices = find_fields(layout)
    used = frozenset(part.leaf for _, column in fields for part in column.parts)
    extent = find_extent(probe.name, inventory, layout, used=used)
    specs = tuple(spec for spec, _ in fields)
    stated = metadata.spaces if metadata is not None else {}
    found = [find_space(file, layout, extent, key=key, stated=stated.get(key)) for key in layout.keys]
    others = [notice for _, said in found for notice in said]
    header = LogHeader(
        agents=_agents(layout, [space for space, _ in found], specs),
        fields=specs,
        inputs=(_input(probe, layout, metadata),),
        framework="Minari",
        environment=metadata.environment if metadata is not None else None,
        notices=(*notices, *others, *_left_out(inventory, layout), *inventory.notices),
    )
    source = MinariSource(
        store=container.store,
        groups=layout.episodes,
        columns=tuple(column for _, column in fields),
        length=extent.length,
        rows=extent.rows,
        is_present=extent.is_present,
        datasets=extent.datasets,
    )
    return TrajectoryLog(
        header=header,
        episodes=read_episodes(probe.name, inventory, file, layout=layout, extent=extent),
        sources=(source,),
        source_of=np.zeros(len(layout.episodes), np.int64),
        local_of=np.arange(len(layout.episodes)),
    )


def _left_out(inventory: Inventory, layout: MinariLayout) -> tuple[Notice, ...]:
    groups = [group for group in inventory.groups if group.startswith("/episode_") and group.count("/") == 1]
    known = frozenset(layout.episodes)
    empty = [group for group in groups if group not in known]
    message = f"{len(empty)} episodes without a step, or without rewards and end flags, are left out"
    return (Notice(code="empty-episodes", message=message, where=empty[0]),) if empty else ()


def _agents(layout: MinariLayout, spaces: list[ActionSpace], specs: tuple[FieldSpec, ...]) -> tuple[Agent, ...]:
    widths = next((spec.widths for spec in specs if spec.name == OBSERVATIONS), None)
    kinds = [(space, widths[slot] if widths is not None else 0) for slot, space in enumerate(spaces)]
    distinct = list(dict.fromkeys(kinds))
    # One group needs no telling name; several are named after their first agent.
    names = [re.sub(r"_?\d+$", "", layout.agents[kinds.index(kind)]) for kind in distinct]
    is_unique = len(set(names)) == len(names) and all(names)
    groups = names if is_unique else [f"agents_{number}" for number in range(len(distinct))]
    return tuple(
        Agent(name=name, action_space=space, group=groups[distinct.index(kind)])
        for name, space, kind in zip(layout.agents, spaces, kinds, strict=True)
    )


def _input(probe: Probe, layout: MinariLayout, metadata: MinariMetadata | None) -> InputFile:
    sentences: list[str] = []
    if layout.is_tuple:
        sentences.append("a Tuple space names no agents: they are called agent_<slot>")
    if metadata is None:
        sentences.append("no metadata.json that can be read is beside it: action spaces are those of the actions")
    else:
        sentences.append("environment and action spaces are those of metadata.json, which the digest covers, too")
    if probe.kind is FileKind.FOLDER:
        sentences.append("the last row of an episode's actions, rewards and flags is padding, as Minari writes it")
    name = reward_info(layout)
    if name is not None:
        sentences.append(f"infos/{name} holds each agent's own reward, its first row that of the reset")
    beside = ("metadata.json",) if metadata is not None and probe.kind is not FileKind.FOLDER else ()
    return probe.input_file(LOADER.name, assumptions=tuple(sentences), companions=beside)
