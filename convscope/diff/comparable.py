"""What two analyses have in common, what they do not, and what makes their figures mean something else."""

from collections.abc import Iterator
from dataclasses import dataclass

from convscope.diff.analysis import Analysed, RunValues
from convscope.values.figures import count, listed

_SIDES = ("first", "second")
_READABLE = 40
"""Letters of a setting that is shown; of longer ones only that they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that both have run by run."""

    what: str
    first: RunValues
    second: RunValues


def shared_figures(first: Analysed, second: Analysed) -> list[Figure]:
    """Return the figures that both have run by run: cells of the preference, then parts of the gap."""
    cells = [
        Figure(what=f"{receiver} draws on {sender}", first=runs, second=second.cells[receiver, sender])
        for (receiver, sender), runs in first.cells.items()
        if (receiver, sender) in second.cells
    ]
    parts = [
        Figure(what=what, first=runs, second=second.components[what])
        for what, runs in first.components.items()
        if what in second.components
    ]
    return [*cells, *parts]


def not_compared(first: Analysed, second: Analysed) -> Iterator[str]:
    """Return what could not be compared, and why, in sentences."""
    yield from _routing(first, second)
    yield from _gap(first, second)
    lacking = _sides_without(bool(first.profiles), bool(second.profiles))
    if lacking:
        yield f"found roles: there are none in the {lacking}"


def _sides_without(*has: bool) -> str:
    return " and the ".join(side for side, each in zip(_SIDES, has, strict=True) if not each)


def _routing(first: Analysed, second: Analysed) -> Iterator[str]:
    lacking = _sides_without(bool(first.roles), bool(second.roles))
    if lacking:
        yield f"routing between declared roles: there is none in the {lacking}"
        return
    shared = [role for role in first.roles if role in second.roles]
    if not shared:
        yield (
            f"routing between declared roles: no role has the same name in both ({listed(first.roles)} in the first, "
            f"{listed(second.roles)} in the second)"
        )
        return
    for side, each, other in zip(_SIDES, (first, second), (second, first), strict=True):
        alone = [role for role in each.roles if role not in other.roles]
        if alone:
            yield f"routing of {listed(alone)}: declared in the {side} only"
    seen = [{cell for cell in each.cells if set(cell) <= set(shared)} for each in (first, second)]
    for side, cells, others in zip(_SIDES, seen, reversed(seen), strict=True):
        if cells - others:
            yield f"{count(len(cells - others), 'cell')} of the role preference: shown by every run of the {side} only"


def _gap(first: Analysed, second: Analysed) -> Iterator[str]:
    lacking = _sides_without(first.has_gap, second.has_gap)
    if lacking:
        yield f"gap to the prior: none is declared in the {lacking}"
        return
    for name in dict.fromkeys([*first.why, *second.why]):
        whys = [(side, each.why[name]) for side, each in zip(_SIDES, (first, second), strict=True) if name in each.why]
        if len(whys) == 1:
            yield f"{name}: not scored in the {whys[0][0]} ({whys[0][1]})"


def cautions(first: Analysed, second: Analysed) -> Iterator[str]:
    """Return in what the two analyses differ that makes their figures mean something else."""
    shared = set(first.roles) & set(second.roles)
    if shared and set(first.roles) != set(second.roles):
        yield "declared roles are not the same: what a role draws on is divided over other roles in each"
    for name in dict.fromkeys([*first.settings, *second.settings]):
        a, b = first.settings.get(name), second.settings.get(name)
        if a is not None and b is not None and a != b:
            yield f"{name}: {a} -> {b}" if max(len(a), len(b)) <= _READABLE else f"{name} is not the same"
