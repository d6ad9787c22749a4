"""The translation gap: each component with its interval."""

from dataclasses import dataclass

from markupsafe import Markup

from convscope.report.charts.picture import picture_of
from convscope.report.conventions import ConventionView, convention_view
from convscope.report.drawn import gap_chart, gap_return_chart
from convscope.report.options import margin
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.gap import Component, DeclaredAgreement
from convscope.values.returns import GapAndReturn

_QUESTIONS = {
    "alignment": "How far is the learned routing from the declared one? 1 = as far as a team that is blind to roles.",
    "dilution": "How much of the declared preference has faded into even attention?",
    "foreign": "How much of what was learned points elsewhere than the prior?",
    "recovery": "How badly do found roles match declared ones? 0 = fully, 1 = no better than chance.",
    "behaviour": "Which share of the declared behaviour does not show?",
    "multiplicity": "Did the runs settle on different conventions?",
    "stability": "How far does the routing move with formation, team size or checkpoint?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """One component."""

    component: Component
    question: str
    why: str | None
    """Why it has no value."""
    parts: tuple[tuple[str, float | int], ...]
    """Counts as whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """What the section shows."""

    rows: tuple[ComponentRow, ...]
    composite: Component | None
    why_withheld: str
    forest: Markup | None
    margin: str
    is_margin_drawn: bool
    smallest_detectable: float | None
    runs_needed: int | None
    n_runs: int
    agreement: DeclaredAgreement | None
    returns: GapAndReturn | None
    return_chart: Markup | None
    conventions: ConventionView | None
    outlook: tuple[str, ...]
    """What would change the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoGap:
    """Shown in its place without a prior."""

    rows: tuple[ComponentRow, ...] = ()


def _view(evidence: Evidence) -> GapView | NoGap:
    gap = evidence.gap
    if gap is None:
        return NoGap()
    components = gap.components
    description = "Components of the gap with their intervals; the figures are in the table."
    return GapView(
        rows=tuple(map(_row, components)),
        composite=gap.composite,
        why_withheld=next((each.message for each in gap.notices if each.where == "gap.composite"), ""),
        forest=picture_of(gap_chart(evidence), description),
        returns=evidence.gap_and_return,
        return_chart=picture_of(gap_return_chart(evidence), "Alignment gap against mean return, a point per run."),
        margin=f"{margin(evidence):g}",
        is_margin_drawn=any(part.name == "alignment" and part.value is not None for part in components),
        smallest_detectable=gap.smallest_detectable,
        runs_needed=gap.runs_needed,
        n_runs=len(evidence.episodes.runs),
        agreement=gap.agreement,
        conventions=convention_view(evidence),
        outlook=gap.outlook,
    )


def _row(component: Component) -> ComponentRow:
    parts = tuple((name, int(value) if value.is_integer() else value) for name, value in component.parts)
    return ComponentRow(component=component, question=_QUESTIONS[component.name], why=component.why, parts=parts)


GAP = Section(key="gap", title="Translation gap", view=_view)
