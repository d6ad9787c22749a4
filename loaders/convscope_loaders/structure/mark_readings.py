"""What is said of marks of rows that can be read in several ways: ends, first rows, lengths, amounts."""

from dataclasses import replace

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Cut, EpisodeMapping, FieldMapping, Kind, LogMapping
from convscope.ingest.mapping_text import array_text
from convscope.values.inert import visible
from convscope_loaders.structure.readings import ambiguous


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


def _written(array: ArrayMapping) -> str:
    """Return an array as a mapping names it."""
    return visible(array_text(array))
