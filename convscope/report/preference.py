"""Role preference as it was learned, as it was declared, and the difference."""

import numpy as np

from convscope.report.matrix import Matrix, amounts, differences, largest
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.evidence import Evidence
from convscope.values.routing import RolePreference, edge_matrix


def preference_matrices(evidence: Evidence) -> tuple[Matrix, ...]:
    """Return the matrices that the log and the prior afford: learned, declared, difference. Row = receiving role."""
    preference = evidence.routing.preference if evidence.routing else None
    if preference is None or not np.isfinite(preference.matrix).any():
        return ()
    learned, declared = preference.matrix, _declared(evidence, preference)
    top = max(largest(learned), largest(declared)) if declared is not None else largest(learned)
    first = amounts(learned, preference.roles, title="Learned", note=_learned_note(preference), top=top, decimals=2)
    if declared is None:
        return (first,)
    second = amounts(
        declared, preference.roles, title="Declared", note="From the prior, over the same cells.", top=top, decimals=2
    )
    third = differences(
        learned - declared,
        preference.roles,
        title="Learned − declared",  # noqa: RUF001  the sign that people read
        note="Hatched: the runs do not agree on the sign."
        if len(preference.runs) > 1
        else "One run: no spread is known.",
        uncertain=_disagree(preference.per_run - declared),
    )
    return first, second, third


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
    return "Mean over runs." if n > 1 else "One run."


def _disagree(differences_by_run: FloatArray) -> BoolArray:
    known = np.isfinite(differences_by_run)
    above = ((differences_by_run > 0) & known).any(axis=0)
    below = ((differences_by_run < 0) & known).any(axis=0)
    return np.logical_and(above, below)
