"""From a complete mapping to a log."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, FieldMapping, LogMapping
from convscope.ingest.names import numbered_key
from convscope.ingest.probe import Probe
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS, OBSERVATIONS
from convscope.values.figures import count
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.agents import SeenActions, make_agents, see_actions
from convscope_loaders.structure.ends import end_kinds
from convscope_loaders.structure.fields import check_sizes, plan_field
from convscope_loaders.structure.groups import split_groups
from convscope_loaders.structure.labels import EpisodeLabels, label_episodes
from convscope_loaders.structure.names import called
from convscope_loaders.structure.plan import FieldPlan, RowPlan
from convscope_loaders.structure.roles import DeclaredRoles, read_roles
from convscope_loaders.structure.rows import PlannedRows, plan_rows, reference_field
from convscope_loaders.structure.source import StructuredSource
from convscope_loaders.structure.templates import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A complete mapping and why it is as it is."""

    mapping: LogMapping
    assumptions: tuple[str, ...]
    notices: tuple[Notice, ...] = ()


def build_log(probe: Probe, container: Container, reading: Reading, *, loader: str) -> TrajectoryLog:
    """Make the log of one file.

    Parameters
    ----------
    probe
        The file or folder.
    container
        Its arrays.
    reading
        What its arrays mean.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    LogFormatError
        If the arrays do not fit together, or no episode has a step.
    """
    container, mapping = split_groups(container, reading.mapping)
    place, inventory = str(probe.path), container.inventory
    with container.store.open() as file:
        found = _with_final(plan_rows(inventory, file, mapping, place=place), inventory, mapping)
        labels = label_episodes(inventory, file, mapping, plan=found.plan, default=probe.name)
        planned = found.in_order(labels.order)
        agents = _agent_names(inventory, planned.plan, mapping, place=place)
        roles = read_roles(inventory, file, mapping.roles, plan=planned.plan, agents=agents)
        ends = end_kinds(file, mapping.episodes, planned)
    if not len(planned.plan.length):
        raise LogFormatError(f"{place} holds no episode with a step")
    source = _source(container, planned.plan, mapping=mapping, n_agents=len(agents), place=place)
    actions = next((plan for plan in source.fields if plan.spec.name == ACTIONS), None)
    seen = see_actions(source, actions, len(planned.plan.length)) if actions is not None else None
    if seen is not None:
        source = replace(source, fields=tuple(_with_choices(plan, seen) for plan in source.fields))
    header = LogHeader(
        agents=make_agents(agents, source.fields, seen, teams=dict(mapping.teams), roles=dict(roles.of_agent)),
        fields=tuple(plan.spec for plan in source.fields),
        inputs=(probe.input_file(loader, assumptions=(*reading.assumptions, *_early_ends(planned.plan))),),
        framework=mapping.framework,
        environment=mapping.environment,
        roles=roles.names,
        identities_persist=roles.identities_persist,
        notices=(*reading.notices, *_left_out(planned, source, mapping), *labels.notices, *roles.notices),
    )
    n_episodes = len(planned.plan.length)
    return TrajectoryLog(
        header=header,
        episodes=_episodes(planned.plan, mapping, roles, ends=ends, labels=labels),
        sources=(source,),
        source_of=np.zeros(n_episodes, dtype=np.int64),
        local_of=np.arange(n_episodes),
    )


def _early_ends(rows: RowPlan) -> tuple[str, ...]:
    own = rows.count[:, : len(rows.agents)]
    is_early = (own > 0) & (rows.offset[:, : len(rows.agents)] + own < rows.length[:, None])
    said = "an agent whose arrays end before the episode does is out of the game from there on"
    return (f"{said} ({count(int(is_early.any(axis=1).sum()), 'episode')})",) if is_early.any() else ()


def _with_choices(plan: FieldPlan, seen: SeenActions) -> FieldPlan:
    return replace(plan, is_choice=tuple(seen.is_whole.tolist())) if plan.spec.name == ACTIONS else plan


def _left_out(planned: PlannedRows, source: StructuredSource, mapping: LogMapping) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    if planned.n_empty:
        message = f"{planned.n_empty} episodes without a step are left out"
        notices.append(Notice(code="empty-episodes", message=message))
    if planned.without_reference:
        text = reference_field(mapping).array.path
        message = f"{len(planned.without_reference)} groups without {text} are left out"
        notices.append(Notice(code="incomplete-episodes", message=message, where=planned.without_reference[0]))
    if source.missing:
        first = min(source.missing, key=numbered_key)
        message = f"{count(len(source.missing), 'array')} that other groups have are not there: values are missing"
        notices.append(Notice(code="missing-arrays", message=message, where=first))
    return tuple(notices)


def _source(container: Container, rows: RowPlan, *, mapping: LogMapping, n_agents: int, place: str) -> StructuredSource:
    inventory = container.inventory
    for field in mapping.fields:
        check_sizes(inventory, field, reference_field(mapping), rows=rows, place=place)
    planned = [plan_field(inventory, field, rows, n_agents=n_agents, place=place) for field in mapping.fields]
    lives = {
        name: plan_field(
            inventory, FieldMapping(name=f"info/{name}", array=array), rows, n_agents=n_agents, place=place
        )
        for name, array in (("alive", mapping.alive), ("leaves", mapping.leaves))
        if array is not None
    }
    missing = frozenset[str]().union(*(paths for _, paths in (*planned, *lives.values())))
    return StructuredSource(
        store=container.store,
        n_agents=n_agents,
        rows=rows,
        fields=tuple(plan for plan, _ in planned),
        presence=lives["alive"][0] if "alive" in lives else None,
        present_values=mapping.alive_values,
        leaves=lives["leaves"][0] if "leaves" in lives else None,
        missing=missing,
    )


