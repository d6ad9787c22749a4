"""The roles within episodes."""

from convscope.report.document.json_value import JsonValue
from convscope.values.segments import Segments


def segments_part(segments: Segments | None) -> JsonValue:
    """Return who switches, how long roles last, and what their numbers stand for; None when there was no test."""
    if segments is None or not segments.tests:
        return None
    return {
        "tests": [
            {
                "run": test.run,
                "checkpoint": test.checkpoint,
                "agent": test.agent,
                "partner": test.partner,
                "p_value": test.p_value,
                "significant": test.significant,
                "n_episodes": test.n_episodes,
                "n_switched": test.n_switched,
            }
            for test in segments.tests
        ],
        "dwell": [{"role": dwell.role, "steps": dwell.steps, "share": dwell.share} for dwell in segments.dwell],
        "kinds": [{"role": role, "meaning": meaning} for role, meaning in segments.kinds],
    }
