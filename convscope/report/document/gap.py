"""The translation gap."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.conventions import Conventions, CrossPlay, Renaming
from convscope.values.gap import Component, DeclaredAgreement, Gap, NullRange
from convscope.values.returns import GapAndReturn


def gap_part(gap: Gap, beside_returns: GapAndReturn | None) -> JsonValue:
    """Return components, verdict and reasons."""
    return {
        "components": {component.name: _component(component) for component in gap.components},
        "composite": None if gap.composite is None else _component(gap.composite),
        "verdict": gap.verdict.value,
        "subject": gap.subject.value,
        "reasons": list(gap.reasons),
        "smallest_detectable": gap.smallest_detectable,
        "runs_needed": gap.runs_needed,
        "roles": list(gap.roles),
        "declared": None if gap.declared is None else matrix(gap.declared),
        "declared_agreement": None if gap.agreement is None else _agreement(gap.agreement),
        "conventions": None if gap.conventions is None else _conventions(gap.conventions),
        "renaming": None if gap.renaming is None else _renaming(gap.renaming),
        "symmetries": {"count": gap.n_symmetries, "renamings": [list(each) for each in gap.symmetries]},
        "outlook": list(gap.outlook),
        "returns": None if beside_returns is None else _returns(beside_returns),
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


def _conventions(conventions: Conventions) -> JsonValue:
    return {
        "found": [
            {
                "runs": list(each.runs),
                "preference": matrix(each.preference),
                "gap": each.gap,
                "renaming": _renaming(each.renaming),
            }
            for each in conventions.found
        ],
        "null": None if conventions.null is None else conventions.null.value,
        "p_value": conventions.p_value,
        "runs": list(conventions.runs),
        "distance": matrix(conventions.distance),
        "crossplay": None if conventions.crossplay is None else _crossplay(conventions.crossplay),
    }


def _renaming(renaming: Renaming) -> JsonValue:
    return {
        "behaves_as": list(renaming.behaves_as),
        "gap": renaming.gap,
        "certainty": renaming.certainty,
        "n_equal": renaming.n_equal,
    }


def _crossplay(played: CrossPlay) -> JsonValue:
    return {
        "runs": list(played.runs),
        "distance": matrix(played.distance),
        "within": played.within,
        "between": played.between,
        "p_value": played.p_value,
        "correlation": played.correlation,
        "correlation_p": played.correlation_p,
    }


def _component(component: Component) -> JsonValue:
    return {
        "value": component.value,
        "interval": list(component.interval) if component.interval else None,
        "interval_kind": component.interval_kind,
        "null": None if component.null is None else _null(component.null),
        "p_value": component.p_value,
        "attainable_p": component.attainable_p,
        "scorable": component.scorable,
        "why": component.why,
        "parts": dict(component.parts),
        "runs": dict(component.per_run),
        "parts_by_run": {what: dict(runs) for what, runs in component.parts_by_run},
        "effect": component.effect or None,
    }


def _null(null: NullRange) -> JsonValue:
    return {"mean": null.mean, "low": null.low, "high": null.high}


def _returns(found: GapAndReturn) -> JsonValue:
    return {
        "correlation": found.correlation,
        "interval": list(found.interval) if found.interval else None,
        "p_value": found.p_value,
        "runs": [{"run": run, "gap": value, "mean_return": mean} for run, value, mean in found.runs],
    }
