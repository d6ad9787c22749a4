"""A comparison of two analyses as lines and as JSON."""

from collections.abc import Iterator

from convscope.diff.changes import Change, Diff
from convscope.report.document.json_value import JsonValue, published_schema
from convscope.values.figures import count, figure, interval
from convscope.values.inert import inert

_LONGEST = 400


def diff_lines(diff: Diff) -> Iterator[str]:
    """Return the comparison for a terminal."""
    yield f"{inert(diff.names[0])} -> {inert(diff.names[1])}: {_runs(diff)}"
    yield from (f"Mind: {inert(text, limit=_LONGEST)}" for text in diff.cautions)
    yield from (f"Not compared: {inert(text, limit=_LONGEST)}" for text in diff.not_compared)
    if not diff.changes:
        yield "Nothing could be compared over runs."
    elif diff.is_empty:
        yield "Nothing differs in what could be compared." if diff.not_compared else "Nothing differs."
    else:
        yield from _changes(diff)
    for role, other in diff.roles.pairs:
        if role != other:
            yield f"Role {inert(role)} is like {inert(other)}"
    for side, roles in (("first", diff.roles.only_first), ("second", diff.roles.only_second)):
        yield from (f"Role found in the {side} only: {inert(role)}" for role in roles)
    for name, first, second in diff.figures:
        yield f"Beside each other, not tested: {inert(name)}: {value_text(first)} -> {value_text(second)}"


def _runs(diff: Diff) -> str:
    runs = f"{count(diff.n_runs[0], 'run')} and {count(diff.n_runs[1], 'run')}"
    if not diff.changes:
        return runs
    n_paired = sum(change.is_paired for change in diff.changes)
    if n_paired in (0, len(diff.changes)):
        return f"{runs}, {'paired by name' if n_paired else 'not paired'}"
    return f"{runs}, paired by name in {n_paired} of {len(diff.changes)} figures"


def _changes(diff: Diff) -> Iterator[str]:
    shown = [change for change in diff.changes if change.is_shown]
    tested = [change for change in diff.changes if change.interval is not None]
    if not tested:
        yield "Too few runs to tell a change from noise: three on each side are needed"
    elif not shown:
        yield f"No change is shown: all intervals of {count(len(tested), 'figure')} hold 0"
    for change in shown:
        bounds = interval(change.interval)
        yield f"Changed: {inert(change.what)}: {figure(change.first)} -> {figure(change.second)} (difference {bounds})"


def value_text(value: float | str | None) -> str:
    """Return what stands beside another, as text."""
    return inert(value) if isinstance(value, str) else figure(value)


def diff_document(diff: Diff) -> dict[str, JsonValue]:
    """Return the comparison as JSON that follows `diff_schema`."""
    return {
        "schema_version": "1.0",
        "names": list(diff.names),
        "n_runs": list(diff.n_runs),
        "empty": diff.is_empty,
        "cautions": list(diff.cautions),
        "not_compared": list(diff.not_compared),
        "changes": [_change(change) for change in diff.changes],
        "roles": {
            "matched": [list(pair) for pair in diff.roles.pairs],
            "only_first": list(diff.roles.only_first),
            "only_second": list(diff.roles.only_second),
        },
        "figures": [{"what": name, "first": first, "second": second} for name, first, second in diff.figures],
    }


def _change(change: Change) -> JsonValue:
    return {
        "what": change.what,
        "first": change.first,
        "second": change.second,
        "interval": None if change.interval is None else list(change.interval),
        "paired": change.is_paired,
        "changed": change.is_shown,
    }


def diff_schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of `diff_document`, as published in the package."""
    return published_schema("convscope.diff", "diff.schema.json")
