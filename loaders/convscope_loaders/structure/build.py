"""From a complete mapping to a log."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.names import numbered_key
from convscope.ingest.probe import Probe
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.agents import SeenActions, make_agents, see_actions
from convscope_loaders.structure.ends import end_kinds
from convscope_loaders.structure.fields import check_sizes, plan_field
from convscope_loaders.structure.finals import with_finals
from convscope_loaders.structure.gathered import find_stored
from convscope_loaders.structure.groups import split_groups
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
    may_show_resets: bool = True
    """Whether what is stored as following the last step might be the next episode's first observation; False where the
    framework is known to keep what was really seen."""


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
        rows = plan_rows(inventory, file, mapping, place=place)
        planned, final_notices = with_finals(
            rows, inventory, file, mapping=mapping, may_show_resets=reading.may_show_resets
        )
        agents = _agent_names(inventory, planned.plan, mapping, place=place)
        roles = read_roles(file, mapping.roles, planned.plan, agents=agents)
        ends = end_kinds(file, mapping.episodes, planned)
    if not len(planned.plan.length):
        raise LogFormatError(f"{place} holds no episode with a step")
    source = _source(container, planned.plan, mapping=mapping, n_agents=len(agents), place=place)
    actions = next((plan for plan in source.fields if plan.spec.name == ACTIONS), None)
    seen = see_actions(source, actions.spec, planned.plan.rows, n_agents=len(agents)) if actions is not None else None
    if seen is not None:
        source = replace(source, fields=tuple(_with_choices(plan, seen) for plan in source.fields))
    header = LogHeader(
        agents=make_agents(
            agents, [plan.spec for plan in source.fields], seen, teams=mapping.teams, roles=roles.of_agent
        ),
        fields=tuple(plan.spec for plan in source.fields),
        inputs=(probe.input_file(loader, assumptions=reading.assumptions),),
        framework=mapping.framework,
        environment=mapping.environment,
        roles=roles.names,
        identities_persist=roles.identities_persist,
        notices=(*reading.notices, *_left_out(planned, source, mapping), *final_notices, *roles.notices),
    )
    n_episodes = len(planned.plan.length)
    return TrajectoryLog(
        header=header,
        episodes=_episodes(planned.plan, mapping, roles, ends=ends, name=probe.name),
        sources=(source,),
        source_of=np.zeros(n_episodes, dtype=np.int64),
        local_of=np.arange(n_episodes),
    )


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
        message = f"{len(source.missing)} arrays that other groups have are not there: their values are missing"
        notices.append(Notice(code="missing-arrays", message=message, where=first))
    return tuple(notices)


def _source(container: Container, rows: RowPlan, *, mapping: LogMapping, n_agents: int, place: str) -> StructuredSource:
    inventory = container.inventory
    for field in mapping.fields:
        check_sizes(inventory, field, reference_field(mapping), rows=rows, place=place)
    plans: list[FieldPlan] = []
    missing: set[str] = set()
    flags = {"info/alive": mapping.alive, "info/leaves": mapping.leaves, "info/acting": mapping.acting}
    of_status = [FieldMapping(name=name, array=array) for name, array in flags.items() if array is not None]
    for field in (*mapping.fields, *of_status):
        plan, absent = plan_field(inventory, field, rows, n_agents=n_agents, place=place)
        plans.append(plan)
        missing |= absent
    status_plans = {plan.spec.name: plan for plan in plans[len(mapping.fields) :]}
    return StructuredSource(
        store=container.store,
        n_agents=n_agents,
        rows=rows,
        fields=tuple(plans[: len(mapping.fields)]),
        presence=status_plans.get("info/alive"),
        present_values=mapping.alive_values,
        leaves=status_plans.get("info/leaves"),
        turns=status_plans.get("info/acting"),
        missing=frozenset(missing),
        stored=find_stored(inventory, plans, rows),
    )


def _agent_names(inventory: Inventory, rows: RowPlan, mapping: LogMapping, *, place: str) -> tuple[str, ...]:
    n_agents = len(rows.agents) or _agents_in_array(inventory, rows, mapping)
    if not n_agents:
        raise LogFormatError(f"{place}: no array has an agent axis and no path names agents; write a mapping file")
    if len(set(mapping.agents)) < len(mapping.agents):
        raise LogFormatError(f"{place} names an agent twice: {', '.join(mapping.agents[:8])}; name them apart")
    if mapping.agents and len(mapping.agents) != n_agents:
        raise LogFormatError(f"{place} names {len(mapping.agents)} agents but its arrays hold {n_agents}")
    # Names that are none of those in the paths are given to the paths in numbered order.
    if mapping.agents and (set(mapping.agents) == set(rows.agents) or not set(mapping.agents) & set(rows.agents)):
        return mapping.agents
    return tuple(_called(part) for part in rows.agents) or tuple(f"agent_{slot}" for slot in range(n_agents))


def _called(part: str) -> str:
    number = part.removeprefix("_index_")
    return f"agent_{number}" if number.isdecimal() else part


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


def _episodes(rows: RowPlan, mapping: LogMapping, roles: DeclaredRoles, *, ends: IntArray, name: str) -> EpisodeTable:
    run_names, run = _codes(rows, Axis.RUN, default=name)
    checkpoint_names, checkpoint = _codes(rows, Axis.CHECKPOINT, default=None)
    condition_names, condition = _codes(rows, Axis.CONDITION, default=None)
    return EpisodeTable(
        runs=run_names,
        checkpoints=checkpoint_names,
        conditions=condition_names,
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


def _codes(rows: RowPlan, axis: Axis, default: str | None) -> tuple[tuple[str, ...], IntArray]:
    labels = [values.get(axis, default) for values in rows.cells]
    names = tuple(dict.fromkeys(label for label in labels if label is not None))
    by_cell = np.array([-1 if label is None else names.index(label) for label in labels], dtype=np.int64)
    return names, by_cell[rows.cell]


def _paths(rows: RowPlan, array: ArrayMapping) -> tuple[str, ...]:
    group, _, leaf = array.path.rpartition("/")
    # Where the array's own name tells the episodes apart, no group does.
    is_own = any(axis is not Axis.AGENT for axis in Template(text=leaf).axes)
    template = Template(text=array.path if is_own else group or "/")
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
