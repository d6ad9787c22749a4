"""Colours that people with any colour vision can tell apart, each with a shape or a number beside it.

References
----------
Okabe and Ito, "Color Universal Design" (2008). Its yellow is left out, which vanishes on white, and its black, which
vanishes in the dark.
"""

ROLE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c")
"""Of roles and runs, in order; more than seven share the last."""
ROLE_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")
"""The shape that goes with each colour."""
SHAPE_SIGNS = ("●", "■", "▲", "◆", "✚", "▼", "\u2014")
"""The same shapes as text."""

NO_KIND = len(ROLE_COLOURS) - 1
"""Grey, for what has no role."""


def kind_of(number: int) -> int:
    """Return which colour, shape and sign a role has."""
    return min(number, len(ROLE_COLOURS) - 1)
