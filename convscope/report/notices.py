"""Everything that changes how the results should be read: what the stages noted, and what the document leaves null."""

from collections.abc import Iterator

from convscope.values.evidence import Evidence
from convscope.values.header import Notice

NOT_COMPUTED = "not-computed"
NOT_APPLICABLE = "not-applicable"


def all_notices(evidence: Evidence) -> tuple[Notice, ...]:
    """Return the stages' notices and one for each null that no stage speaks of, sorted, without repeats."""
    spoken_of = {notice.where for notice in evidence.notices}
    own = [notice for notice in _nulls(evidence) if notice.where not in spoken_of]
    distinct = dict.fromkeys([*evidence.notices, *own])
    return tuple(sorted(distinct, key=lambda notice: (notice.code, notice.where or "", notice.message)))


def _nulls(evidence: Evidence) -> Iterator[Notice]:
    if evidence.segments is None or evidence.segments.switching_rate is None:
        yield _not_computed("roles.switching_rate", "Roles could not be followed within episodes: no switching rate.")
    yield from _explained_nulls(evidence)
    if evidence.policy.change_points is None:
        yield _not_computed("drift", "No change of policy is looked for within runs.")
    if not evidence.policy.runs:
        yield _not_computed("roles.policy", "What agents do given what they see is not compared.")
    yield from _routing_nulls(evidence)
    if evidence.messages is None:
        yield Notice(code=NOT_APPLICABLE, message="No messages were measured.", where="messages")
    yield from _gap_nulls(evidence)
    if all(mean.mean is None for mean in evidence.returns):
        yield Notice(code=NOT_APPLICABLE, message="The log holds no rewards.", where="log.returns")


def _explained_nulls(evidence: Evidence) -> Iterator[Notice]:
    explained = evidence.explained
    if explained is None:
        message = "One role was found, or none, or too few episodes: there is nothing that could be explained."
        yield Notice(code=NOT_APPLICABLE, message=message, where="roles.explained")
        return
    if explained.declared is None:
        message = "Without declared roles they explain nothing."
        yield Notice(code=NOT_APPLICABLE, message=message, where="roles.explained.declared")
    if explained.situation is None:
        message = "Nothing is logged by which the agents' starting situations could be compared."
        yield Notice(code=NOT_APPLICABLE, message=message, where="roles.explained.situation")


def _routing_nulls(evidence: Evidence) -> Iterator[Notice]:
    if evidence.routing is None:
        yield Notice(code=NOT_APPLICABLE, message="The log affords no source of routing.", where="routing")
        return
    if evidence.routing.attribution is None:
        message = "No policy is at hand that could be asked what it uses."
        yield Notice(code=NOT_APPLICABLE, message=message, where="routing.attribution")
    if evidence.routing.preference is None:
        message = "Without declared roles there is no preference between roles."
        yield Notice(code=NOT_APPLICABLE, message=message, where="routing.preference")


def _gap_nulls(evidence: Evidence) -> Iterator[Notice]:
    gap = evidence.gap
    if gap is None:
        yield Notice(
            code=NOT_APPLICABLE, message="No prior was given, so there is nothing to compare with.", where="gap"
        )
        return
    for component in gap.components:
        if component.value is None:
            message = f"{component.name}: {component.why}"
            yield Notice(code=NOT_APPLICABLE, message=message, where=f"gap.components.{component.name}")
    if gap.agreement is None:
        message = (
            "Agents have no lasting declared roles and routing that the routing between them could be held against."
        )
        yield Notice(code=NOT_APPLICABLE, message=message, where="gap.declared_agreement")
    if gap.smallest_detectable is None:
        yield _not_computed(
            "gap.smallest_detectable", "The smallest gap that these logs could have shown is not computed."
        )


def _not_computed(where: str, message: str) -> Notice:
    return Notice(code=NOT_COMPUTED, message=message, where=where)
