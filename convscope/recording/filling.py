"""From an episode to the rows of a dataset."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.log_targets import Target
from convscope.recording.episode import Numbers, RecordedColumn, RecordedEpisode
from convscope.values.arrays import ByteArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES, ACTIONS, PAIR_MESSAGES, Level
from convscope.values.status import Status

_OF_ACTIONS = frozenset({ACTIONS, ACTION_LOGITS, ACTION_PROBABILITIES})
"""What an agent has only in rows in which it acts."""


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


def placed(episode: RecordedEpisode, names: tuple[str, ...]) -> PlacedEpisode:
    """Return an episode among the agents of a file, by their names."""
    if episode.agents == names:
        return PlacedEpisode(episode=episode, names=names, place=np.arange(len(names)), status=episode.status)
    place = np.array([names.index(agent) for agent in episode.agents], dtype=np.int64)
    status = np.full((episode.rows, len(names)), Status.ABSENT, np.uint8)
    status[:, place] = episode.status
    return PlacedEpisode(episode=episode, names=names, place=place, status=status)


def empty_rows(target: Target, n_rows: int) -> Numbers:
    """Return rows of a dataset in which everything is missing."""
    return np.full((n_rows, *target.shape), np.nan if target.missing is None else target.missing, target.dtype)


def fill(target: Target, found: PlacedEpisode, rows: Numbers) -> None:
    """Write an episode's part of a dataset.

    Parameters
    ----------
    target
        The dataset.
    found
        The episode, with the agents of the file.
    rows
        Of the dataset, all missing, shape (rows of the episode, ...).
    """
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
        _blank(target, found, rows)


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
    width = values[0, 0].size
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
