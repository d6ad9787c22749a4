"""The verdict in plain words. One place, so that page, terminal and audit never say different things."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.config import RoutingSource
from convscope.values.evidence import Evidence
from convscope.values.gap import Gap, Subject, Verdict
from convscope.values.routing import RoutingGraph


class Tone(StrEnum):
    """How a verdict is shown; never by colour alone."""

    FOUND = "found"
    MIXED = "mixed"
    DIFFERENT = "different"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """A verdict as it is read."""

    headline: str
    meaning: str
    """What it says and what it does not."""
    tone: Tone
    reasons: tuple[str, ...] = ()
    """As the comparison gave them, the deciding one first."""


_NO_PRIOR = VerdictWords(
    headline="Described, not judged",
    meaning="No prior was given, so there is nothing to hold the roles and the routing against.",
    tone=Tone.OPEN,
)

_WORDS = {
    Verdict.INSUFFICIENT_EVIDENCE: (
        "Not enough evidence for a verdict",
        "The figures below describe these runs only. They neither show a gap nor rule one out.",
        Tone.OPEN,
    ),
    Verdict.NO_ROLE_STRUCTURE: (
        "No role structure in the routing",
        "Agents route much as a team would that does not know roles; a comparison with the prior says little.",
        Tone.DIFFERENT,
    ),
    Verdict.MULTIPLE_CONVENTIONS: (
        "The runs settled on different conventions",
        "An average over them would describe none of them; look at the runs one by one.",
        Tone.MIXED,
    ),
    Verdict.ALIGNED: (
        "As declared, within the margin",
        "The gap to the declared routing is below the margin that was set in advance.",
        Tone.FOUND,
    ),
    Verdict.PARTIAL: (
        "Partly as declared",
        "The declared routing shows, but weaker or mixed with something else.",
        Tone.MIXED,
    ),
    Verdict.STRUCTURED_BUT_DIFFERENT: (
        "Structured, but not as declared",
        "The team routes by role in a way of its own, further from the prior than the margin allows.",
        Tone.DIFFERENT,
    ),
    Verdict.INCONCLUSIVE: (
        "The evidence does not decide",
        "There is role structure, but the intervals leave room for more than one reading.",
        Tone.OPEN,
    ),
}

_OF_ROLES = {
    Verdict.INSUFFICIENT_EVIDENCE: (
        "Not enough evidence for a verdict on the roles",
        "The figures below describe these runs only. No routing was declared, so none is judged.",
        Tone.OPEN,
    ),
    Verdict.NO_ROLE_STRUCTURE: (
        "No roles in what the agents do",
        "Behaviour does not fall into kinds that could be held against the declared roles.",
        Tone.DIFFERENT,
    ),
    Verdict.ALIGNED: (
        "The declared roles show in behaviour",
        "Found roles are the declared ones within the margin. No routing was declared, so none is judged.",
        Tone.FOUND,
    ),
    Verdict.PARTIAL: (
        "The declared roles show in part",
        "Found roles follow the declared ones but split or merge some. No routing was declared, so none is judged.",
        Tone.MIXED,
    ),
    Verdict.STRUCTURED_BUT_DIFFERENT: (
        "Roles in behaviour, but not the declared ones",
        "Found roles do not follow the declared ones. No routing was declared, so none is judged.",
        Tone.DIFFERENT,
    ),
    Verdict.INCONCLUSIVE: (
        "The evidence does not decide about the roles",
        "Behaviour shows roles, but whether they are the declared ones is open. No routing was declared.",
        Tone.OPEN,
    ),
}
"""The same where the verdict is about roles, as the prior declares no routing."""

_STRONGER = (
    "The declared routing shows, but stronger than declared or mixed with something else: nothing of it is diluted, "
    "and the gap is what goes beyond it."
)


_FROM_SENDERS = frozenset({RoutingSource.INTERVENTION, RoutingSource.POLICY_RESIDUAL, RoutingSource.TRANSFER_ENTROPY})
"""Sources whose claim has the sender as its subject; of the others it is the receiver."""


def claim_words(routing: RoutingGraph, sender: str, receiver: str) -> str:
    """Return what an edge claims, such as ``the sender precedes and predicts the receiver``."""
    if routing.source in _FROM_SENDERS:
        return f"{sender} {routing.claim} {receiver}"
    return f"{receiver} {routing.claim} {sender}"


def verdict_of(evidence: Evidence) -> VerdictWords:
    """Return the verdict of an analysis in words."""
    if evidence.gap is None:
        return _NO_PRIOR
    is_about_roles = evidence.gap.subject is Subject.ROLES
    headline, meaning, tone = (_OF_ROLES if is_about_roles else _WORDS)[evidence.gap.verdict]
    if evidence.gap.verdict is Verdict.PARTIAL and _strength(evidence.gap) > 1:
        meaning = _STRONGER
    return VerdictWords(headline=headline, meaning=meaning, tone=tone, reasons=evidence.gap.reasons)


def _strength(gap: Gap) -> float:
    """Return λ, the share of the declared structure that shows; 0 where it is not known."""
    parts = [part for component in gap.components if component.name == "dilution" for part in component.parts]
    return dict(parts).get("lambda", 0.0)
