"""Teams as people write them: ``2-2-2`` is two agents of each of three roles."""

from convscope.errors import UsageError

MOST_AGENTS = 64


def read_composition(text: str, n_roles: int) -> tuple[int, ...]:
    """Return the agents of each role.

    Parameters
    ----------
    text
        Such as ``5-3-1``.
    n_roles
        How many roles there must be.

    Raises
    ------
    UsageError
        If the text is something else, or names another number of roles, or more than `MOST_AGENTS` agents.
    """
    parts = text.split("-")
    if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        raise UsageError(f"--team must be agents of each role, as in {'-'.join('2' * n_roles)}, not {text!r:.40}")
    members = tuple(map(int, parts))
    if len(members) != n_roles:
        raise UsageError(f"--team {text:.40} names {len(members)} roles; there are {n_roles}")
    if min(members) < 1 or not 2 < sum(members) <= MOST_AGENTS:
        raise UsageError(f"--team {text:.40}: each role needs an agent, and a team has 3 to {MOST_AGENTS}")
    return members
