"""Names with numbers in them: ``episode_10`` comes after ``episode_9``."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_NUMBER = re.compile(r"(\d+)")


@lru_cache(maxsize=1 << 12)
def numbered_key(name: str) -> tuple[tuple[int, int, str, str], ...]:
    """Return a sort key that compares the numbers in a name as numbers.

    Parameters
    ----------
    name
        Any text; paths are compared part by part.
    """
    # Numbers sort before text, as digits do before letters; the text itself breaks the tie between "1" and "01".
    return tuple(
        _number_key(piece) if piece.isdecimal() else (1, 0, piece, "")
        for part in name.split("/")
        for piece in (*_NUMBER.split(part), "")
    )


def _number_key(number: str) -> tuple[int, int, str, str]:
    # Digits are compared, not numbers: Python turns no more than some thousands of them into one.
    ascii_digits = number if number.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in number)
    digits = ascii_digits.lstrip("0")
    return 0, len(digits), digits, number


def in_numbered_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted with their numbers as numbers."""
    return tuple(sorted(names, key=numbered_key))
