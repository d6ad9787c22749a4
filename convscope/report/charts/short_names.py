"""Names that fit beside a chart."""

from collections import Counter
from collections.abc import Sequence

from convscope.values.inert import visible

MOST_LETTERS = 24


def short_names(names: Sequence[str]) -> list[str]:
    """Return names of at most `MOST_LETTERS` letters: long ones keep their beginning and their end.

    Parameters
    ----------
    names
        Of one axis. Different names that would look alike bear the number of their place.
    """
    short = {name: _short(visible(name), MOST_LETTERS) for name in names}
    n_alike = Counter(short.values())
    place = {name: number for number, name in enumerate(short, start=1)}
    return [_numbered(visible(name), place[name]) if n_alike[short[name]] > 1 else short[name] for name in names]


def _short(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    n_last = (most - 1) // 2
    return f"{name[: most - 1 - n_last]}…{name[-n_last:]}"


def _numbered(name: str, number: int) -> str:
    ending = f" ({number})"
    return _short(name, MOST_LETTERS - len(ending)) + ending
