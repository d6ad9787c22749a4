"""Keys of what is captured, as users write them: a name, or several that lead to an entry."""

from convscope.errors import UsageError


def captured_key(column: str, key: object, *, what: str) -> tuple[str, ...]:
    """Return the names that lead to an entry.

    Parameters
    ----------
    column
        That it is to be.
    key
        What the user wrote.
    what
        That it should be, such as ``key of a TensorDict``.

    Raises
    ------
    UsageError
        If it is no name, and no tuple of names.
    """
    parts = (key,) if isinstance(key, str) else key
    if not isinstance(parts, tuple) or not parts or not all(isinstance(part, str) for part in parts):
        raise UsageError(f"capture: {column} is to be {key!r:.80}, which is no {what}")
    return tuple(str(part) for part in parts)
