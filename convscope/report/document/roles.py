"""The roles that were found."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.report.document.segments import segments_part
from convscope.values.roles import AgentClasses, RecoveryScores, RoleAssignment, RoleProfile
from convscope.values.segments import Segments


def roles_part(roles: RoleAssignment, segments: Segments | None) -> JsonValue:
    """Return roles among units, classes of agents, profiles, recovery, and roles within episodes."""
    return {
        "k": roles.k,
        "k_agents": roles.k_agents,
        "k1_rejected": roles.k1_rejected,
        "stability": roles.stability,
        "classes": [_classes(classes) for classes in roles.classes],
        "profiles": [_profile(profile) for profile in roles.profiles],
        "recovery": _recovery(roles.recovery) if roles.recovery else None,
        "switching_rate": segments.switching_rate if segments else None,
        "segments": segments_part(segments),
        "explained": None,
    }


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
        "exemplars": [
            {"run": run, "checkpoint": checkpoint, "episode": episode, "agent": agent}
            for run, checkpoint, episode, agent in profile.exemplars
        ],
    }


def _recovery(recovery: RecoveryScores) -> JsonValue:
    return {
        "ami": recovery.ami,
        "ari": recovery.ari,
        "homogeneity": recovery.homogeneity,
        "completeness": recovery.completeness,
    }
