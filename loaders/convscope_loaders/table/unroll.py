"""Tables whose rows are whole episodes: lists of steps, and lists with an entry for each, become rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Axis
from convscope.values.header import Notice
from convscope_loaders.structure.lexicon import Meaning, axis_of_name
from convscope_loaders.table.columns import name_meaning
from convscope_loaders.table.leaves import find_leaves
from convscope_loaders.table.steps import lists_of_steps
from convscope_loaders.table.worded import DEEDS

MAX_NESTING = 4
"""Lists of objects inside one another."""
MAX_CELLS = 200_000_000
"""That lists become, in memory: what is said once of an episode is repeated in each of its rows."""

_NAMES = ("id", "name")
"""What an agent's own name is called in a list of agents."""
_PLACE, _LENGTH = "{place}", "{length}"
_COUNTED = {Axis.RUN: Meaning.RUN, Axis.EPISODE: Meaning.EPISODE_ID, Axis.AGENT: Meaning.AGENT}
"""What lists of objects count, by the plural that they are called."""
_ENDS = frozenset({Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED})
_OF_STEPS = frozenset({Meaning.REWARD, Meaning.TEAM_REWARD, Meaning.OBSERVATION, Meaning.STATE, Meaning.ACTION})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unrolled:
    """A table with a row for each timestep, or for each agent in it."""

    frame: pl.DataFrame
    notices: tuple[Notice, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether its rows are not those of the file."""
        return bool(self.notices)


def may_hold_episodes(schema: Mapping[str, pl.DataType]) -> bool:
    """Whether a row may hold more than a timestep: lists of objects, or lists of actions without a timestep."""
    single = [name for name, dtype in schema.items() if not isinstance(dtype, pl.List)]
    has_time = any(name_meaning(name) is Meaning.TIMESTEP for name in single)
    leaves, _ = find_leaves(schema, "")
    deeds = [leaf for leaf in leaves if leaf.depth and any(name_meaning(part) in DEEDS for part in leaf.parts)]
    return any(_fields_of(dtype) for dtype in schema.values()) or (bool(deeds) and not has_time)


def names_inside(schema: Mapping[str, pl.DataType]) -> Iterator[str]:
    """Return the names of columns, those of objects in lists in the place of the list."""
    for name, dtype in schema.items():
        fields = _fields_of(dtype)
        inner = {field.name: field.dtype for field in fields if isinstance(field.dtype, pl.DataType)}
        yield from names_inside(inner) if fields else (name,)


def unrolled(frame: pl.DataFrame, place: str) -> Unrolled:
    """Give each timestep rows of its own, where a row holds more.

    Parameters
    ----------
    frame
        As it was read.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If several columns hold lists of objects, so that it is open which are the steps, or there are too many.
    """
    notices: list[Notice] = []
    for _ in range(MAX_NESTING):
        objects = [name for name, dtype in frame.schema.items() if _fields_of(dtype)]
        if not objects:
            break
        if len(objects) > 1:
            raise LogFormatError(
                f"{place}: {' and '.join(objects[:3])} each hold lists of objects; keep the one with the steps, or "
                "write a line for each step"
            )
        frame, said = _with_objects(frame, objects[0], place)
        notices += said
    leaves, left_out = find_leaves(frame.schema, place)
    flat = frame.select(leaf.expression.alias(leaf.path.removeprefix("/")) for leaf in leaves)
    lists = lists_of_steps(flat)
    if not lists:
        return Unrolled(frame=frame, notices=tuple(notices))
    rows, said = _by_place(_with_episodes(flat), lists, made=lists, place=place)
    message = f"a row of the file is an episode: each entry of its lists is a timestep ({', '.join(lists[:6])})"
    notices += [Notice(code="lists-as-rows", message=message), *said, *left_out]
    return Unrolled(frame=rows.drop(_PLACE), notices=tuple(notices))


def _fields_of(dtype: pl.DataType) -> Sequence[pl.Field]:
    """Return the fields of the objects that a column holds lists of; empty for any other column."""
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else None
    return inner.fields if isinstance(inner, pl.Struct) else ()


def _with_objects(frame: pl.DataFrame, column: str, place: str) -> tuple[pl.DataFrame, list[Notice]]:
    """Give each object of a column of lists a row."""
    fields = {field.name: pl.col(column).struct.field(field.name) for field in _fields_of(frame.schema[column])}
    axis = axis_of_name(column) if axis_of_name(column) in _COUNTED else None
    if axis is None:
        frame = _with_episodes(frame)
    elif not any(name_meaning(name) is _COUNTED[axis] for name in fields):
        # What an agent or an episode is called in a list of them; without it, its place in the list.
        own = next((name for name in _NAMES if name in fields), None)
        fields[axis] = pl.col(_PLACE) if own is None else fields.pop(own)
    rows, said = _by_place(frame, [column], made=fields, place=place)
    outside = [name for name in rows.columns if name not in {column, _PLACE, *fields}]
    message = f"a row of the file holds a list of objects ({column}): each is the row of one {axis or 'step'}"
    named = [part.alias(name) for name, part in fields.items()]
    return rows.select(*outside, *named), [Notice(code="lists-as-rows", message=message), *said]


def _with_episodes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the number of their episode, where no column tells it."""
    if any(name_meaning(name) is Meaning.EPISODE_ID for name in frame.columns):
        return frame
    return frame.with_columns(pl.int_range(pl.len()).alias(Axis.EPISODE))


def _by_place(
    frame: pl.DataFrame, lists: Sequence[str], *, made: Collection[str], place: str
) -> tuple[pl.DataFrame, list[Notice]]:
    """Give each entry of some lists a row; shorter ones end in missing entries."""
    length = pl.max_horizontal(pl.col(name).list.len() for name in lists).fill_null(0).cast(pl.Int64)
    frame = frame.with_columns(length.alias(_LENGTH))
    n_rows = int(frame[_LENGTH].sum() or 0)
    n_cells = n_rows * max(frame.width, len(made))
    if n_cells > MAX_CELLS:
        raise LogFormatError(
            f"{place}: its lists are {n_rows} rows, and {n_cells} cells with all that is said of an episode; no more "
            f"than {MAX_CELLS} are read at once: write a line for each step, or give the log in parts"
        )
    frame, notices = _without_others(
        frame.filter(pl.col(_LENGTH) > 0), lists, made, n_empty=int((frame[_LENGTH] == 0).sum())
    )
    places = pl.int_ranges(pl.col(_LENGTH))
    padded = [pl.col(name).list.gather(places, null_on_oob=True) for name in lists]
    rows = frame.with_columns(*padded, places.alias(_PLACE)).explode(*lists, _PLACE)
    # What is said once of an episode's end holds in its last row.
    is_last = pl.col(_PLACE) == pl.col(_LENGTH) - 1
    ends = [name for name in rows.columns if name not in lists and name_meaning(name) in _ENDS]
    return rows.with_columns(pl.when(is_last).then(pl.col(name)) for name in ends).drop(_LENGTH), notices


def _without_others(
    frame: pl.DataFrame, lists: Sequence[str], made: Collection[str], *, n_empty: int
) -> tuple[pl.DataFrame, list[Notice]]:
    """Leave out what is said of a whole episode, but means a step elsewhere."""
    others = [name for name in frame.columns if name not in lists]
    left = [name for name in others if name in made or name_meaning(name) in _OF_STEPS]
    notices: list[Notice] = []
    if left:
        message = f"what is said of all steps at once is left out: {', '.join(left[:6])}"
        notices.append(Notice(code="left-out-columns", message=message))
    if n_empty:
        message = f"rows whose lists are empty are left out ({n_empty})"
        notices.append(Notice(code="left-out-empty", message=message))
    return frame.drop(left), notices
