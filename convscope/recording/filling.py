"""From an episode to the rows of a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.log_targets import Target
from convscope.recording.episode import Numbers, RecordedColumn, RecordedEpisode
from convscope.values.arrays import ByteArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES, ACTIONS, PAIR_MESSAGES, Level
from convscope.values.status import Status

_OF_ACTIONS = frozenset({ACTIONS, ACTION_LOGITS, ACTION_PROBABILITIES})
"""What an agent has only in rows in which it acts."""
_ACTING, _WAITING = int(Status.ACTING), int(Status.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedEpisode:
    """An episode among the agents of a file, which may be more than its own."""

    episode: RecordedEpisode
    names: tuple[str, ...]
    """Agents of the file."""
    place: IntArray
    """Slot in the file of each agent of the episode."""
    status: ByteArray
    """Shape (rows, agents of the file); agents that the episode lacks are absent."""
    is_complete: bool
    """Whether its agents are those of the file, in their order."""
    is_whole: bool
    """Whether all agents of the file act in all joint steps, and wait in the final row if there is one."""


def placed(episode: RecordedEpisode, names: tuple[str, ...]) -> PlacedEpisode:
    """Return an episode among the agents of a file, by their names."""
    is_complete = episode.agents == names
    if is_complete:
        place, status = np.arange(len(names)), episode.status
    else:
        place = np.array([names.index(agent) for agent in episode.agents], dtype=np.int64)
        status = np.full((episode.rows, len(names)), Status.ABSENT, np.uint8)
        status[:, place] = episode.status
    is_whole = is_complete and episode.is_plain
    if not is_whole:
        is_whole = bool((status[: episode.length] == _ACTING).all() and (status[episode.length :] == _WAITING).all())
    return PlacedEpisode(
        episode=episode, names=names, place=place, status=status, is_complete=is_complete, is_whole=is_whole
    )


def rows_of(target: Target, episodes: Sequence[PlacedEpisode]) -> Numbers:
    """Return what a dataset takes of episodes, one after the other.

    Parameters
    ----------
    target
        The dataset.
    episodes
        With the agents of the file.
    """
    starts = np.cumsum([0, *(found.episode.rows for found in episodes)])
    rows = _filled_together(target, episodes, starts)
    is_filled = rows is not None
    rows = _missing(target, int(starts[-1])) if rows is None else rows
    for found, start in zip(episodes, starts.tolist(), strict=False):
        own = rows[start : start + found.episode.rows]
        if not is_filled:
            _fill(target, found, own)
        column = found.episode.columns.get(target.field.name)
        if target.slots and column is not None and not _is_all_kept(target, found, column):
            _blank(target, found, own)
    return rows


def _missing(target: Target, n_rows: int) -> Numbers:
    """Return rows of a dataset in which there is nothing."""
    return np.full((n_rows, *target.shape), np.nan if target.missing is None else target.missing, target.dtype)


def _is_all_kept(target: Target, found: PlacedEpisode, column: RecordedColumn) -> bool:
    """Whether there is nothing to be blanked, as in most episodes; recording has to be quick."""
    return found.is_whole and (target.field.name not in _OF_ACTIONS or column.n_rows <= found.episode.length)


def _filled_together(target: Target, episodes: Sequence[PlacedEpisode], starts: IntArray) -> Numbers | None:
    """Return the rows of all episodes at once, if all have the agents of the file and the same kind of column."""
    columns = [found.episode.columns.get(target.field.name) for found in episodes]
    tables = [column.values for column in columns if column is not None and column.values is not None]
    is_usual = all(found.is_complete for found in episodes) and len(tables) == len(episodes) and bool(target.slots)
    if not is_usual or len({(table.dtype, table.shape[1:]) for table in tables}) != 1:
        return None
    joined = np.concatenate(tables)
    own = joined if len(target.slots or ()) == joined.shape[1] else joined[:, list(target.slots or ())]
    n_rows = int(starts[-1])
    is_full = len(own) == n_rows and own[0].size == np.prod(target.shape)
    if is_full:
        return own.astype(target.dtype, copy=False).reshape(n_rows, *target.shape)
    lengths = np.array([len(table) for table in tables])
    places = np.repeat(starts[:-1] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    rows = _missing(target, n_rows)
    flat = own.reshape(len(own), own.shape[1], -1)
    rows.reshape(n_rows, own.shape[1], -1)[places, :, : flat.shape[2]] = flat
    return rows


def _fill(target: Target, found: PlacedEpisode, rows: Numbers) -> None:
    """Write one episode's part of a dataset."""
    column = found.episode.columns.get(target.field.name)
    if column is None:
        return
    if column.level is Level.TEAM:
        _fill_team(column.parts[0], rows)
    elif column.level is Level.PAIR:
        view = np.moveaxis(rows, (1, 2), (-1, -2)) if target.field.name == PAIR_MESSAGES else rows
        _fill_pairs(column.parts[0], view, found.place)
    else:
        _fill_agents(target, column, found, rows=rows)


def _fill_team(values: Numbers, rows: Numbers) -> None:
    if rows.ndim <= 2:  # one number, or a flat row of them
        values, rows = values.reshape(len(values), -1), rows.reshape(len(rows), -1)
    rows[tuple(slice(0, n) for n in values.shape)] = values


def _fill_pairs(values: Numbers, rows: Numbers, places: IntArray) -> None:
    inner: tuple[slice | IntArray, ...] = tuple(slice(0, n) for n in values.shape[:-2])
    rows[(*inner, places[:, np.newaxis], places)] = values


def _fill_agents(target: Target, column: RecordedColumn, found: PlacedEpisode, *, rows: Numbers) -> None:
    slots = target.slots or ()
    cells = rows.reshape(len(rows), len(slots), -1)
    if column.by_agent is not None:
        is_given = column.is_given or {}
        for number, slot in enumerate(slots):
            part = column.by_agent.get(found.names[slot])
            if part is not None:
                own = part.reshape(len(part), -1)
                given = is_given.get(found.names[slot], slice(0, len(own)))
                cells[: len(own), number, : own.shape[1]][given] = own[given]
        return
    (values,) = column.parts
    flat = values.reshape(len(values), len(found.place), -1)
    width = flat[0, 0].size
    number_of = {slot: number for number, slot in enumerate(slots)}
    pairs = [(number, number_of[slot]) for number, slot in enumerate(found.place.tolist()) if slot in number_of]
    if pairs:
        source, target_numbers = (list(numbers) for numbers in zip(*pairs, strict=True))
        cells[: len(flat), target_numbers, :width] = flat[:, source]


def _blank(target: Target, found: PlacedEpisode, rows: Numbers) -> None:
    """Mark as missing all that an agent has where it takes no part, and actions where it does not act."""
    status = found.status[:, list(target.slots or ())]
    if target.field.name in _OF_ACTIONS:
        is_blank = status != Status.ACTING
    else:
        is_blank = (status == Status.ABSENT) | (status == Status.DEAD)
    if is_blank.any():
        rows[is_blank] = np.nan if target.missing is None else target.missing
