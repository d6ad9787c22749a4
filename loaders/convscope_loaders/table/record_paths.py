"""Which datasets of an HDF5 file are the record tables of a log, and what their paths count."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import Axis
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.levels import Levels
from convscope_loaders.structure.lexicon import Meaning, is_numbered_agent
from convscope_loaders.structure.templates import PathValues, Template, matches
from convscope_loaders.table.columns import AGENT, name_meaning
from convscope_loaders.table.kinds import judged


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTables:
    """The record tables of a log."""

    template: str
    """Their path, with the axes that it counts in braces."""
    values_of: Mapping[str, PathValues]
    """What stands in the place of each axis, by path."""
    notices: tuple[Notice, ...] = ()

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What the paths count."""
        return Template(text=self.template).axes


def records_of(inventory: Inventory) -> Mapping[str, ArrayInfo]:
    """Return the record tables of a file, by path."""
    return {path: info for path, info in inventory.datasets.items() if len(info.columns) > 1 and len(info.shape) == 1}


def find_tables(inventory: Inventory, template: str | None, place: str) -> FoundTables:
    """Find the record tables of a log.

    Parameters
    ----------
    inventory
        What the file holds.
    template
        As a mapping declares it; None to find it.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If tables of several kinds could be the log.
    LogFormatError
        If there is none, or tables of one kind have different columns.
    """
    records = records_of(inventory)
    kinds = (
        _kinds(inventory, records) if template is None else {template: dict(matches(Template(text=template), records))}
    )
    telling = [
        kind for kind, own in kinds.items() if template is not None or judged(records[next(iter(own))].columns).is_log
    ]
    if not telling or not kinds[telling[0]]:
        raise LogFormatError(f"{place}: {_why_none(records, template)}")
    if len(telling) > 1:
        raise AmbiguousLogError(
            f"{place} has several kinds of tables: {', '.join(telling[:4])}; say which in a mapping: path = "
            f'"{telling[0]}" under [table]'
        )
    values_of = kinds[telling[0]]
    alike = {(records[path].columns, records[path].dtype) for path in values_of}
    if len(alike) > 1:
        raise LogFormatError(f"{place}: the tables {telling[0]} have different columns; give them the same")
    left = [path for path in inventory.datasets if path not in values_of]
    return FoundTables(template=telling[0], values_of=values_of, notices=_on_left_out(left, telling[0]))


def _kinds(inventory: Inventory, records: Mapping[str, ArrayInfo]) -> dict[str, dict[str, PathValues]]:
    """Return the tables by what their paths have in common, folded as if their columns were datasets in them."""
    columns = {
        f"{path}/{name}": replace(info, path=f"{path}/{name}", dtype="<f8", columns=())
        for path, info in records.items()
        for name in info.columns
        if "/" not in name
    }
    inside = Inventory(datasets=columns, groups=(*inventory.groups, *records), attributes={})
    levels = Levels(inside, ())
    kinds: dict[str, dict[str, PathValues]] = defaultdict(dict)
    for path in columns:
        text, values = levels.fold(path)
        table = path.rpartition("/")[0]
        inner = {axis: value for axis, value in values.items() if value in table.split("/")}
        has_agents = any(name_meaning(name) is Meaning.AGENT for name in records[table].columns)
        template, own = (
            _without_agents(text.rpartition("/")[0], inner) if has_agents else (text.rpartition("/")[0], inner)
        )
        kinds[template][table] = own
    return kinds


def _without_agents(template: str, values: PathValues) -> tuple[str, PathValues]:
    """Take groups for layouts or splits, not for agents, where they have no numbers and a column names the agents."""
    if Axis.AGENT not in values or Axis.CONDITION in values or is_numbered_agent(values[Axis.AGENT]):
        return template, values
    moved: dict[Axis, str] = dict(values)
    moved[Axis.CONDITION] = moved.pop(Axis.AGENT)
    return template.replace(AGENT, f"{{{Axis.CONDITION}}}"), moved


def _why_none(records: Mapping[str, ArrayInfo], template: str | None) -> str:
    if template is not None:
        return f"there is no record table at {template}"
    columns = next(iter(records.values())).columns if records else ()
    return judged(columns).reason if columns else "there is no record table"


def _on_left_out(paths: list[str], template: str) -> tuple[Notice, ...]:
    if not paths:
        return ()
    message = f"what is not in the tables {template} is left out: {listed(paths)}"
    return (Notice(code="left-out-arrays", message=message, where=paths[0]),)
