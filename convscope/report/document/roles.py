"""The roles that were found."""

from convscope.report.document.explained import explained_part
from convscope.report.document.json_value import JsonValue, matrix
from convscope.report.document.policy import policy_part
from convscope.report.document.segments import segments_part
from convscope.values.diversity import Diversity
from convscope.values.evidence import Evidence
from convscope.values.roles import AgentClasses, RecoveryScores, RoleMatching, RoleProfile, UnitName


def roles_part(evidence: Evidence) -> JsonValue:
    """Return roles among units and within them, classes of agents, profiles, recovery and diversity."""
    roles, segments = evidence.roles, evidence.segments
    return {
        "k": roles.k,
        "k_agents": roles.k_agents,
        "k1_rejected": roles.k1_rejected,
        "stability": roles.stability,
        "candidates": [
            {"k": each.k, "separation_p": each.separation_p, "strength": each.strength, "confirmed": each.is_confirmed}
            for each in roles.candidates
        ],
        "classes": [_classes(classes) for classes in roles.classes],
        "policy": policy_part(evidence.policy),
        "profiles": [_profile(profile) for profile in roles.profiles],
        "recovery": _recovery(roles.recovery) if roles.recovery else None,
        "matching": _matching(roles.matching) if roles.matching else None,
        "diversity": _diversity(evidence.diversity),
        "switching_rate": segments.switching_rate if segments else None,
        "segments": segments_part(segments),
        "explained": explained_part(evidence.explained),
    }


def _diversity(diversity: Diversity) -> JsonValue:
    return [
        {
            "measure": figure.measure.value,
            "basis": figure.basis.value,
            "value": figure.value,
            "interval": list(figure.interval),
            "floor": figure.floor,
            "chance": figure.null,
            "p_value": figure.p_value,
            "p_corrected": p_corrected,
            "members": list(figure.members),
        }
        for figure, p_corrected in zip(diversity.figures, diversity.corrected_p, strict=True)
    ]


def _classes(classes: AgentClasses) -> JsonValue:
    return {
        "run": classes.run,
        "checkpoint": classes.checkpoint,
        "members": list(classes.members),
        "class_of": list(classes.class_of),
        "p_values": matrix(classes.p_value),
        "attainable_p": classes.attainable_p,
    }


def _profile(profile: RoleProfile) -> JsonValue:
    return {
        "role": profile.role,
        "label": profile.label,
        "size": profile.size,
        "features": [
            {
                "name": feature.name,
                "unit": feature.unit,
                "effect": feature.effect,
                "mean": feature.mean,
                "other_mean": feature.other_mean,
            }
            for feature in profile.features
        ],
        "exemplars": [_unit(unit) for unit in profile.exemplars],
        "borderline": [
            {**_unit(each.unit), "confidence": each.confidence, "next_role": each.next_role}
            for each in profile.borderline
        ],
    }


def _unit(unit: UnitName) -> dict[str, JsonValue]:
    run, checkpoint, episode, agent = unit
    return {"run": run, "checkpoint": checkpoint, "episode": episode, "agent": agent}


def _recovery(recovery: RecoveryScores) -> JsonValue:
    return {
        "ami": recovery.ami,
        "ari": recovery.ari,
        "homogeneity": recovery.homogeneity,
        "completeness": recovery.completeness,
    }


def _matching(matching: RoleMatching) -> JsonValue:
    return {
        "share": matching.share,
        "matches": [
            {
                "declared": match.declared,
                "found": match.found,
                "share_of_declared": match.share_of_declared,
                "share_of_found": match.share_of_found,
            }
            for match in matching.matches
        ],
        "merged": [{"found": found, "declared": list(declared)} for found, declared in matching.merged],
        "split": [{"declared": declared, "found": list(found)} for declared, found in matching.split],
        "foreign": list(matching.foreign),
    }
