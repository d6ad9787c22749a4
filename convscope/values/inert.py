"""Text from a log, made visible and harmless wherever it lands: page, terminal, notebook, error message."""

import hashlib
import unicodedata

NAME_LIMIT = 120
"""Characters of a name that are shown."""

# Control, format (bidirectional marks, zero width), surrogate, private, unassigned, line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that draw nothing: they tell look-alike names apart without anyone seeing it.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# A pile of combining marks paints over the lines above and below; living scripts need no more than these.
_MAX_MARKS = 3


def visible(text: str) -> str:
    r"""Return a text with everything that hides, reorders or overpaints shown as an escape, such as ``\u202e``.

    Idempotent, so that no harm is done where two layers apply it.
    """
    shown: list[str] = []
    n_marks = 0
    for character in text:
        n_marks = n_marks + 1 if unicodedata.combining(character) else 0
        shown.append(_escape(character) if _is_hidden(character) or n_marks > _MAX_MARKS else character)
    return "".join(shown)


def inert(text: str, *, limit: int = NAME_LIMIT) -> str:
    """Return a text as `visible` shows it, cut to a length.

    Parameters
    ----------
    text
        Anything a stranger's file may hold.
    limit
        Characters of the result, at least 40. A text that is cut ends with the first digits of the SHA-256 of the
        whole, so that two long names which differ late still look different.
    """
    shown = visible(text[: limit + 1])
    if len(text) <= limit and len(shown) <= limit:
        return shown
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    ending = f"… [sha256 {digest}]"
    return shown[: limit - len(ending)] + ending


def _is_hidden(character: str) -> bool:
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return False
    is_odd_space = unicodedata.category(character) == "Zs"
    is_selector = any(code in selectors for selectors in _VARIATION_SELECTORS)
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or is_odd_space or is_selector or character in _BLANKS


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
