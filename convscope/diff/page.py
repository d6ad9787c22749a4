"""A comparison of two analyses as one static page."""

from collections.abc import Sequence

from convscope.diff.changes import Diff
from convscope.diff.shown import diff_lines, value_text
from convscope.values.figures import figure, interval
from convscope.values.html import Html, element, table

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}p,li{overflow-wrap:anywhere}div{overflow-x:auto}table{border-collapse:collapse;margin:1.5rem 0;"
    "font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600}th,td{text-align:left;"
    "padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8886}td{white-space:nowrap}th{min-width:4rem}"
)
_HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'


def diff_page(diff: Diff) -> str:
    """Return all lines of the terminal, and every figure in tables; texts of the analyses are escaped."""
    first, *lines = diff_lines(diff)
    changes = [
        (
            change.what,
            figure(change.first),
            figure(change.second),
            interval(change.interval),
            "changed" if change.is_shown else "",
            "paired" if change.is_paired else "",
        )
        for change in diff.changes
    ]
    figures = [(name, value_text(before), value_text(after)) for name, before, after in diff.figures]
    body = (
        element("h1", "convscope diff"),
        element("p", first),
        element("ul", *(element("li", line) for line in lines)),
        _table(
            "Means over runs, not cut to 0..1",
            ("figure", "first", "second", "difference", "", ""),
            changes,
        ),
        _table("Found roles that are alike", ("first", "second"), diff.roles.pairs),
        _table("Beside each other, not tested", ("figure", "first", "second"), figures),
    )
    return f"{_HEAD}<title>convscope diff</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"


def _table(caption: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Html:
    return element("div", table(caption, header, rows, most=len(rows))) if rows else Html("")
