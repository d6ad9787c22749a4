"""How an episode ends, from the flags that frameworks give each agent."""

from collections.abc import Iterable

from convscope.values.status import EndKind


def end_of(flags: Iterable[tuple[bool, bool]]) -> EndKind:
    """Return how an episode ends.

    Parameters
    ----------
    flags
        Whether it is terminated and whether it is truncated, for each agent that was in the last step.

    Returns
    -------
    EndKind
        Cut where an agent has neither flag; ambiguous where there are both.
    """
    found = {(bool(terminated), bool(truncated)) for terminated, truncated in flags}
    if not found or (False, False) in found:
        return EndKind.CUT
    if found == {(True, False)}:
        return EndKind.TERMINATED
    return EndKind.TRUNCATED if found == {(False, True)} else EndKind.AMBIGUOUS
