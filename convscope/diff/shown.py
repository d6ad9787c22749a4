"""A comparison of two analyses as lines, as JSON and as a page."""

from collections.abc import Iterator
from dataclasses import asdict

from convscope.diff.changes import Diff
from convscope.report.document.json_value import JsonValue
from convscope.values.figures import count, figure, interval
from convscope.values.html import box, table
from convscope.values.inert import inert


def diff_lines(diff: Diff) -> Iterator[str]:
    """Return the comparison for a terminal."""
    runs = f"{count(diff.n_runs[0], 'run')} and {count(diff.n_runs[1], 'run')}"
    how = "paired by name" if diff.is_paired else "not paired"
    yield f"{inert(diff.names[0])} -> {inert(diff.names[1])}: {runs}, {how}"
    if diff.is_empty:
        yield "Nothing differs."
        return
    yield from _changes(diff)
    for role, other in diff.matched:
        if role != other:
            yield f"Role {inert(role)} is like {inert(other)}"
    for side, roles in (("first", diff.only_first), ("second", diff.only_second)):
        yield from (f"Role found in the {side} only: {inert(role)}" for role in roles)
    for name, first, second in diff.figures:
        yield f"Beside each other, not tested: {inert(name)}: {_text(first)} -> {_text(second)}"


def _changes(diff: Diff) -> Iterator[str]:
    shown = [change for change in diff.changes if change.is_shown]
    tested = [change for change in diff.changes if change.interval is not None]
    if not diff.changes:
        yield "Nothing can be compared over runs: the two share no role that can be seen in both"
    elif not tested:
        yield "Too few runs to tell a change from noise: three on each side are needed"
    elif not shown:
        yield f"No change is shown: all intervals of {count(len(tested), 'figure')} hold 0"
    for change in shown:
        bounds = interval(change.interval)
        yield f"Changed: {inert(change.what)}: {figure(change.first)} -> {figure(change.second)} (difference {bounds})"


def diff_document(diff: Diff) -> dict[str, JsonValue]:
    """Return the comparison as JSON."""
    return {
        "schema_version": "1.0",
        "names": list(diff.names),
        "n_runs": list(diff.n_runs),
        "paired": diff.is_paired,
        "empty": diff.is_empty,
        "changes": [{**asdict(change), "changed": change.is_shown} for change in diff.changes],
        "roles": {
            "matched": [list(pair) for pair in diff.matched],
            "only_first": list(diff.only_first),
            "only_second": list(diff.only_second),
        },
        "figures": [{"what": name, "first": first, "second": second} for name, first, second in diff.figures],
    }


def diff_page(diff: Diff) -> str:
    """Return the comparison as one static page; texts of the analyses are escaped."""
    changes = [
        (
            change.what,
            figure(change.first),
            figure(change.second),
            interval(change.interval),
            "changed" if change.is_shown else "",
        )
        for change in diff.changes
    ]
    figures = [(name, _text(first), _text(second)) for name, first, second in diff.figures]
    body = box(
        next(diff_lines(diff)),
        table("Over runs", ("figure", "first", "second", "difference", ""), changes),
        table("Found roles that are alike", ("first", "second"), list(diff.matched)),
        table("Beside each other, not tested", ("figure", "first", "second"), figures),
    )
    style = (
        "body{font:16px system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    )
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f"{head}<title>convscope diff</title><style>{style}</style><body>{body}</body></html>\n"


def _text(value: float | str | None) -> str:
    return inert(value) if isinstance(value, str) else figure(value)
