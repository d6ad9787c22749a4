"""Numbers as people read them: three significant digits, never eight."""

from collections.abc import Sequence
from math import isfinite

NO_FIGURE = "\u2013"
"""A dash, shown where there is no number."""

_MINUS = "\u2212"
_TIMES = "\u00d7"
_MAX_DECIMALS = 6

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(value: float | None, *, digits: int = 3) -> str:
    """Return a number in words of at most a few significant digits.

    Parameters
    ----------
    value
        None and non-finite numbers give a dash. An ``int`` keeps all its digits, in groups of three.
    digits
        Significant digits, at least 1.
    """
    if value is None or not isfinite(value):
        return NO_FIGURE
    if isinstance(value, int):
        return f"{value:,}".replace("-", _MINUS)
    if not value:
        return "0"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if exponent < -3 or exponent > 6:
        return f"{mantissa.replace('-', _MINUS)} {_TIMES} 10{str(exponent).translate(_SUPERSCRIPTS)}"
    rounded = float(f"{mantissa}e{power}")
    return f"{rounded:,.{max(0, digits - 1 - exponent)}f}".replace("-", _MINUS)


def signed(value: float | None, *, digits: int = 3) -> str:
    """Return a number as `figure` does, with its sign even where it is positive: for differences and effects."""
    text = figure(value, digits=digits)
    return f"+{text}" if value is not None and isfinite(value) and value > 0 else text


def aligned(values: Sequence[float | None], *, digits: int = 3, decimals: int | None = None) -> tuple[str, ...]:
    """Return the numbers of one column, all with as many decimals as the largest needs: they can be compared by eye.

    Parameters
    ----------
    values
        In one unit. None and non-finite numbers give a dash.
    digits
        Significant digits of the largest, at least 1.
    decimals
        Set instead of ``digits``; None derives it.
    """
    known = [abs(value) for value in values if value is not None and isfinite(value)]
    exponent = int(f"{max(known, default=0.0):e}".partition("e")[2])
    decimals = digits - 1 - exponent if decimals is None else decimals
    if not 0 <= decimals <= _MAX_DECIMALS:
        return tuple(figure(value, digits=digits) for value in values)
    return tuple(
        NO_FIGURE if value is None or not isfinite(value) else _fixed(value, decimals=decimals) for value in values
    )


def _fixed(value: float, *, decimals: int) -> str:
    # Adding zero takes the sign from a rounded zero.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", _MINUS)


def probability(value: float | None) -> str:
    """Return a p or q value: three decimals are more than a permutation test can promise."""
    if value is None or not isfinite(value):
        return NO_FIGURE
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def p_stated(value: float | None) -> str:
    """Return a p as it stands in a sentence, such as ``p = 0.03`` or ``p < 0.001``."""
    text = probability(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def share(value: float | None) -> str:
    """Return a share from 0 to 1 as a percentage."""
    if value is None or not isfinite(value):
        return NO_FIGURE
    percent = 100 * value
    if 0 < percent < 1:
        return "< 1 %"
    return f"{percent:.0f} %"


def interval(bounds: tuple[float, float] | None, *, digits: int = 3) -> str:
    """Return an interval, such as ``0.12 to 0.34``."""
    return NO_FIGURE if bounds is None else f"{figure(bounds[0], digits=digits)} to {figure(bounds[1], digits=digits)}"


def count(n: int, noun: str) -> str:
    """Return a number of things, such as ``1 run`` or ``3 runs``."""
    return f"{figure(n)} {noun}" if n == 1 else f"{figure(n)} {noun}s"


def listed(names: Sequence[str], *, most: int = 6) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {figure(len(names) - most)} more" if len(names) > most else "")
