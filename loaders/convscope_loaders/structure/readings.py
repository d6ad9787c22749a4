"""What is said of a log that can be read in several ways: the readings, the evidence, and a mapping to edit."""

from collections.abc import Sequence

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.names import in_numbered_order
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS
from convscope_loaders.structure.facts import stripped
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.joint import JointSteps, two_readings
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.leaf_names import OpenLevel
from convscope_loaders.structure.lexicon import Meaning

_FIELDS = {Meaning.OBSERVATION: OBSERVATIONS, Meaning.POSITION: POSITIONS}


def several_readings(layouts: Sequence[Layout], *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose axes may stand for several things.

    Parameters
    ----------
    layouts
        Those that nothing rules out, at least two.
    place
        The file.
    """
    reference = layouts[0].reference
    text, shape = reference.template.text, reference.first.shape
    readings = [_axes(layout) for layout in layouts]
    listed = "\n".join(f"  {number}. {_in_words(axes, shape)}" for number, axes in enumerate(readings, start=1))
    array = ArrayMapping(path=text, axes=readings[0])
    plain = mapping_text(LogMapping(fields=(FieldMapping(name=_field(reference), array=array),)))
    others = "".join(f"# or, for reading {n}:\n# {_axes_line(axes)}\n" for n, axes in enumerate(readings[1:], start=2))
    message = (
        f"{place}: {text} {shape} can be read in {len(readings)} ways:\n{listed}\n"
        "Nothing in the file tells them apart. Give this mapping with --mapping, with the axes that are right:\n"
    )
    return AmbiguousLogError(f"{message}{plain}{others}", f"{plain}{others}")


def no_agent_axis(families: Sequence[Family], reference: Family, n_named: int, *, place: str) -> LogFormatError:
    """Return the error of a file in which no axis can be the agents'.

    Parameters
    ----------
    families
        Of the file.
    reference
        The actions, else what comes nearest.
    n_named
        Agents that the file names, 0 for none.
    place
        The file.
    """
    beside = pick([f for f in families if f is not reference and not f.is_next], Meaning.OBSERVATION, Meaning.POSITION)
    shape = reference.first.shape
    if beside is not None and not _shares_rows(shape, beside.first.shape):
        return LogFormatError(
            f"{place}:{beside.first.path} {beside.first.shape} does not fit {reference.first.path} {shape}: "
            "the number of episodes or timesteps differs"
        )
    named = f"; the file names {n_named} agents" if n_named else ""
    with_beside = "" if beside is None else f" and {beside.first.path} {beside.first.shape}"
    shapes = f"{reference.first.path} {shape}{with_beside}"
    if len(stripped(shape)) < 2:
        return AmbiguousLogError(
            f"{place}: {shapes} have no axis of agents{named}: the rows may be one agent's, or agents in turn; declare "
            "the axes in a mapping"
        )
    return two_readings(_joint_steps(reference, beside), place=place, shapes=shapes, remark=named)


def unknown_slots(families: Sequence[Family], joint: Family, *, place: str) -> AmbiguousLogError:
    """Return the error of a file in which some arrays name agents and others count them, in an untold order.

    Parameters
    ----------
    families
        Of the file.
    joint
        An array with an axis of agents.
    place
        The file.
    """
    names = dict.fromkeys(values[Axis.AGENT] for f in families for _, values in f.members if Axis.AGENT in values)
    text = mapping_text(LogMapping(agents=in_numbered_order(names)))
    message = (
        f"{place}: {joint.template.text} {joint.first.shape} has an axis of agents, and other arrays name them "
        f"({', '.join(names)}); which entry is whose can be read in several ways. Give this mapping with --mapping, "
        f"with the names in the order of that axis:\n{text}"
    )
    return AmbiguousLogError(message, text)


def open_levels(levels: Sequence[OpenLevel], mapping: LogMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file with groups, or numbered arrays, that could be several things.

    Parameters
    ----------
    levels
        The groups and what they are taken as.
    mapping
        The reading of the whole file with them taken so.
    place
        The file.
    """
    listed: list[str] = []
    changes: list[str] = []
    for level in levels:
        axes = [axis for axis in (level.taken_as, *level.others) if axis is not None]
        names = ", ".join(level.paths[:3]) + (", ..." if len(level.paths) > 3 else "")
        readings = [f"  {number}. {axis}s;" for number, axis in enumerate(axes, start=1)]
        listed.append("\n".join([f"{names} may be", *readings]))
        words = " or ".join(f"{{{axis}}}" for axis in axes[1:])
        changes += [f"# write {words} instead of {{{axes[0]}}} where that is what the groups are"] if words else []
    text = mapping_text(mapping) + "".join(f"{line}\n" for line in dict.fromkeys(changes))
    message = (
        f"{place}: "
        + "\n".join(listed)
        + "\nNothing in the file tells. Give this mapping with --mapping for the first "
        f"reading:\n{text}"
    )
    return AmbiguousLogError(message, text)


def _joint_steps(reference: Family, beside: Family | None) -> JointSteps:
    n_lead = len(stripped(reference.first.shape)) - 1
    is_episode = Axis.EPISODE in reference.axes
    return JointSteps(
        lead=(Axis.TIME,) if is_episode else (Axis.ROW,) if n_lead == 1 else (Axis.EPISODE, Axis.TIME),
        actions=reference.template.text,
        n_actions=reference.first.shape[-1],
        observations=beside.template.text if beside is not None else "",
        n_observed=beside.first.shape[-1] if beside is not None else 0,
    )


def _shares_rows(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return bool(one and other) and other[0] - one[0] in {0, 1}


def _axes(layout: Layout) -> tuple[Axis, ...]:
    lead = layout.lead(layout.reference)
    return (*lead, Axis.VALUE) if len(layout.reference.first.shape) > len(lead) else lead


def _in_words(axes: Sequence[Axis], shape: tuple[int, ...]) -> str:
    counted = {Axis.ROW: "timesteps of all episodes", Axis.TIME: "timesteps"}
    words = [counted.get(axis, f"{axis}s") for axis in axes if axis is not Axis.VALUE]
    return ", ".join(f"{size} {word}" for size, word in zip(shape, words, strict=False)) + f" ({_axes_line(axes)})"


def _axes_line(axes: Sequence[Axis]) -> str:
    quoted = ", ".join(f'"{axis}"' for axis in axes)
    return f"axes = [{quoted}]"


def _field(reference: Family) -> str:
    return _FIELDS.get(reference.meaning, ACTIONS) if reference.meaning is not None else ACTIONS
