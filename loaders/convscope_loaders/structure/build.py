"""From a complete mapping to a log."""

from collections.abc import Mapping, Sequence
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
from convscope.values.fields import ACTION_MASKS, ACTIONS, OBSERVATIONS
from convscope.values.figures import count
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.agents import SeenActions, make_agents, see_actions
from convscope_loaders.structure.ends import end_kinds
from convscope_loaders.structure.fields import check_sizes, plan_field
from convscope_loaders.structure.finals import with_finals
from convscope_loaders.structure.gathered import find_stored
from convscope_loaders.structure.groups import split_groups
from convscope_loaders.structure.idle import Idle, idle_in_words
from convscope_loaders.structure.labels import EpisodeLabels, label_episodes
from convscope_loaders.structure.late import with_late
from convscope_loaders.structure.mark_readings import choices_or_amounts
from convscope_loaders.structure.names import called
from convscope_loaders.structure.pairs import with_pairs
from convscope_loaders.structure.plan import FieldPlan, RowPlan
from convscope_loaders.structure.roles import DeclaredRoles, read_roles
from convscope_loaders.structure.rows import PlannedRows, plan_rows, reference_field, without_headless
from convscope_loaders.structure.source import StructuredSource
from convscope_loaders.structure.templates import Template

_LEAVES_OUT = frozenset(
    {
        Cut.STARTS,
        Cut.ENDS,
        Cut.LAST_ROWS,
        Cut.LENGTHS,
        Cut.LENGTHS_AND_FINAL,
        Cut.FIRST_FLAG,
        Cut.MISSING,
        Cut.ZEROS,
        Cut.REPEATS,
    }
)
"""Cuts that may leave rows out without a mask that says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A complete mapping and why it is as it is."""

    mapping: LogMapping
    assumptions: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    headless: Mapping[str, int] | None = None
    """Arrays whose first rows may belong to an episode of which the beginning was written over, with the axis of their
    rows; None for none."""
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
    paired = with_pairs(container, reading.mapping, place=str(probe.path))
    container, mapping = split_groups(with_late(paired.container, paired.mapping), paired.mapping)
    place, inventory = str(probe.path), container.inventory
    with container.store.open() as file:
        steps = without_headless(plan_rows(inventory, file, mapping, place=place), mapping, reading.headless or {})
        may_show_resets = reading.may_show_resets
        rows, on_finals = with_finals(steps, inventory, file, mapping=mapping, may_show_resets=may_show_resets)
        labels = label_episodes(inventory, file, mapping, plan=rows.plan, default=probe.name)
        planned = rows.in_order(labels.order)
        agents = _agent_names(inventory, planned.plan, mapping, place=place)
        roles = read_roles(inventory, file, mapping.roles, plan=planned.plan, agents=agents)
        ends = end_kinds(file, mapping.episodes, planned)
    if not len(planned.plan.length):
        raise LogFormatError(f"{place} holds no episode with a step")
    source = _source(container, planned.plan, mapping=mapping, n_agents=len(agents), place=place)
    source, seen = _with_choices(source, mapping, place)
    said = (*reading.assumptions, *paired.said, *_early_ends(planned.plan), *_idle_said(source, seen))
    header = LogHeader(
        agents=make_agents(
            agents, [plan.spec for plan in source.fields], seen, teams=mapping.teams, roles=roles.of_agent
        ),
        fields=tuple(plan.spec for plan in source.fields),
        inputs=(probe.input_file(loader, assumptions=said),),
        framework=mapping.framework,
        environment=mapping.environment,
        roles=roles.names,
        identities_persist=roles.identities_persist,
        notices=(*reading.notices, *_left_out(planned, source, mapping), *on_finals, *labels.notices, *roles.notices),
    )
    n_episodes = len(planned.plan.length)
    return TrajectoryLog(
        header=header,
        episodes=_episodes(planned.plan, mapping, roles, ends=ends, labels=labels),
        sources=(source,),
        source_of=np.zeros(n_episodes, dtype=np.int64),
        local_of=np.arange(n_episodes),
    )


def _with_choices(
    source: StructuredSource, mapping: LogMapping, place: str
) -> tuple[StructuredSource, SeenActions | None]:
    """Look at all actions, if there are any, and note whose are choices, and what agents without one are."""
    actions = next((plan for plan in source.fields if plan.spec.name == ACTIONS), None)
    if actions is None:
        return source, None
    field = reference_field(mapping)
    seen = see_actions(source, actions.spec, source.rows.rows, n_agents=source.n_agents, kind=field.kind)
    if field.kind is None and seen.are_open:
        raise choices_or_amounts(field, place=place)
    chosen = replace(actions, is_choice=tuple(seen.is_whole.tolist()))
    fields = tuple(chosen if plan is actions else plan for plan in source.fields)
    return replace(source, fields=fields, idle=_idle(source, seen)), seen


def _idle(source: StructuredSource, seen: SeenActions) -> Idle | None:
    if not seen.lacks.n_rows.any():
        return None
    # Who is in the game, something else says.
    is_told = source.presence is not None or source.leaves is not None or source.signs is not None
    return Idle.WAITING if is_told or seen.lacks.has_gap.any() else Idle.OUT


def _idle_said(source: StructuredSource, seen: SeenActions | None) -> tuple[str, ...]:
    if seen is None or source.idle is None:
        return ()
    return (idle_in_words(source.idle, int(seen.lacks.n_rows.sum()), has_choices=bool(seen.is_whole.any())),)


def _early_ends(rows: RowPlan) -> tuple[str, ...]:
    own = rows.count[:, : len(rows.agents)]
    is_early = (own > 0) & (rows.offset[:, : len(rows.agents)] + own < rows.length[:, None])
    said = "an agent whose arrays end before the episode does is out of the game from there on"
    return (f"{said} ({count(int(is_early.any(axis=1).sum()), 'episode')})",) if is_early.any() else ()


def _left_out(planned: PlannedRows, source: StructuredSource, mapping: LogMapping) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    if planned.n_empty:
        message = f"{planned.n_empty} episodes without a step are left out"
        notices.append(Notice(code="empty-episodes", message=message))
    cut = Cut.WHOLE if mapping.episodes is None else mapping.episodes.cut
    if planned.n_outside and cut in _LEAVES_OUT:
        text = reference_field(mapping).array.path
        message = (
            f"{planned.n_outside} of {planned.n_rows} rows of {text} belong to no episode and are left out ({cut})"
        )
        notices.append(Notice(code="rows-outside-episodes", message=message, where=text))
    if planned.n_headless:
        what = f"left out: the oldest episode of each full ring ({planned.n_headless})"
        message = f"{what}, since its first steps may have been written over"
        notices.append(Notice(code="headless-episodes", message=message))
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
        signs=_signs(plans, mapping) if mapping.dead_see_nothing else None,
        turns=status_plans.get("info/acting"),
        missing=frozenset(missing),
        stored=find_stored(inventory, plans, rows),
    )


def _signs(plans: Sequence[FieldPlan], mapping: LogMapping) -> tuple[FieldPlan | None, FieldPlan] | None:
    """Return the plans of action masks, where there are any or nobody says that zeros are enough, and observations."""
    by_name = {plan.spec.name: plan for plan in plans}
    masks, observations = by_name.get(ACTION_MASKS), by_name.get(OBSERVATIONS)
    if observations is None or (masks is None and mapping.file is None):
        return None
    return masks, observations


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
