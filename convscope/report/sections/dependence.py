"""What the routing depends on: formations side by side, team sizes, tasks and padding."""

from dataclasses import dataclass

import numpy as np

from convscope.report.depends import chance, dependence_sentences
from convscope.report.matrix import Matrix, amounts, differences, largest
from convscope.report.section import Section
from convscope.routing.divergence import conditioned
from convscope.values.dependence import Formation, FormationOrigin, FormationSensitivity, PairShift
from convscope.values.evidence import Evidence
from convscope.values.figures import count, figure

MAX_FORMATIONS = 6
"""Drawn side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """Two conditions."""

    kind: str
    first: str
    second: str
    value: str
    floor: str
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DependenceView:
    """What the section shows."""

    sentences: tuple[str, ...]
    matrices: tuple[Matrix, ...]
    is_found: bool
    """Whether the formations are clusters of the log, not the user's."""
    forms: tuple[tuple[str, str, str], ...]
    """Name of the form, its value, and what chance gives."""
    attainable_p: float | None
    window: int
    unit: str | None
    """Of the matrices; None where rows are shares."""
    shifts: tuple[ShiftRow, ...]


def _view(evidence: Evidence) -> DependenceView:
    dependence = evidence.dependence
    formation = dependence.formation
    kinds = (
        ("formation", formation.shift if formation else None),
        ("team size", dependence.scaling),
        ("task", dependence.transfer),
        ("padding", dependence.padding),
        ("checkpoint", dependence.drift),
    )
    return DependenceView(
        sentences=dependence_sentences(dependence, evidence.config.alpha),
        matrices=_matrices(formation) if formation else (),
        is_found=formation is not None and formation.origin is FormationOrigin.FOUND,
        forms=_forms(formation) if formation else (),
        attainable_p=formation.attainable_p if formation else None,
        window=formation.window if formation else 1,
        unit=formation.unit if formation else None,
        shifts=tuple(_row(kind, pair) for kind, shift in kinds if shift for pair in shift.pairs),
    )


def _matrices(found: FormationSensitivity) -> tuple[Matrix, ...]:
    shown = found.formations[:MAX_FORMATIONS]
    top = max(largest(each.matrix) for each in shown)
    drawn = [amounts(e.matrix, found.nodes, title=e.name, note=_note(e), top=top, decimals=2) for e in shown]
    first, second = (next(e for e in found.formations if e.name == name) for name in found.cell.formations)
    known = np.isfinite(first.matrix) & np.isfinite(second.matrix)
    change = second.matrix - first.matrix
    if found.unit is None:
        change = conditioned(second.matrix, known) - conditioned(first.matrix, known)
    note = "The two that differ most in one cell, over the cells that both show."
    title = f"{second.name} − {first.name}"  # noqa: RUF001  the sign that people read
    return (*drawn, differences(change, found.nodes, title=title, note=note, uncertain=np.zeros_like(known)))


def _note(formation: Formation) -> str:
    sizes = f"{count(formation.n_timesteps, 'timestep')} of {count(formation.n_episodes, 'episode')}"
    return sizes if formation.spread is None else f"{sizes}; two members are {figure(formation.spread)} apart"


def _forms(found: FormationSensitivity) -> tuple[tuple[str, str, str], ...]:
    return (
        ("one receiver and sender", figure(found.cell.value, digits=2), chance(found.cell)),
        ("one sender, mean over receivers", figure(found.key.value, digits=2), chance(found.key)),
    )


def _row(kind: str, pair: PairShift) -> ShiftRow:
    return ShiftRow(
        kind=kind,
        first=pair.first,
        second=pair.second,
        value=figure(pair.value, digits=2),
        floor=figure(pair.floor, digits=2),
        p_value=pair.p_value,
    )


DEPENDENCE = Section(key="dependence", title="What routing depends on", view=_view)