def _agent_names(inventory: Inventory, rows: RowPlan, mapping: LogMapping, *, place: str) -> tuple[str, ...]:
    n_agents = len(rows.agents) or _agents_in_array(inventory, rows, mapping)
    if not n_agents:
        raise LogFormatError(f"{place}: no array has an agent axis and no path names agents; write a mapping file")
    if len(set(mapping.agents)) < len(mapping.agents):
        raise LogFormatError(f"{place} names an agent twice: {', '.join(mapping.agents[:8])}; name them apart")
    if mapping.agents and len(mapping.agents) != n_agents:
        raise LogFormatError(f"{place} names {len(mapping.agents)} agents but its arrays hold {n_agents}")
    is_counted = all(part.isdecimal() for part in rows.agents)
    if mapping.agents and (is_counted or set(mapping.agents) == set(rows.agents)):
        return mapping.agents
    return tuple(called(part) for part in rows.agents) or tuple(f"agent_{slot}" for slot in range(n_agents))


def _agents_in_array(inventory: Inventory, rows: RowPlan, mapping: LogMapping) -> int:
    for field in mapping.fields:
        axes = field.array.axes
        if Axis.AGENT_VALUE in axes:
            return len(mapping.agents)
        if Axis.AGENT not in axes:
            continue
        if field.array.take:
            return len(field.array.take)
        template = Template(text=field.array.path)
        for cell in range(len(rows.cells)):
            info = inventory.datasets.get(template.fill(rows.values_of(cell, None)))
            if info is not None and len(info.shape) > axes.index(Axis.AGENT):
                return info.shape[axes.index(Axis.AGENT)]
    return 0


def _with_final(planned: PlannedRows, inventory: Inventory, mapping: LogMapping) -> PlannedRows:
    """Note where observations have one row more than actions: the final observation."""
    observed = next((field for field in mapping.fields if field.name == OBSERVATIONS), None)
    cut = mapping.episodes.cut if mapping.episodes is not None else Cut.WHOLE
    if cut is Cut.FILLED_AND_FINAL:
        has_final = np.ones(len(planned.plan.length), bool)
    elif observed is None or cut in _CUT_ALONG_TIME or Axis.TIME not in observed.array.axes:
        return planned
    else:
        by_cell = [
            _rows_of(inventory, observed, planned.plan, cell=cell)
            > _rows_of(inventory, reference_field(mapping), planned.plan, cell=cell)
            for cell in range(len(planned.plan.cells))
        ]
        has_final = np.array(by_cell, dtype=bool)[planned.plan.cell]
    return replace(planned, plan=replace(planned.plan, has_final=has_final))


_CUT_ALONG_TIME = frozenset({Cut.FLAGS, Cut.IDS, Cut.TIMES})
"""Several episodes may lie on one time axis then, of which only the last one could have a final observation."""


def _rows_of(inventory: Inventory, field: FieldMapping, rows: RowPlan, *, cell: int) -> int:
    template = Template(text=field.array.path)
    at = field.array.axes.index(Axis.TIME) if Axis.TIME in field.array.axes else 0
    longest = 0
    for agent in range(len(rows.agents)) if Axis.AGENT in template.axes else (None,):
        info = inventory.datasets.get(template.fill(rows.values_of(cell, agent)))
        longest = max(longest, info.shape[at] if info is not None else 0)
    return longest


def _episodes(
    rows: RowPlan, mapping: LogMapping, roles: DeclaredRoles, *, ends: IntArray, labels: EpisodeLabels
) -> EpisodeTable:
    run, checkpoint, condition = (codes[labels.order] for codes in (labels.run, labels.checkpoint, labels.condition))
    return EpisodeTable(
        runs=labels.runs,
        checkpoints=labels.checkpoints,
        conditions=labels.conditions,
        run=run,
        checkpoint=checkpoint,
        condition=condition,
        number=episode_numbers(run, checkpoint),
        length=rows.length,
        rows=rows.rows,
        end=ends.astype(np.uint8),
        path=_paths(rows, reference_field(mapping).array),
        declared_roles=roles.codes,
    )


def _paths(rows: RowPlan, array: ArrayMapping) -> tuple[str, ...]:
    template = Template(text="/".join(array.path.split("/")[:-1]) or "/")
    groups = [template.fill({**values, Axis.AGENT: "*"}) or "/" for values in rows.cells]
    cuts: list[str]
    if Axis.ROW in array.axes:
        ends = (rows.start[:, -1] + rows.count[:, -1]).tolist()
        cuts = [f"[{start}:{stop}]" for start, stop in zip(rows.start[:, -1].tolist(), ends, strict=True)]
    elif Axis.EPISODE in array.axes:
        lead = ":, " if array.axes.index(Axis.EPISODE) else ""
        cuts = [f"[{lead}{index}]" for index in rows.index.tolist()]
    else:
        cuts = [""] * len(rows.cell)
    return tuple(f"{groups[cell]}{cut}" for cell, cut in zip(rows.cell.tolist(), cuts, strict=True))
