"""What is said of a log that can be read in several ways: the readings, the evidence, and a mapping to edit."""

from collections.abc import Sequence

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.names import in_numbered_order
from convscope.values.fields import ACTIONS
from convscope.values.inert import inert, visible
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.field_of import FIELD_OF
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.leaf_names import OpenLevel
from convscope_loaders.structure.weight_readings import OpenWeights

_UNTOLD = "Nothing in the file tells them apart."


def ambiguous(
    place: str,
    what: str,
    readings: Sequence[str],
    *,
    mapping: LogMapping,
    changes: Sequence[str] = (),
    evidence: str = _UNTOLD,
) -> AmbiguousLogError:
    """Return the error of a log that can be read in several ways.

    Parameters
    ----------
    place
        The file.
    what
        The arrays or groups in question.
    readings
        Each one in words.
    mapping
        For the first reading.
    changes
        What to change in it for the others, a line each.
    evidence
        What was weighed, a sentence.
    """
    listed = "\n".join(f"  {number}. {visible(reading)}" for number, reading in enumerate(readings, start=1))
    text = mapping_text(mapping) + "".join(f"# {change}\n" for change in changes)
    message = (
        f"{place}: {visible(what)} can be read in {len(readings)} ways:\n{listed}\n{visible(evidence)} Give this "
        f"mapping with --mapping for the first reading:\n{text}"
    )
    return AmbiguousLogError(message, text)


def completed(error: AmbiguousLogError, declared: LogMapping) -> AmbiguousLogError:
    """Return an error whose mapping also says what the user has said already."""
    if not error.mapping:
        return error
    first, *sections = mapping_text(declared).split("\n[")
    kept = [f"\n[{text.rstrip()}\n" for text in sections if f"\n[{text.partition(']')[0]}]" not in error.mapping]
    text = error.mapping.replace(first, first + "".join(kept), 1)
    return AmbiguousLogError(str(error).replace(error.mapping, text), text)


def several_readings(layouts: Sequence[Layout], *, evidence: str, place: str) -> AmbiguousLogError:
    """Return the error of a file whose axes may stand for several things.

    Parameters
    ----------
    layouts
        Those that nothing rules out, at least two.
    evidence
        What was weighed and did not decide; empty for nothing.
    place
        The file.
    """
    reference = layouts[0].reference
    text, shape = reference.template.text, reference.first.shape
    readings = [_axes(layout) for layout in layouts]
    array = ArrayMapping(path=text, axes=readings[0])
    name = FIELD_OF.get(reference.meaning, ACTIONS) if reference.meaning is not None else ACTIONS
    return ambiguous(
        place,
        f"{text} {shape}",
        [_in_words(axes, shape) for axes in readings],
        mapping=LogMapping(fields=(FieldMapping(name=name, array=array),)),
        changes=[f"reading {n}: {_axes_line(axes)}" for n, axes in enumerate(readings[1:], start=2)],
        evidence=" ".join([_UNTOLD, *([f"{evidence}."] if evidence else []), _WOULD_TELL]),
    )


_WOULD_TELL = "The names of the agents, or their number called n_agents, would tell."


