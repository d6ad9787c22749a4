"""Several files as one log: agents united by name, runs and checkpoints as the files have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.names import in_numbered_order
from convscope.ingest.pooling import unlike_inputs
from convscope.ingest.value_names import code_tables, renumbered_space, united_values
from convscope.ingest.widen import WidenedSource
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS, FieldSpec
from convscope.values.header import ActionSpace, Agent, LogHeader
from convscope.values.log import EpisodeSource, TrajectoryLog


def join_logs(logs: Sequence[TrajectoryLog]) -> TrajectoryLog:
    """Join logs.

    Parameters
    ----------
    logs
        At least one, in the order of their files.

    Returns
    -------
    TrajectoryLog
        Runs in numbered order, each run's checkpoints too, then files, then the order within the file; episodes are
        numbered anew within run and checkpoint. An agent that a file lacks is absent there; fields that a file lacks
        are missing there.

    Raises
    ------
    LogFormatError
        If an agent's action space or a field's shape differs between files in kind, not only in size; or if values
        have names in some of the files only.
    """
    if len(logs) == 1:
        return logs[0]
    header = _header(logs)
    order = _order(logs)
    file_of, own = order.file_of, order.own
    # A source may come several times: the engine reads sources one after the other, and runs must stay together.
    widened = [_widened(log, header) for log in logs]
    sources = tuple(widened[file][log_source] for file, log_source in _source_runs(logs, file_of, own))
    return TrajectoryLog(
        header=header,
        episodes=order.table,
        sources=sources,
        source_of=_source_numbers(logs, file_of, own),
        local_of=np.array([logs[f].local_of[e] for f, e in zip(file_of.tolist(), own.tolist(), strict=True)]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Order:
    file_of: IntArray
    own: IntArray
    table: EpisodeTable


def _order(logs: Sequence[TrajectoryLog]) -> _Order:
    tables = [log.episodes for log in logs]
    runs = in_numbered_order({name for table in tables for name in table.runs})
    checkpoints = in_numbered_order({name for table in tables for name in table.checkpoints})
    conditions = tuple(dict.fromkeys(chain.from_iterable(table.conditions for table in tables)))
    run = np.concatenate([_recoded(table.runs, table.run, runs) for table in tables])
    checkpoint = np.concatenate([_recoded(table.checkpoints, table.checkpoint, checkpoints) for table in tables])
    condition = np.concatenate([_recoded(table.conditions, table.condition, conditions) for table in tables])
    file_of = np.repeat(np.arange(len(tables)), [table.n_episodes for table in tables])
    own = np.concatenate([np.arange(table.n_episodes) for table in tables])
    by = np.lexsort((own, file_of, checkpoint, run))
    roles = tuple(dict.fromkeys(chain.from_iterable(log.header.roles for log in logs)))
    agents = _names(logs)
    codes = np.concatenate([_role_codes(log, roles, agents) for log in logs])
    paths = [path for table in tables for path in table.path]
    files = file_of.tolist()
    table = EpisodeTable(
        runs=runs,
        checkpoints=checkpoints,
        conditions=conditions,
        run=run[by],
        checkpoint=checkpoint[by],
        condition=condition[by],
        number=episode_numbers(run[by], checkpoint[by]),
        length=np.concatenate([table.length for table in tables])[by],
        rows=np.concatenate([table.rows for table in tables])[by],
        end=np.concatenate([table.end for table in tables])[by],
        path=tuple(f"{logs[files[e]].header.inputs[0].name}:{paths[e]}" for e in by.tolist()),
        declared_roles=codes[by],
    )
    return _Order(file_of=file_of[by], own=own[by], table=table)


def _recoded(names: tuple[str, ...], codes: IntArray, wanted: tuple[str, ...]) -> IntArray:
    place = np.array([*(wanted.index(name) for name in names), -1], dtype=np.int64)
    return place[codes]


def _role_codes(log: TrajectoryLog, roles: tuple[str, ...], agents: tuple[str, ...]) -> IntArray:
    codes = np.full((log.episodes.n_episodes, len(agents)), -1)
    columns = [agents.index(agent.name) for agent in log.header.agents]
    codes[:, columns] = _recoded(log.header.roles, log.episodes.declared_roles, roles)
    return codes


def _names(logs: Sequence[TrajectoryLog]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(agent.name for log in logs for agent in log.header.agents))


def _pieces(logs: Sequence[TrajectoryLog], file_of: IntArray, own: IntArray) -> list[tuple[int, int]]:
    sources = [int(logs[f].source_of[e]) for f, e in zip(file_of.tolist(), own.tolist(), strict=True)]
    return list(zip(file_of.tolist(), sources, strict=True))


def _source_runs(logs: Sequence[TrajectoryLog], file_of: IntArray, own: IntArray) -> list[tuple[int, int]]:
    pieces = _pieces(logs, file_of, own)
    return [piece for number, piece in enumerate(pieces) if number == 0 or pieces[number - 1] != piece]


def _source_numbers(logs: Sequence[TrajectoryLog], file_of: IntArray, own: IntArray) -> IntArray:
    pieces = np.array(_pieces(logs, file_of, own))
    is_new = (np.diff(pieces, axis=0) != 0).any(axis=1)
    return np.concatenate([[0], np.cumsum(is_new)]).astype(np.int64)


def _header(logs: Sequence[TrajectoryLog]) -> LogHeader:
    headers = [log.header for log in logs]
    names = _names(logs)
    united = _united(headers)
    return LogHeader(
        agents=tuple(_agent(name, headers, united) for name in names),
        fields=tuple(replace(_field(name, headers, names), values=values) for name, values in united.items()),
        inputs=tuple(chain.from_iterable(header.inputs for header in headers)),
        framework=next((header.framework for header in headers if header.framework), None),
        environment=next((header.environment for header in headers if header.environment), None),
        roles=tuple(dict.fromkeys(chain.from_iterable(header.roles for header in headers))),
        identities_persist=_persist(headers),
        notices=(*unlike_inputs(headers), *dict.fromkeys(chain.from_iterable(header.notices for header in headers))),
    )


def _united(headers: Sequence[LogHeader]) -> dict[str, tuple[str, ...]]:
    specs: dict[str, list[FieldSpec]] = {}
    for spec in chain.from_iterable(header.fields for header in headers):
        specs.setdefault(spec.name, []).append(spec)
    return {name: united_values(same) for name, same in specs.items()}


def _persist(headers: Sequence[LogHeader]) -> bool:
    roles = {(agent.name, agent.declared_role) for header in headers for agent in header.agents if agent.declared_role}
    return all(header.identities_persist for header in headers) and len({name for name, _ in roles}) == len(roles)


def _agent(name: str, headers: Sequence[LogHeader], united: Mapping[str, tuple[str, ...]]) -> Agent:
    tables = [code_tables(header, united).get(ACTIONS) for header in headers]
    told = [(table, agent) for table, own in zip(tables, headers, strict=True) for agent in own.agents]
    same = [
        replace(agent, action_space=renumbered_space(agent.action_space, table))
        for table, agent in told
        if agent.name == name
    ]
    roles = {agent.declared_role for agent in same}
    return replace(
        same[0],
        action_space=_space(name, [agent.action_space for agent in same]),
        team=next((agent.team for agent in same if agent.team), None),
        declared_role=same[0].declared_role if len(roles) == 1 else None,
    )


def _space(name: str, spaces: Sequence[ActionSpace]) -> ActionSpace:
    if len({(space.kind, space.width) for space in spaces}) > 1:
        raise LogFormatError(f"the actions of agent {name} are of another kind in some of the files; give those alone")
    # The number of choices may have been seen, not declared: a file where the last one was never taken has fewer.
    return replace(spaces[0], n=tuple(max(counts) for counts in zip(*(space.n for space in spaces), strict=True)))


def _field(name: str, headers: Sequence[LogHeader], agents: tuple[str, ...]) -> FieldSpec:
    specs = [(header, spec) for header in headers for spec in header.fields if spec.name == name]
    # One file whose interventions nobody drew is enough to leave it open.
    first = replace(specs[0][1], is_randomized=all(spec.is_randomized for _, spec in specs))
    if len({(spec.level, len(spec.shape)) for _, spec in specs}) > 1:
        raise LogFormatError(f"the field {name} has axes of another kind in some of the files; give those alone")
    if len({spec.row_sum for _, spec in specs}) > 1:
        raise LogFormatError(f"rows of {name} keep their sums in some of the files and not in others; give those alone")
    if len({spec.own_column for _, spec in specs}) > 1:
        raise LogFormatError(f"the own column of {name} means something in some of the files only; give those alone")
    shape = tuple(max(sizes) for sizes in zip(*(spec.shape for _, spec in specs), strict=True))
    if all(spec.shape == shape and spec.widths is None for _, spec in specs):
        return first
    if len(shape) != 1:
        raise LogFormatError(f"the field {name} has another shape in some of the files; give those alone")
    return replace(first, shape=shape, widths=_widths(specs, agents, shape[0]))


def _widths(
    specs: Sequence[tuple[LogHeader, FieldSpec]], agents: tuple[str, ...], widest: int
) -> tuple[int, ...] | None:
    width_of = dict.fromkeys(agents, 0)
    for header, spec in specs:
        own = spec.widths or (spec.shape[0],) * len(header.agents)
        for agent, width in zip(header.agents, own, strict=True):
            width_of[agent.name] = max(width_of[agent.name], width)
    widths = tuple(width_of[name] for name in agents)
    return None if set(widths) == {widest} else widths


def _widened(log: TrajectoryLog, header: LogHeader) -> tuple[EpisodeSource, ...]:
    names = tuple(agent.name for agent in header.agents)
    own = tuple(agent.name for agent in log.header.agents)
    codes = code_tables(log.header, {spec.name: spec.values for spec in header.fields})
    shapes = {spec.name: spec.shape for spec in log.header.fields}
    if not codes and own == names and shapes == {spec.name: spec.shape for spec in header.fields}:
        return log.sources
    slots = np.array([names.index(name) for name in own])
    return tuple(
        WidenedSource(source=source, slots=slots, n_agents=len(names), fields=header.fields, codes=codes)
        for source in log.sources
    )
