"""The policy reading."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.policy_reading import ChangePoint, PolicyReading, PolicyRun


def policy_part(policy: PolicyReading) -> JsonValue:
    """Return classes of agents by policy, and the pairs of each run; None where no run could be read."""
    if not policy.runs:
        return None
    return {"k_agents": policy.k_agents, "runs": [_run(run) for run in policy.runs]}


def drift_part(policy: PolicyReading) -> JsonValue:
    """Return the changes of policy within runs; None where none could be looked for."""
    if policy.change_points is None:
        return None
    return {"change_points": [_change(point) for point in policy.change_points]}


def _run(run: PolicyRun) -> JsonValue:
    return {
        "run": run.run,
        "checkpoint": run.checkpoint,
        "members": list(run.members),
        "class_of": list(run.class_of),
        "nats": matrix(run.nats),
        "nats_low": matrix(run.nats_low),
        "nats_high": matrix(run.nats_high),
        "p_values": matrix(run.p_value),
        "overlap": matrix(run.overlap),
        "attainable_p": run.attainable_p,
        "all_nats": run.all_nats,
        "all_interval": None if run.all_interval is None else list(run.all_interval),
        "n_episodes": run.n_episodes,
        "n_decisions": run.n_decisions,
        "stretch": None if run.stretch is None else list(run.stretch),
    }


def _change(point: ChangePoint) -> JsonValue:
    return {
        "run": point.run,
        "checkpoint": point.checkpoint,
        "episode": point.episode,
        "p_value": point.p_value,
        "confidence": point.confidence,
    }
