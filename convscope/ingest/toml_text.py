"""Names and texts written as TOML, whatever they hold."""

import json
from collections.abc import Sequence


def key_text(name: str) -> str:
    """Return a name as a key."""
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else quoted_text(name)


def list_text(texts: Sequence[str]) -> str:
    """Return a list of texts."""
    return f"[{', '.join(quoted_text(text) for text in texts)}]"


def quoted_text(text: str) -> str:
    """Return a text in quotes."""
    # A JSON string with its non-ASCII text escaped is a TOML basic string, but for DEL and lone surrogates.
    inert = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(inert, ensure_ascii=False).replace("\x7f", "\\u007f")
