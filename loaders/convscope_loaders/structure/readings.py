"""What is said of a log that can be read in several ways: the readings, the evidence, and a mapping to edit."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, Kind, LogMapping
from convscope.ingest.mapping_text import array_text, mapping_text
from convscope.ingest.names import in_numbered_order
from convscope.values.fields import ACTIONS
from convscope.values.inert import inert, visible
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.field_of import FIELD_OF
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.leaf_names import OpenLevel

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
        evidence=f"{_UNTOLD} {evidence}." if evidence else _UNTOLD,
    )


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


def contradicting_marks(filled: ArrayMapping, flags: ArrayMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose mask and end flags give episodes other lengths."""
    return ambiguous(
        place,
        "the last steps of episodes",
        [f"{filled.path} is true in every step", f"{flags.path} marks them, and what follows is padding"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.FILLED, array=filled)),
        changes=[f'reading 2: cut = "{Cut.FIRST_FLAG}", list = {_written(flags)}'],
        evidence="The two disagree.",
    )


def contradicting_begins(begins: ArrayMapping, flags: ArrayMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose marks of first rows and end flags do not go together."""
    return ambiguous(
        place,
        "the ends of episodes",
        [f"an episode begins where {begins.path} is true", f"an episode ends where {flags.path} says so"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.BEGINS, array=begins)),
        changes=[f'reading 2: cut = "{Cut.FLAGS}", list = {_written(flags)}'],
        evidence="The two disagree.",
    )


def last_or_first_rows(flags: ArrayMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose flags may stand in the row of an end, or in the row after it."""
    return ambiguous(
        place,
        f"the flags {flags.path}",
        ["they mark the last row of each episode", "they mark the first row of the next episode"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.FLAGS, array=flags)),
        changes=[f'reading 2: cut = "{Cut.FIRST_ROWS}"'],
    )


def lengths_or_more(lengths: ArrayMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a stream that has one row for each episode more than its lengths count."""
    return ambiguous(
        place,
        f"the rows that {lengths.path} does not count, as many as there are episodes,",
        ["one follows each episode, with its final observation", "they follow the last episode and belong to none"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.LENGTHS_AND_FINAL, array=lengths)),
        changes=[f'reading 2: cut = "{Cut.LENGTHS}"'],
    )


def choices_or_amounts(actions: FieldMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose actions are -1, 0 and 1."""
    return ambiguous(
        place,
        f"the actions in {actions.array.path}, which are -1, 0 and 1,",
        ["choices counted from 0, and -1 where an agent takes none", "amounts, of which -1 is one"],
        mapping=LogMapping(fields=(replace(actions, kind=Kind.CHOICES),)),
        changes=[f'reading 2: kind = "{Kind.AMOUNTS}"'],
    )


def rows_in_turn(observed: ArrayMapping, episodes: EpisodeMapping, *, n_turns: int, place: str) -> AmbiguousLogError:
    """Return the error of a stream that looks like several ones, row by row in turn."""
    return ambiguous(
        place,
        "the order of the rows",
        [
            "each row follows the one before: one environment, in which agents jump in every step",
            f"rows of {n_turns} environments in turn: then give them an axis of their own, (time, environment, ...)",
        ],
        mapping=LogMapping(episodes=episodes),
        evidence=f"What agents see in {observed.path} goes on {n_turns} rows later, and not in the next row.",
    )


def steps_or_ends(mask: ArrayMapping | None, *, place: str) -> AmbiguousLogError:
    """Return the error of a file with a mask that is zero in last rows alone."""
    array = mask or ArrayMapping(path="/mask", axes=())
    return ambiguous(
        place,
        f"the mask {array.path}, which is zero in last rows alone,",
        ["it is true in the steps that happened", "it is false in the last step of each episode"],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.FILLED, array=array)),
        changes=[f'reading 2: cut = "{Cut.FLAGS}", list = {_written(replace(array, is_negated=True))}'],
    )


def steps_or_finals(flags: ArrayMapping, episodes: EpisodeMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file whose last rows may be steps, or observations after the last step."""
    return ambiguous(
        place,
        f"the rows that {flags.path} marks as last",
        ["they hold the observation after the last step, and their actions were never executed", "they are steps"],
        mapping=LogMapping(episodes=episodes),
        changes=[f'reading 2: cut = "{Cut.FLAGS}"'],
    )


def agents_that_go_on(flags: ArrayMapping, *, place: str) -> AmbiguousLogError:
    """Return the error of a file in which agents have end flags of their own and go on after them."""
    return ambiguous(
        place,
        f"end flags of single agents in {flags.path}",
        [
            "an episode is over once the last agent has had its flag",
            "each agent has episodes of its own: then give a list of the team's episodes, by their first rows",
        ],
        mapping=LogMapping(episodes=EpisodeMapping(cut=Cut.FLAGS, array=flags)),
        evidence="Agents go on after their flags, so these do not mean that they left the game.",
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


def _axes(layout: Layout) -> tuple[Axis, ...]:
    lead = layout.lead(layout.reference)
    return (*lead, Axis.VALUE) if len(layout.reference.first.shape) > len(lead) else lead


def _in_words(axes: Sequence[Axis], shape: tuple[int, ...]) -> str:
    counted = {Axis.ROW: "timesteps of all episodes", Axis.TIME: "timesteps"}
    words = [counted.get(axis, f"{axis}s") for axis in axes if axis is not Axis.VALUE]
    return ", ".join(f"{size} {word}" for size, word in zip(shape, words, strict=False))


def _written(array: ArrayMapping) -> str:
    """Return an array as a mapping names it."""
    return visible(array_text(array))


def _axes_line(axes: Sequence[Axis]) -> str:
    quoted = ", ".join(f'"{axis}"' for axis in axes)
    return f"axes = [{quoted}]"
