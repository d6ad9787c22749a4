"""A tiny builder of static HTML for notebooks. Text is always escaped; markup needs a type of its own."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

from convscope.values.figures import count
from convscope.values.inert import inert

MAX_ROWS = 20
"""Rows of a table that a notebook shows; the rest are counted."""


class Html(str):
    """Markup that is safe to show: made by `element` and by nothing else."""

    __slots__ = ()


class ShowsHtml(Protocol):
    """A value that notebooks can show."""

    def _repr_html_(self) -> Html: ...


def html_of(value: ShowsHtml) -> Html:
    """Return what a notebook shows of a value."""
    return value._repr_html_()  # pyright: ignore[reportPrivateUsage]  # the notebooks' own protocol


def element(tag: str, *children: str, **attributes: str) -> Html:
    """Return an element.

    Parameters
    ----------
    tag
        Name of the element; never a log's own text.
    children
        `Html` stays as it is, any other text is made inert and escaped.
    attributes
        Values are escaped; a trailing underscore of a name is dropped, so that ``class_`` can be written.
    """
    opening = "".join(f' {name.rstrip("_")}="{escape(inert(text))}"' for name, text in attributes.items())
    return Html(f"<{tag}{opening}>{''.join(map(_safe, children))}</{tag}>")


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, most: int = MAX_ROWS) -> Html:
    """Return a table with a caption; rows beyond a number are counted, not shown.

    Parameters
    ----------
    caption
        What the table shows.
    header
        Names of the columns.
    rows
        Texts, as many as columns; the first one names the row.
    most
        Rows that are shown.
    """
    all_rows = list(rows)
    head = element("tr", *(element("th", name, scope="col") for name in header))
    body = element("tbody", *map(_row, all_rows[:most]))
    shown = element("table", element("caption", caption), element("thead", head), body)
    n_left = len(all_rows) - most
    return Html(shown + element("p", f"and {count(n_left, 'row')} more")) if n_left > 0 else shown


def box(title: str, *children: str) -> Html:
    """Return what a value shows of itself in a notebook: a title and its content, without style sheets or scripts."""
    return element("div", element("strong", title), *children)


def _row(cells: Sequence[str]) -> Html:
    return element("tr", element("th", cells[0], scope="row"), *(element("td", cell) for cell in cells[1:]))


def _safe(child: str) -> str:
    return child if isinstance(child, Html) else escape(inert(child, limit=400))
