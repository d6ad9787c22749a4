"""The loader of convscope logs: knows such a file, and makes a log of it."""

from typing import TypeVar

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Inventory, Value
from convscope.ingest.hdf5.reading import open_hdf5
from convscope.ingest.json_text import parsed_json
from convscope.ingest.loader import Match
from convscope.ingest.log_layout import ENCODING, FEATURES, VERSION
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.fields import ACTIONS, FieldSpec
from convscope.values.header import Agent, LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.convscope_log.fields import find_fields, slots_by_group
from convscope_loaders.convscope_log.recorded import only_committed, recorded_notices, training_order
from convscope_loaders.convscope_log.source import ConvscopeSource, StoredPart
from convscope_loaders.convscope_log.tables import Tables, read_agents, read_episodes


class ConvscopeLoader:
    """Reads convscope logs."""

    name = "convscope"
    description = "the convscope log format, version 1"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look at the ``encoding-type`` of the root."""
        encoding = probe.hdf5.attributes.get("/", {}).get("encoding-type") if probe.hdf5 is not None else None
        if encoding == ENCODING:
            return Match(score=1.0, reason=f"the file says that it is a {ENCODING}")
        return Match(score=0.0, reason=f"no encoding-type {ENCODING!r} at the root")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the file says it all
        """Return the log.

        Raises
        ------
        LogFormatError
            If the file was written for a newer reader, or a part that every log has is missing or does not fit.
        """
        inventory = probe.hdf5
        if inventory is None or self.sniff(probe).score == 0:
            raise LogFormatError(f"{probe.name} is no convscope log: its root has no encoding-type {ENCODING!r}")
        _check_version(probe.name, inventory)
        with open_hdf5(probe.path) as file:
            return _log(probe, only_committed(Tables(name=probe.name, inventory=inventory, file=file)))


LOADER = ConvscopeLoader()
"""What the entry point names."""


def _check_version(name: str, inventory: Inventory) -> None:
    root = inventory.attributes["/"]
    version = str(root.get("encoding-version", ""))
    if version.split(".", maxsplit=1)[0] != VERSION.split(".", maxsplit=1)[0]:
        raise LogFormatError(
            f"{name} has format version {version!r:.20}; this convscope reads {VERSION[0]}.x: update it"
        )
    needed = root.get("required-features", "[]")
    features = _json(needed, list)
    unknown = [str(feature) for feature in features if feature not in FEATURES]
    if unknown:
        raise LogFormatError(f"{name} needs {unknown[0]!r:.80}, which this convscope does not know; update it")
    if not features and needed != "[]":
        raise LogFormatError(f"{name}: the attribute required-features is no JSON list, so nobody knows what it needs")


def _log(probe: Probe, tables: Tables) -> TrajectoryLog:
    agents = read_agents(tables)
    groups = slots_by_group(probe.name, tables.inventory, len(agents))
    fields = find_fields(tables.inventory, groups, len(agents))
    header = _header(probe, tables, agents, fields=tuple(spec for spec, _ in fields))
    _check_spaces(probe.name, header)
    episodes = read_episodes(tables, agents, header.roles)
    n_episodes = episodes.n_episodes
    rows, order = episodes.rows, np.arange(n_episodes)
    if tables.n_episodes is not None:
        episodes, order = training_order(episodes)
    source = ConvscopeSource(
        path=probe.path,
        n_agents=len(agents),
        status=tuple(StoredPart(path=f"{path}/status", slots=slots, missing=None) for path, slots in groups.items()),
        fields=tuple(stored for _, stored in fields),
        start=tables.numbers("/episodes/start", (n_episodes,)),
        rows=rows,
    )
    _check_rows(tables, source)
    return TrajectoryLog(
        header=header,
        episodes=episodes,
        sources=(source,),
        source_of=np.zeros(n_episodes, np.int64),
        local_of=order,
    )


def _check_spaces(name: str, header: LogHeader) -> None:
    """Make sure that no agent is said to have more components than its actions have columns."""
    for spec in header.fields:
        if spec.name != ACTIONS:
            continue
        widths = spec.widths or (spec.shape[0],) * len(header.agents)
        for slot, (agent, width) in enumerate(zip(header.agents, widths, strict=True)):
            if agent.action_space.width > width:
                raise LogFormatError(
                    f"{name}:/agents/action_space[{slot}] states {agent.action_space.width} components, and the "
                    f"actions have {width}"
                )


def _check_rows(tables: Tables, source: ConvscopeSource) -> None:
    """Make sure that every episode lies within every column, so that reading needs no further checks."""
    for part in source.status:
        info = tables.inventory.datasets.get(part.path)
        if info is not None and info.shape[1:] != (len(part.slots or ()),):
            raise LogFormatError(f"{tables.name}:{part.path} has shape {info.shape}, not one column per agent")
        if info is not None and not info.is_whole:
            raise LogFormatError(f"{tables.name}:{part.path} is {info.dtype}, expected whole numbers")
    stop = int((source.start + source.rows).max(initial=0))
    is_sane = ((source.rows >= 0) & (source.start >= 0) & (source.start <= stop)).all()
    paths = [part.path for part in source.status] + [part.path for field in source.fields for part in field.parts]
    for path in paths:
        info = tables.inventory.datasets.get(path)
        if info is None or info.is_text or info.columns:
            raise LogFormatError(f"{tables.name} has no {path}, which every convscope log has; convert it again")
        if not info.shape or info.shape[0] < stop or not is_sane:
            raise LogFormatError(f"{tables.name}:{path} is shorter than the episodes say ({stop} rows); it is cut off")


def _header(probe: Probe, tables: Tables, agents: tuple[Agent, ...], *, fields: tuple[FieldSpec, ...]) -> LogHeader:
    root = tables.inventory.attributes["/"]
    producer, source = _json(root.get("producer"), dict), _json(root.get("source"), dict)
    assumptions = source.get("assumptions")
    own = tuple(dict.fromkeys(agent.declared_role for agent in agents if agent.declared_role is not None))
    slots = tables.inventory.attributes.get("/slots", {})
    return LogHeader(
        agents=agents,
        fields=fields,
        inputs=(
            probe.input_file(
                LOADER.name, assumptions=tuple(str(a) for a in assumptions) if isinstance(assumptions, list) else ()
            ),
        ),
        framework=_text(producer.get("framework")),
        environment=_text(producer.get("env_id")),
        roles=tables.texts("/roles/name") or own,
        identities_persist=slots.get("identities-persist", 1) != 0,
        notices=(*_notices(root.get("notices")), *recorded_notices(tables, tables.inventory.notices)),
    )


def _notices(value: Value | None) -> tuple[Notice, ...]:
    entries = [entry for entry in _json(value, list) if isinstance(entry, dict)]
    return tuple(
        Notice(code=str(e.get("code")), message=str(e.get("message")), where=_text(e.get("where"))) for e in entries
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


_Kind = TypeVar("_Kind", list[object], dict[str, object])


def _json(value: Value | None, kind: type[_Kind]) -> _Kind:
    """Return what a JSON attribute says; empty where it is absent or says something else."""
    content = parsed_json(value)
    return content if isinstance(content, kind) else kind()
