"""The conventions of a study as the page shows them."""

from dataclasses import dataclass

from convscope.report.matrix import Matrix, amounts, largest
from convscope.values.conventions import Convention, ConventionNull, Conventions, CrossPlay, Renaming
from convscope.values.evidence import Evidence
from convscope.values.figures import count, figure, p_stated
from convscope.values.gap import Gap

MAX_CONVENTIONS = 6
"""Drawn side by side."""
_MAX_RUNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ConventionView:
    """What the page says of conventions."""

    sentences: tuple[str, ...]
    matrices: tuple[Matrix, ...]
    """One a convention, where there are several."""


def convention_view(evidence: Evidence) -> ConventionView | None:
    """Return what is known of conventions; None where no preference can be compared over runs."""
    gap = evidence.gap
    if gap is None or gap.conventions is None:
        return None
    found = gap.conventions
    shown = found.found[:MAX_CONVENTIONS] if len(found.found) > 1 else ()
    top = max((largest(each.preference) for each in shown), default=1.0)
    return ConventionView(
        sentences=(*_grouped(found, gap), *_renamed(gap), *_symmetric(gap), *_played(found.crossplay)),
        matrices=tuple(
            amounts(
                each.preference,
                gap.roles,
                title=f"Convention {number}",
                note=_note(each, gap.roles),
                top=top,
                decimals=2,
            )
            for number, each in enumerate(shown, start=1)
        ),
    )


def _grouped(found: Conventions, gap: Gap) -> tuple[str, ...]:
    if found.null is None:
        return (f"Whether the runs hold several conventions cannot be tested: {_why_untested(found, gap)}.",)
    null = {
        ConventionNull.HABITS: "runs that share one preference, with habits between agents as large as those seen",
        ConventionNull.SPREAD: "one cloud of runs as wide as what was seen, as habits between agents cannot be told",
    }[found.null]
    if len(found.found) == 1:
        return (f"The runs hold one convention as far as can be told ({p_stated(found.p_value)}, against {null}).",)
    return (f"The runs hold {len(found.found)} conventions ({p_stated(found.p_value)}, against {null}).",)


def _why_untested(found: Conventions, gap: Gap) -> str:
    alignment = gap.component("alignment")
    if len(found.runs) < 2:
        return "there is one run"
    if alignment.value is None:
        return alignment.why or "no declared row can be scored"
    return (
        "it takes four runs where habits between single agents cannot be told "
        "(a role has one member, roles are redrawn, or pairs have no weight)"
    )


def _renamed(gap: Gap) -> tuple[str, ...]:
    if gap.renaming is None or len(gap.conventions.found if gap.conventions else ()) > 1:
        return ()
    words = _as_renamed(gap.renaming, gap.roles)
    return (f"Over all runs the preference comes nearest to the prior {words}.",)


def _as_renamed(found: Renaming, roles: tuple[str, ...]) -> str:
    moved = [f"{role} as {other}" for role, other in zip(roles, found.behaves_as, strict=True) if role != other]
    how = f"with {', '.join(moved)}" if moved else "with each role as itself"
    details = [
        *(() if found.gap is None else (f"gap {figure(found.gap, digits=2)}",)),
        *(() if found.certainty is None else (f"chosen in {found.certainty:.0%} of resamples",)),
        *((f"{found.n_equal} renamings are equally near",) if found.n_equal > 1 else ()),
    ]
    return f"{how} ({'; '.join(details)})" if details else how


def _symmetric(gap: Gap) -> tuple[str, ...]:
    if gap.n_symmetries < 2:
        return ()
    others = [" ".join(each) for each in gap.symmetries[1:4]]
    more = "" if gap.n_symmetries <= 4 else " and others"
    become = f"it stays as it is when {' '.join(gap.roles)} become {', or '.join(others)}{more}"
    return (f"The prior has {gap.n_symmetries} symmetries: {become}. Routing alone cannot tell these apart.",)


def _played(played: CrossPlay | None) -> tuple[str, ...]:
    if played is None:
        return ()
    told = [f"Cross-play of {count(len(played.runs), 'run')}, distance 1 - XP / SP."]
    if played.within is not None and played.between is not None:
        p = "" if played.p_value is None else f", {p_stated(played.p_value)}"
        told.append(
            f"Runs of one convention lie {figure(played.within, digits=2)} apart, "
            f"runs of different ones {figure(played.between, digits=2)}{p}."
        )
    if played.correlation is not None and played.correlation_p is not None:
        told.append(
            f"These distances and those of the routing correlate by {figure(played.correlation, digits=2)} "
            f"({p_stated(played.correlation_p)})."
        )
    return (" ".join(told),)


def _note(found: Convention, roles: tuple[str, ...]) -> str:
    more = f" and {len(found.runs) - _MAX_RUNS} more" if len(found.runs) > _MAX_RUNS else ""
    runs = ", ".join(found.runs[:_MAX_RUNS]) + more
    gap = "" if found.gap is None else f" Gap {figure(found.gap, digits=2)}."
    return f"{count(len(found.runs), 'run')}: {runs}.{gap} Nearest to the prior {_as_renamed(found.renaming, roles)}."