def outer_axis(reference: Family, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose actions have an axis more than episodes, timesteps and agents need."""
    text, shape = reference.template.text, reference.first.shape
    lead = (Axis.EPISODE, Axis.TIME, Axis.AGENT)
    readings = [(Axis.RUN, *lead), (*lead, Axis.VALUE)]
    words = [_in_words(axes, shape) for axes in readings]
    return ambiguous(
        place,
        f"{text} {shape}, whose axes others share,",
        [f"{words[0]} (seeds, say, come first)", f"{words[1]}, with {shape[3]} action components each"],
        mapping=LogMapping(fields=(FieldMapping(name=ACTIONS, array=ArrayMapping(path=text, axes=readings[0])),)),
        changes=[
            f"reading 2: {_axes_line(readings[1])}",
            'with the axes in the order of the arrays; "checkpoint" or "condition" may stand for "run"',
        ],
    )


def agents_or_episodes(reference: Family, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose first axis counts agents, or episodes (of one agent, if no axis counts more)."""
    text, shape = reference.template.text, reference.first.shape
    columns = (Axis.VALUE,) if reference.rank > 2 else ()
    axes = (Axis.AGENT, Axis.ROW, *columns)
    whole, alone = (Axis.EPISODE, Axis.TIME, Axis.AGENT), (Axis.EPISODE, Axis.TIME, Axis.AGENT_VALUE)
    readings = [_in_words(axes, shape), *([_in_words(whole, shape)] if columns else [])]
    changes = [f"reading 2: {_axes_line(whole)}"] if columns else []
    return ambiguous(
        place,
        f"{text} {shape}",
        [*readings, f"{shape[0]} episodes, {shape[1]} timesteps of one agent"],
        mapping=LogMapping(fields=(FieldMapping(name=ACTIONS, array=ArrayMapping(path=text, axes=axes)),)),
        changes=[
            *changes,
            f'reading {len(readings) + 1}: {_axes_line(alone)}, and [agents] names = ["agent_0"]',
        ],
    )


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
    told = {values[Axis.AGENT] for f in families for _, values in f.members if Axis.AGENT in values}
    names = in_numbered_order(told)
    return ambiguous(
        place,
        f"{joint.template.text} {joint.first.shape} has an axis of agents, which other arrays name; the order of its "
        "entries",
        [", ".join(map(inert, names)), "the same names in any other order"],
        mapping=LogMapping(agents=names),
        changes=["write the names in the order of that axis"],
    )


def several_actions(families: Sequence[Family], *, place: str) -> AmbiguousLogError:
    """Return the error of a file with several arrays that are called actions."""
    texts = [family.template.text for family in families]
    return ambiguous(
        place,
        "the actions",
        [f"{text} {family.first.shape}" for text, family in zip(texts, families, strict=True)][:8],
        mapping=LogMapping(ignore=tuple(texts[1:])),
        changes=["name here all but the one that was executed"],
    )


def open_levels(levels: Sequence[OpenLevel], mapping: LogMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file with groups, or numbered arrays, that could be several things.

    Parameters
    ----------
    levels
        The groups and what they are taken as, at least one.
    mapping
        The reading of the whole file with them taken so.
    place
        The file.
    """
    first = levels[0]
    taken, others = first.taken_as, first.others
    names = ", ".join(map(inert, first.paths[:4])) + (", ..." if len(first.paths) > 4 else "")
    more = f" (and {len(levels) - 1} such places more)" if len(levels) > 1 else ""
    readings = [f"{axis}s" for axis in (taken, *others) if axis is not None]
    readings += [] if others else ["teams of one and the same episodes: then write their agents into one group"]
    return ambiguous(
        place,
        f"{names}{more}",
        readings,
        mapping=mapping,
        changes=[f"reading {n}: write {{{axis}}} instead of {{{taken}}}" for n, axis in enumerate(others, start=2)],
    )


def open_weights(weights: Sequence[OpenWeights], mapping: LogMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a log with weights between agents that can be read in several ways.

    Parameters
    ----------
    weights
        At least one.
    mapping
        The reading of the whole file with each of them taken in the first way.
    place
        The file.
    """
    first, *others = weights
    also = [f"{one.path}: {change}" for one in others for change in one.changes]
    paths = ", ".join(f'"{inert(one.path)}"' for one in weights)
    return ambiguous(
        place,
        f"{first.path} {first.shape}",
        first.readings,
        mapping=mapping,
        changes=[*first.changes, *also, f"to leave them unread: [log] ignore = [{paths}], without the fields"],
        evidence=first.evidence,
    )


def _axes(layout: Layout) -> tuple[Axis, ...]:
    lead = layout.lead(layout.reference)
    return (*lead, Axis.VALUE) if len(layout.reference.first.shape) > len(lead) else lead


def _in_words(axes: Sequence[Axis], shape: tuple[int, ...]) -> str:
    counted = {Axis.ROW: "timesteps of all episodes", Axis.TIME: "timesteps"}
    words = [counted.get(axis, f"{axis}s") for axis in axes if axis is not Axis.VALUE]
    return ", ".join(f"{size} {word}" for size, word in zip(shape, words, strict=False))


def _axes_line(axes: Sequence[Axis]) -> str:
    quoted = ", ".join(f'"{axis}"' for axis in axes)
    return f"axes = [{quoted}]"
