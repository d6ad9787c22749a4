"""One step of a kitchen: where the players are, what they hold, what cooks, and what they do."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from convscope.errors import LogFormatError

Cell = tuple[int, int]

ACTION_NAMES = ("north", "south", "east", "west", "stay", "interact")
"""``Action.INDEX_TO_ACTION`` of Overcooked-AI, in order."""
_MOVES = {(0, -1): 0, (0, 1): 1, (1, 0): 2, (-1, 0): 3, (0, 0): 4}
_INTERACT = 5
_COOK_TIME = 20
"""Ticks after which a soup of the older versions is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A player before the step."""

    position: Cell
    """Column and row, from the upper left corner."""
    orientation: Cell
    held: str
    """``none`` for empty hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soup:
    """A soup that nobody holds."""

    n_ingredients: int
    ticks: int
    """That it has cooked, 0 where it does not."""
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state and the joint action that was taken in it."""

    time: float
    players: tuple[Player, ...]
    soups: Mapping[Cell, Soup]
    actions: tuple[int, ...]
    """Index into `ACTION_NAMES`, one a player."""
    reward: float
    score: float = float("nan")
    time_left: float = float("nan")


@contextmanager
def understood(place: str) -> Generator[None]:
    """Turn what goes wrong with a stranger's values into a `LogFormatError` that names the place."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise LogFormatError(f"{place} is not as Overcooked-AI writes it: {str(error)[:120]}") from error


def read_players(state: object) -> tuple[Player, ...]:
    """Return the players of a state.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is no state of Overcooked-AI.
    """
    return tuple(_player(player) for player in _list(_table(state)["players"]))


def read_soups(state: object) -> Mapping[Cell, Soup]:
    """Return the soups of a state by where they stand; errors as in `read_players`."""
    objects = _table(state)["objects"]
    # Older versions have a table by place, newer ones a list.
    listed = objects.values() if isinstance(objects, dict) else _list(objects)
    return dict(_soups(map(_table, listed)))


def read_actions(joint: object) -> tuple[int, ...]:
    """Return the index of each player's action; errors as in `read_players`."""
    return tuple(_action(action) for action in _list(joint))


def from_text(value: object) -> object:
    """Return what a text says, JSON or as Python writes lists and tables; anything else as it is.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        plain = value.replace("'", '"').replace("None", "null").replace("True", "true").replace("False", "false")
        return json.loads(plain.replace("(", "[").replace(")", "]"))


def read_number(value: object) -> float:
    """Return a number, NaN for None; errors as in `read_players`."""
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise TypeError(f"{_shown(value)} is no number")
    return float("nan") if value is None else float(value)


def _player(value: object) -> Player:
    player = _table(value)
    held = player.get("held_object")
    return Player(
        position=_cell(player["position"]),
        orientation=_cell(player["orientation"]),
        held="none" if held is None else str(_table(held)["name"])[:40],
    )


def _soups(objects: Iterator[Mapping[str, object]]) -> Iterator[tuple[Cell, Soup]]:
    for thing in objects:
        if thing["name"] == "soup":
            yield _cell(thing["position"]), _soup(thing)


def _soup(thing: Mapping[str, object]) -> Soup:
    if "state" in thing:
        _, n_ingredients, ticks = _list(thing["state"])
        return Soup(n_ingredients=_whole(n_ingredients), ticks=_whole(ticks), is_done=_whole(ticks) >= _COOK_TIME)
    ticks = max(_whole(thing["cooking_tick"]), 0)
    return Soup(n_ingredients=len(_list(thing["_ingredients"])), ticks=ticks, is_done=thing.get("is_ready") is True)


def _action(value: object) -> int:
    if isinstance(value, str):
        if value.lower() != ACTION_NAMES[_INTERACT]:
            raise ValueError(f"{_shown(value)} is no action")
        return _INTERACT
    return _MOVES[_cell(value)]


def _cell(value: object) -> Cell:
    x, y = _list(value)
    return _whole(x), _whole(y)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or int(value) != value or abs(value) > 2**31:
        raise ValueError(f"{_shown(value)} is no whole number")
    return int(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{_shown(value)} is no list")
    return list(value)


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{_shown(value)} is no table")
    return value


def _shown(value: object) -> str:
    # Only what is short for certain: lists within lists may be endless.
    return f"{value!r:.40}" if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
