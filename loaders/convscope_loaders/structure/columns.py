"""Actions without an axis of agents: columns of one agent, or of several side by side."""

from collections.abc import Sequence

from convscope.errors import LogFormatError
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.values.fields import ACTIONS, OBSERVATIONS
from convscope_loaders.structure.facts import stripped
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.readings import ambiguous


def no_agent_axis(
    families: Sequence[Family], standing: Sequence[Layout], names: Sequence[str], *, place: str
) -> LogFormatError:
    """Return the error of a file in which no axis can be the agents'.

    Parameters
    ----------
    families
        Of the file.
    standing
        Layouts that all else allows, the most customary first; at least one.
    names
        Of the agents, where the file lists them.
    place
        The file.
    """
    reference = standing[0].reference
    observed = pick([f for f in families if f is not reference and not f.is_next], Meaning.OBSERVATION)
    shape = reference.first.shape
    if observed is not None and not _shares_rows(shape, observed.first.shape):
        return LogFormatError(
            f"{place}:{observed.first.path} {observed.first.shape} does not fit {reference.first.path} {shape}: "
            "the number of episodes or timesteps differs"
        )
    named = f"; the file names {len(names)} agents" if names else ""
    beside = "" if observed is None else f" and {observed.template.text} {observed.first.shape}"
    what = f"{reference.template.text} {shape}{beside}{named}"
    container = standing[0].container if len(standing[0].container) < len(stripped(shape)) else (Axis.ROW,)
    if len(stripped(shape)) <= len(container):
        return _one_agent(what, _joint(reference, observed, container), place=place)
    n_columns = shape[-1]
    agents = tuple(names) if names and n_columns % len(names) == 0 else _slots(n_columns)
    fields = _joint(reference, observed, container)
    return _side_by_side(what, fields, names=agents, n_columns=n_columns, place=place)


def _side_by_side(
    what: str, fields: tuple[FieldMapping, ...], *, names: tuple[str, ...], n_columns: int, place: str
) -> LogFormatError:
    each = n_columns // len(names)
    columns = "one action" if each == 1 else f"{each} action columns"
    readings = [f"{len(names)} agents with {columns} each, every agent's columns side by side in the other arrays"]
    changes: list[str] = []
    if len(fields) > 1:
        readings.append(f"{len(names)} agents with {columns} each, who all see the whole of the observations")
        changes.append(f"reading 2: leave [fields.{OBSERVATIONS}] out")
    readings.append(f"one agent with {n_columns} action columns")
    changes.append(f'reading {len(readings)}: names = ["agent_0"]')
    return ambiguous(place, what, readings, mapping=LogMapping(agents=names, fields=fields), changes=changes)


def _one_agent(what: str, fields: tuple[FieldMapping, ...], *, place: str) -> LogFormatError:
    readings = ["one agent's", "those of several agents in turn: then write down whose turn it is, or an array of each"]
    mapping = LogMapping(agents=_slots(1), fields=fields)
    return ambiguous(place, f"the rows of {what}", readings, mapping=mapping, evidence="There is no axis of agents.")


def _joint(reference: Family, observed: Family | None, container: tuple[Axis, ...]) -> tuple[FieldMapping, ...]:
    joint = [(ACTIONS, reference), *([] if observed is None else [(OBSERVATIONS, observed)])]
    return tuple(
        FieldMapping(name=name, array=ArrayMapping(path=family.template.text, axes=(*container, Axis.AGENT_VALUE)))
        for name, family in joint
    )


def _slots(n_agents: int) -> tuple[str, ...]:
    return tuple(f"agent_{slot}" for slot in range(n_agents))


def _shares_rows(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return bool(one and other) and other[0] - one[0] in {0, 1}
