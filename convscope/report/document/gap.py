"""The translation gap."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.gap import Component, Gap

COMPONENTS = ("alignment", "dilution", "foreign", "recovery", "behaviour", "multiplicity", "stability")
"""Every component that the document names, computed or not."""


def gap_part(gap: Gap) -> JsonValue:
    """Return components, verdict and reasons."""
    return {
        "components": {component.name: _component(component) for component in all_components(gap)},
        "composite": _composite(gap.composite) if gap.composite else None,
        "verdict": gap.verdict.value,
        "reasons": list(gap.reasons),
        "smallest_detectable": gap.smallest_detectable,
        "runs_needed": gap.runs_needed,
        "roles": list(gap.roles),
        "declared": None if gap.declared is None else matrix(gap.declared),
        "learned": None if gap.learned is None else matrix(gap.learned),
    }


def all_components(gap: Gap) -> tuple[Component, ...]:
    """Return a component of each name, in order; one that was not computed has no value and says so."""
    computed = {component.name: component for component in gap.components}
    return tuple(
        computed.get(name, Component(name=name, value=None, why="not computed by this version")) for name in COMPONENTS
    )


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


def _composite(composite: Component) -> JsonValue:
    return {"value": composite.value, "interval": list(composite.interval) if composite.interval else None}
