"""JSON that stands in an attribute or beside a file, written by others."""

import json


def parsed_json(text: object) -> object:
    """Return what a JSON text says; None where it is no text, or says nothing.

    Parameters
    ----------
    text
        Text, or UTF-8 bytes, of any content: numbers of thousands of digits and bottomless nesting say nothing either.
    """
    try:
        return json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return None
