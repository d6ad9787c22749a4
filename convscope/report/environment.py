"""How templates become markup: every text is escaped, made visible and cut, every number is short."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.runtime import Undefined
from markupsafe import Markup

from convscope.values.figures import NO_FIGURE, figure, interval, probability, share, signed
from convscope.values.inert import inert

SENTENCE_LIMIT = 600
"""Characters of a sentence that may quote a log."""


def rendered(template: str, **values: object) -> Markup:
    """Return a template of ``templates/`` filled with values."""
    # The template engine escaped everything: what comes out is markup.
    return Markup(_environment().get_template(template).render(values))  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("convscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {"name": inert, "p": probability, "signed": signed, "share": share, "interval": interval, "sentence": _sentence}
    )
    return environment


def _sentence(text: str) -> str:
    """Return a sentence that begins with a capital, unless it begins with somebody's identifier."""
    first_word = text.partition(" ")[0].rstrip(",.:;")
    return text[:1].upper() + text[1:] if first_word.isalpha() else text


def _shown(value: object) -> object:
    """Return what an expression of a template prints; escaping follows."""
    if isinstance(value, (Markup, Undefined)):
        return value
    if isinstance(value, str):
        return inert(value, limit=SENTENCE_LIMIT)
    if value is None:
        return NO_FIGURE
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return figure(value)
    raise TypeError(f"a template prints text and numbers, not {type(value).__name__}")
