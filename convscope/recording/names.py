"""What a recorded column is called: a field of the log, or something that only this log knows."""

from convscope.errors import UsageError
from convscope.values.fields import (
    ACTION_LOGITS,
    ACTION_PROBABILITIES,
    FIELD_NAMES,
    HIDDEN_STATES,
    INFO,
    Level,
    level_of,
)

TEAM_INFO = "team_info/"
"""Prefix of extra columns with one value for the team, such as ``team_info/score``."""
PAIR_INFO = "pair_info/"
"""Prefix of extra columns with one value per receiver and sender."""

_LEVELS = {INFO: Level.AGENT, TEAM_INFO: Level.TEAM, PAIR_INFO: Level.PAIR}
_SHORT = {"hidden": HIDDEN_STATES, "logits": ACTION_LOGITS, "probabilities": ACTION_PROBABILITIES}


def column_named(name: str) -> tuple[str, Level]:
    """Return the field that a column is, and its level.

    Parameters
    ----------
    name
        One of `FIELD_NAMES`; ``hidden``, ``logits`` or ``probabilities`` for short; or ``info/<name>``,
        ``team_info/<name>`` or ``pair_info/<name>`` for what no other log knows: a value per agent, one for the team,
        or one per receiver and sender.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    field = _SHORT.get(name, name)
    if field in FIELD_NAMES:
        return field, level_of(field)
    for prefix, level in _LEVELS.items():
        if name.startswith(prefix) and name != prefix:
            return INFO + name.removeprefix(prefix), level
    raise UsageError(
        f"no field is called {name!r}; call an extra column info/{name} (a value per agent), {TEAM_INFO}{name} or "
        f"{PAIR_INFO}{name}, or choose from {', '.join(FIELD_NAMES)}"
    )
