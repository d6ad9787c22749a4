"""From a mapped table to a log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.probe import Probe
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS, ALL_REWARDS, FIELD_NAMES, INFO, FieldSpec, Level
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.agents import make_agents, see_actions
from convscope_loaders.tidy.late import tell_late
from convscope_loaders.tidy.mapping import TidyField, TidyMapping
from convscope_loaders.tidy.merged import assumptions_of, notices_of
from convscope_loaders.tidy.source import TidySource
from convscope_loaders.tidy.table import Labels, TidyTable, name_of, read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyReading:
    """A mapping of columns and why it is as it is."""

    mapping: TidyMapping
    assumptions: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def build_tidy_log(probe: Probe, container: Container, reading: TidyReading, *, loader: str) -> TrajectoryLog:
    """Make the log of one table.

    Parameters
    ----------
    probe
        The file or folder.
    container
        Its columns.
    reading
        What they mean.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    LogFormatError
        If a column is not there, columns differ in length, a row names no episode or agent, or an agent has two rows
        in one timestep.
    """
    mapping, place = reading.mapping, str(probe.path)
    _check_columns(container.inventory, mapping, place)
    with container.store.open() as file:
        table = read_table(file, container.inventory, mapping, place=place)
        specs = tuple(_spec(table, mapped, place) for mapped in mapping.fields)
        length = table.places.rows - table.has_final(file)
        reading = _completed(reading, file, table, length=length)
        roles, teams = table.of_agents(file, mapping.role), table.of_agents(file, mapping.team)
        episodes = _episodes(file, table, length, roles=roles, name=probe.name)
    source = TidySource(
        store=container.store,
        mapping=reading.mapping,
        specs=specs,
        keys=table.keys,
        label=table.label,
        first=table.first,
        last=table.last,
        length=length,
    )
    names = _agent_names(table)
    actions = next((spec for spec in specs if spec.name == ACTIONS), None)
    seen = see_actions(source, actions, table.places.rows, n_agents=len(names)) if actions is not None else None
    persists = bool((roles.codes == roles.codes[:1]).all())
    header = LogHeader(
        agents=make_agents(names, specs, seen, teams=_of(names, teams), roles=_of(names, roles) if persists else {}),
        fields=specs,
        inputs=(probe.input_file(loader, assumptions=reading.assumptions),),
        framework=mapping.framework,
        environment=mapping.environment,
        roles=roles.names,
        identities_persist=persists,
        notices=(*container.inventory.notices, *reading.notices),
    )
    return TrajectoryLog(
        header=header,
        episodes=episodes,
        sources=(source if seen is None else replace(source, is_choice=tuple(seen.is_whole.tolist())),),
        source_of=np.zeros(len(length), np.int64),
        local_of=np.arange(len(length)),
    )


def _completed(reading: TidyReading, file: ArrayReader, table: TidyTable, *, length: IntArray) -> TidyReading:
    """Add what the rows themselves show to be taken for granted, or merged."""
    late = tell_late(file, table, length)
    return replace(
        reading,
        mapping=late.mapping,
        assumptions=(*reading.assumptions, *assumptions_of(file, table, length), *late.said),
        notices=(*reading.notices, *notices_of(file, table), *late.notices),
    )


def _check_columns(inventory: Inventory, mapping: TidyMapping, place: str) -> None:
    named = [*mapping.told.values(), mapping.agent, *mapping.episode]
    several = [column for mapped in mapping.fields for column in mapped.columns]
    found: list[ArrayInfo] = []
    for column in [*named, *several]:
        info = inventory.datasets.get(column)
        if info is None:
            raise LogFormatError(f"{place} has no column {column}")
        if info.is_text or info.columns or not info.shape:
            raise LogFormatError(f"{place}: the column {column} holds no numbers")
        found.append(info)
    for info in found[: len(named)]:
        if prod(info.shape) != info.shape[0]:
            raise LogFormatError(f"{place}: the column {info.path} holds more than a number a row")
    if len({info.shape[0] for info in found}) != 1:
        sizes = ", ".join(f"{info.path} {info.shape[0]}" for info in found[:8])
        raise LogFormatError(f"{place}: the columns differ in length: {sizes}")
    if not found[0].shape[0]:
        raise LogFormatError(f"{place} has no row")


def _spec(table: TidyTable, mapped: TidyField, place: str) -> FieldSpec:
    n_agents = len(table.keys.agents)
    infos = [table.inventory.datasets[column] for column in mapped.columns]
    width = sum(prod(info.shape[1:]) for info in infos)
    is_number = mapped.name in ALL_REWARDS or (width == 1 and mapped.name.startswith(INFO))
    if mapped.name not in FIELD_NAMES and not mapped.name.startswith(INFO):
        raise ValueError(f"{mapped.name} is no field of a log")
    if mapped.level is Level.PAIR and width % n_agents:
        raise LogFormatError(f"{place}: {mapped.columns[0]} holds {width} numbers a row, for {n_agents} senders")
    shape = (width // n_agents,) if mapped.level is Level.PAIR else (width,)
    return FieldSpec(
        name=mapped.name,
        level=mapped.level,
        shape=() if is_number else shape,
        dtype=infos[0].dtype if len({info.dtype for info in infos}) == 1 else "<f8",
        path=mapped.columns[0],
        values=mapped.values,
        widths=mapped.widths if len(set(mapped.widths)) > 1 else None,
    )


def _agent_names(table: TidyTable) -> tuple[str, ...]:
    column = table.mapping.agent
    has_names = "values" in table.inventory.attributes.get(column, {})
    return tuple(
        name_of(table.inventory, column, value) if has_names else f"agent_{value:.15g}"
        for value in table.keys.agents.tolist()
    )


def _of(names: Sequence[str], labels: Labels) -> Mapping[str, str]:
    """Return the label of each agent, from the first episode that has one."""
    told = [column[column >= 0][:1].tolist() for column in labels.codes.T]
    return {name: labels.names[codes[0]] for name, codes in zip(names, told, strict=True) if codes}


def _episodes(file: ArrayReader, table: TidyTable, length: IntArray, *, roles: Labels, name: str) -> EpisodeTable:
    run, checkpoint, condition = (
        table.of_episodes(file, column)
        for column in (table.mapping.run, table.mapping.checkpoint, table.mapping.condition)
    )
    run_codes = np.maximum(run.codes, 0)
    return EpisodeTable(
        runs=run.names or (name,),
        checkpoints=checkpoint.names,
        conditions=condition.names,
        run=run_codes,
        checkpoint=checkpoint.codes,
        condition=condition.codes,
        number=episode_numbers(run_codes, checkpoint.codes),
        length=length,
        rows=table.places.rows,
        end=table.ends(file, length),
        path=tuple(f"rows {a} to {b}" for a, b in zip(table.first.tolist(), table.last.tolist(), strict=True)),
        declared_roles=roles.codes,
    )
