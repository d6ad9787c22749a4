"""Role preference as it was learned, as it was declared, and the difference."""

import numpy as np

from convscope.report.matrix import Matrix, amounts, differences, largest, with_bounds
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.values.arrays import FloatArray
from convscope.values.evidence import Evidence
from convscope.values.preference import RolePreference
from convscope.values.routing import edge_matrix


def preference_matrices(evidence: Evidence) -> tuple[Matrix, ...]:
    """Return the matrices that the log and the prior afford: learned, declared, difference. Row = receiving role."""
    preference = evidence.routing.preference if evidence.routing else None
    if preference is None or not np.isfinite(preference.matrix).any():
        return ()
    learned, declared = preference.matrix, _declared(evidence, preference)
    top = max(largest(learned), largest(declared)) if declared is not None else largest(learned)
    first = amounts(learned, preference.roles, title="Learned", note=_learned_note(preference), top=top, decimals=2)
    if declared is None:
        return (with_bounds(first, *_over_runs(preference.per_run)),)
    second = amounts(
        declared, preference.roles, title="Declared", note="From the prior, over the same cells.", top=top, decimals=2
    )
    low, high = _over_runs(preference.per_run - declared)
    third = differences(
        learned - declared,
        preference.roles,
        title="Learned − declared",  # noqa: RUF001  the sign that people read
        note=_difference_note(preference),
        uncertain=(low <= 0) & (high >= 0),
    )
    return with_bounds(first, *_over_runs(preference.per_run)), second, with_bounds(third, low, high)


def agent_matrix(evidence: Evidence, limit: int) -> Matrix | None:
    """Return the edge weights between agents, row = receiving agent; None for a large team or without routing."""
    routing = evidence.routing
    if routing is None or not 2 <= len(routing.agents) <= limit:
        return None
    weights = edge_matrix(routing.edges, routing.agents)
    note = f"Row: receiving agent; column: sender. In {routing.unit}, combined over runs."
    return amounts(weights, routing.agents, title="Between agents", note=note)


def _declared(evidence: Evidence, preference: RolePreference) -> FloatArray | None:
    if evidence.gap is not None and evidence.gap.declared is not None and evidence.gap.roles == preference.roles:
        return evidence.gap.declared
    prior = evidence.prior
    return prior.preference if prior is not None and prior.roles == preference.roles else None


def _learned_note(preference: RolePreference) -> str:
    n = len(preference.runs)
    if n >= FEWEST_RUNS:
        return "Mean over runs, with its 95 % interval."
    return "Mean over runs." if n > 1 else "One run."


def _difference_note(preference: RolePreference) -> str:
    if len(preference.runs) < FEWEST_RUNS:
        return "Under three runs no spread over runs is known: nothing is hatched."
    return "Hatched: the 95 % interval over runs covers 0."


def _over_runs(by_run: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Student-t interval of each cell over runs, (S, R, R) to (R, R) each; NaN under three runs."""
    low, high = np.full(by_run.shape[1:], np.nan), np.full(by_run.shape[1:], np.nan)
    for cell in np.ndindex(by_run.shape[1:]):
        found = student_t(by_run[(slice(None), *cell)])
        if found is not None:
            low[cell], high[cell] = found
    return low, high
