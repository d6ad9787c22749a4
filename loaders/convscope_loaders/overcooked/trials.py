"""Trials of any source as one table: a row per trial, step and player."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.parsed import Parsed, coded
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.header import Notice
from convscope_loaders.overcooked.steps import Cell, Step

_HELD = ("none", "onion", "dish", "soup", "tomato")
_POT = "P"
MAX_POTS = 64
"""Of a kitchen; the largest known ones have a handful."""
_LEFT_OUT = Notice(
    code="left-out-objects",
    message="things on counters, orders, and what soups are made of are left out; pots are kept",
)


@dataclass(kw_only=True)
class Trial:
    """One game of a pair; filled step by step."""

    pair: str
    """Whoever plays; empty where the file does not say."""
    layout: str
    pots: tuple[Cell, ...] | None = None
    """Where they stand; None where the file shows no map."""
    is_time_limit: bool | None = None
    """Whether a clock ended it, True or False; None where the file does not say."""
    steps: list[Step] = field(default_factory=list[Step])


def pots_of(terrain: object) -> tuple[Cell, ...]:
    """Return where the pots of a map stand, row by row.

    Parameters
    ----------
    terrain
        Rows of the map, each a text or a list of letters.
    """
    if not isinstance(terrain, list | tuple):
        raise TypeError(f"a {type(terrain).__name__} is no map")
    return tuple((x, y) for y, row in enumerate(terrain) for x, letter in enumerate(row) if letter == _POT)


def tabulate(trials: Sequence[Trial], place: str) -> Parsed:
    """Return the table of all trials.

    Raises
    ------
    LogFormatError
        If there is no step, or the number of players changes, or there are more than `MAX_POTS`.
    """
    steps = [step for trial in trials for step in trial.steps]
    n_players = len(steps[0].players) if steps else 0
    if not n_players:
        raise LogFormatError(f"{place} holds no step of players")
    if any(len(step.players) != n_players or len(step.actions) != n_players for step in steps):
        raise LogFormatError(f"{place}: a state or a joint action is not of {n_players} players; give such games apart")
    of_steps, names = _of_steps(trials, steps, place)
    of_players, held_names = _of_players(steps)
    return Parsed(
        arrays={**{name: np.repeat(column, n_players, axis=0) for name, column in of_steps.items()}, **of_players},
        attributes={
            **{name: {"values": own} for name, own in names.items()},
            "/held": {"values": held_names},
            "/player": {"values": tuple(f"player_{number}" for number in range(n_players))},
        },
        notices=(_LEFT_OUT,),
    )


_Columns: TypeAlias = dict[str, IntArray | FloatArray | BoolArray]


def _of_steps(
    trials: Sequence[Trial], steps: Sequence[Step], place: str
) -> tuple[_Columns, dict[str, tuple[str, ...]]]:
    lengths = [len(trial.steps) for trial in trials]
    layouts, layout_names = coded(np.array([trial.layout for trial in trials]))
    pairs, pair_names = coded(np.array([trial.pair for trial in trials]))
    columns: _Columns = {
        "/trial": np.repeat(np.arange(len(trials)), lengths),
        "/layout": np.repeat(layouts, lengths),
        "/pair": np.repeat(pairs, lengths),
        "/time": np.array([step.time for step in steps]),
        "/reward": np.array([step.reward for step in steps]),
        "/pots": _pots(trials, place),
        "/terminated": _ends(trials, is_time_limit=False),
        "/truncated": _ends(trials, is_time_limit=True),
    }
    clocks = {
        "/score": np.array([step.score for step in steps]),
        "/time_left": np.array([step.time_left for step in steps]),
    }
    columns |= {name: column for name, column in clocks.items() if not np.isnan(column).all()}
    return columns, {"/layout": layout_names, "/pair": pair_names}


def _of_players(steps: Sequence[Step]) -> tuple[_Columns, tuple[str, ...]]:
    players = [player for step in steps for player in step.players]
    held_names = (*_HELD, *sorted({player.held for player in players} - set(_HELD)))
    number_of = {name: number for number, name in enumerate(held_names)}
    columns: _Columns = {
        "/player": np.tile(np.arange(len(steps[0].players)), len(steps)),
        "/position": np.array([player.position for player in players]),
        "/orientation": np.array([player.orientation for player in players]),
        "/held": np.array([number_of[player.held] for player in players]),
        "/action": np.array([action for step in steps for action in step.actions]),
    }
    return columns, held_names


def _pots(trials: Sequence[Trial], place: str) -> FloatArray:
    """Return ingredients and ticks of each pot in each step; an empty one has 0 of both."""
    unfinished: dict[str, set[Cell]] = defaultdict(set)
    for trial in trials:
        for step in trial.steps:
            unfinished[trial.layout].update(cell for cell, soup in step.soups.items() if not soup.is_done)
    pots = [_row_by_row(unfinished[trial.layout]) if trial.pots is None else trial.pots for trial in trials]
    n_pots = max(map(len, pots))
    if n_pots > MAX_POTS:
        raise LogFormatError(f"{place}: a kitchen has {n_pots} pots, more than the {MAX_POTS} that are read")
    contents = np.full((sum(len(trial.steps) for trial in trials), n_pots, 2), np.nan)
    row = 0
    for trial, own in zip(trials, pots, strict=True):
        contents[row : row + len(trial.steps), : len(own)] = 0
        for step in trial.steps:
            for number, cell in enumerate(own):
                if cell in step.soups:
                    contents[row, number] = step.soups[cell].n_ingredients, step.soups[cell].ticks
            row += 1
    return contents.reshape(len(contents), -1)


def _row_by_row(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda cell: cell[::-1]))


def _ends(trials: Sequence[Trial], *, is_time_limit: bool) -> BoolArray:
    ends = [np.arange(len(trial.steps)) == len(trial.steps) - 1 for trial in trials]
    marked = [end & (trial.is_time_limit is is_time_limit) for end, trial in zip(ends, trials, strict=True)]
    return np.concatenate(marked)
