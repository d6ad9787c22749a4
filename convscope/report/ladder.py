"""The ladder of verdicts, with the step that decided."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.gap import Subject, Verdict


class Standing(StrEnum):
    """How a step of the ladder came out; the name is the step's class in the style sheet."""

    PASSED = "passed"
    DECIDED = "decided"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A question of the ladder."""

    question: str
    answer: str
    """Empty where the ladder ended before."""
    standing: Standing


_QUESTIONS = (
    (Verdict.INSUFFICIENT_EVIDENCE, "Is there enough evidence?", "no", "yes"),
    (Verdict.NO_ROLE_STRUCTURE, "Does routing show roles at all?", "no", "yes"),
    (Verdict.MULTIPLE_CONVENTIONS, "Do all runs share one convention?", "no", "yes"),
    (Verdict.ALIGNED, "Is the gap below the margin?", "yes", "no"),
    (Verdict.PARTIAL, "Is it nearer to the prior than chance?", "yes", "no"),
    (Verdict.STRUCTURED_BUT_DIFFERENT, "Is the gap above the margin?", "yes", "no"),
)
"""Each with the answer that ends the ladder there, and the one that leads on."""


_OF_ROLES = (
    (Verdict.INSUFFICIENT_EVIDENCE, "Is there enough evidence?", "no", "yes"),
    (Verdict.NO_ROLE_STRUCTURE, "Does behaviour show roles at all?", "no", "yes"),
    (Verdict.ALIGNED, "Are they the declared ones, within the margin?", "yes", "no"),
    (Verdict.PARTIAL, "Do they follow the declared ones beyond chance?", "yes", "no"),
    (Verdict.STRUCTURED_BUT_DIFFERENT, "Do they miss more than the margin?", "yes", "no"),
)
"""The same where the verdict is about roles."""


def ladder(verdict: Verdict, subject: Subject = Subject.ROUTING) -> tuple[Step, ...]:
    """Return the questions in the order in which they are asked, with their answers."""
    questions = _OF_ROLES if subject is Subject.ROLES else _QUESTIONS
    place = [*(each[0] for each in questions), Verdict.INCONCLUSIVE].index(verdict)
    return tuple(
        Step(
            question=question,
            answer=ending if number == place else onward if number < place else "",
            standing=Standing.DECIDED if number == place else Standing.PASSED if number < place else Standing.UNASKED,
        )
        for number, (_, question, ending, onward) in enumerate(questions)
    )
