"""The loader of tables of no known framework: a row per agent and timestep, or per joint step."""

from dataclasses import replace

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.names import in_numbered_order
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import FieldSpec
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.generic import open_by_structure, read_structure
from convscope_loaders.structure.long import find_columns
from convscope_loaders.structure.quiet import Remedies, with_quiet_told
from convscope_loaders.table.by_agent import tables_of_agents
from convscope_loaders.table.columns import read_columns
from convscope_loaders.table.frames import agents_container, frame_container, text_container
from convscope_loaders.table.infer import Understanding, understand
from convscope_loaders.table.kinds import glance, is_columnar
from convscope_loaders.table.long import column_container, declares_columns, has_columns
from convscope_loaders.table.record_paths import records_of
from convscope_loaders.table.records import record_container
from convscope_loaders.table.sketch import sketch
from convscope_loaders.table.subjects import NobodyError
from convscope_loaders.tidy.build import build_tidy_log


class TableLoader:
    """Reads CSV, TSV, JSON lines, Parquet, Arrow, and record tables in HDF5."""

    name = "table"
    description = "CSV, TSV, JSON lines, Parquet, Arrow, HDF5 record tables: a row per agent, or per joint step"
    requires: tuple[str, ...] = ()
    takes_mapping = True

    def sniff(self, probe: Probe) -> Match:
        """Look at the names of the columns."""
        seen = glance(probe)
        if seen is None:
            return Match(score=0.0, reason="no table with named columns")
        return Match(score=0.5 if seen.is_log else _REFUSED, reason=seen.reason, is_log=seen.is_log)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log.

        Raises
        ------
        AmbiguousLogError
            If the table can be read in more than one way; the error holds a mapping to edit.
        LogFormatError
            If it is no table, or a column holds what it should not.
        MappingError
            If the mapping speaks of columns that are not there.
        """
        seen = glance(probe)
        if seen is not None and not seen.is_log and mapping is None:
            raise LogFormatError(f"{probe.path} is {seen.reason}")
        container = _container(probe, mapping)
        found = _understood(probe, container, mapping)
        if found is None:
            return open_by_structure(probe, container, mapping, loader=self.name)
        log = build_tidy_log(probe, found.container, found.reading, loader=self.name)
        return log if _tells_lives(mapping) else with_quiet_told(log, _REMEDIES)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        container = _container(probe, mapping)
        found = _understood(probe, container, mapping)
        if found is None:
            return read_structure(probe, container, mapping).mapping
        tidy = found.reading.mapping
        table = replace(found.mapping, table=found.mapping.table or _group(probe))
        return LogMapping(table=table, environment=tidy.environment, framework=tidy.framework)


_REFUSED = 0.2
"""Score of a table that is none of a log: less than of any log."""
LOADER = TableLoader()
"""What the entry point names."""


def _container(probe: Probe, mapping: LogMapping | None) -> Container:
    if tables_of_agents(probe.files) is not None:
        return agents_container(probe.path)
    if is_columnar(probe):
        return frame_container(probe.path)
    if probe.kind in {FileKind.TEXT, FileKind.GZIP}:
        return text_container(probe.path)
    if probe.container is not None and probe.kind is not FileKind.FOLDER:
        inventory, now = probe.container.inventory, probe.path.stat()
        state = (now.st_size, now.st_mtime_ns)
        if has_columns(inventory, mapping) or (declares_columns(mapping) and not records_of(inventory)):
            return column_container(probe.container, mapping, state=state)
        return record_container(probe.container, _table(mapping), place=str(probe.path), state=state)
    raise LogFormatError(f"{probe.path} is a {probe.kind}; this loader reads tables")


def _understood(probe: Probe, container: Container, mapping: LogMapping | None) -> Understanding | None:
    """Return what the columns mean; None where they are arrays on a grid, or a mapping says so."""
    if mapping is not None and mapping.table is None and (mapping.fields or mapping.episodes is not None):
        return None
    try:
        return understand(container, probe.path, mapping)
    except NobodyError as error:
        beside = tables_of_agents(
            in_numbered_order(path.name for path in probe.path.parent.iterdir() if path.is_file())
        )
        if beside is not None and probe.path.name in beside.file_of.values():
            message = f"{probe.path} is the table of one agent of several; give the folder {probe.path.parent}"
            raise LogFormatError(message) from error
        raise AmbiguousLogError(str(error), sketch(read_columns(container.inventory), _table(mapping))) from error
    except AmbiguousLogError as error:
        raise AmbiguousLogError(str(error), sketch(read_columns(container.inventory), _table(mapping))) from error


def _tells_lives(mapping: LogMapping | None) -> bool:
    table = None if mapping is None else mapping.table
    return table is not None and (table.alive is not None or table.dead_see_nothing)


def _health(spec: FieldSpec) -> str:
    return f'alive = "{spec.path.removeprefix("/")}" under [table]'


_REMEDIES = Remedies(zeros="dead_see_nothing = true under [table]", health=_health)


def _group(probe: Probe) -> str | None:
    """Return the group whose arrays are the columns; None for the root, and for other tables."""
    columns = None if probe.container is None else find_columns(probe.container.inventory)
    return None if columns is None or columns.group == "/" else columns.group


def _table(mapping: LogMapping | None) -> str | None:
    return mapping.table.table if mapping is not None and mapping.table is not None else None
