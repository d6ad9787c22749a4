"""The translation gap."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.gap import Component, DeclaredAgreement, Gap


def gap_part(gap: Gap) -> JsonValue:
    """Return components, verdict and reasons."""
    return {
        "components": {component.name: _component(component) for component in gap.components},
        "composite": None,
        "verdict": gap.verdict.value,
        "reasons": list(gap.reasons),
        "smallest_detectable": gap.smallest_detectable,
        "runs_needed": gap.runs_needed,
        "roles": list(gap.roles),
        "declared": None if gap.declared is None else matrix(gap.declared),
        "declared_agreement": None if gap.agreement is None else _agreement(gap.agreement),
        "learned": None if gap.learned is None else matrix(gap.learned),
    }


def _agreement(agreement: DeclaredAgreement) -> JsonValue:
    return {
        "correlation": agreement.correlation,
        "p_value": agreement.p_value,
        "partial_correlation": agreement.partial_correlation,
        "partial_p_value": agreement.partial_p_value,
        "controls": list(agreement.controls),
    }


def _component(component: Component) -> JsonValue:
    return {
        "value": component.value,
        "interval": list(component.interval) if component.interval else None,
        "interval_kind": component.interval_kind,
        "p_value": component.p_value,
        "attainable_p": component.attainable_p,
        "scorable": component.scorable,
        "why": component.why,
        "parts": dict(component.parts),
    }
