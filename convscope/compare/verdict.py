"""What the evidence allows to say, and why, in words."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from convscope.compare.nulls import Outcome, Specificity
from convscope.routing.intervals import FEWEST_RUNS, Interval
from convscope.values.gap import Verdict

Reasons = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that the verdict rests on."""

    n_runs: int
    why_unscored: str
    """Why no row can be scored against the prior; empty when one can."""
    specificity: Specificity | None
    alignment: Outcome | None
    gap: Interval | None
    """90 % Student-t interval of g over runs: two one-sided 5 % tests."""
    strength: Interval | None
    """95 % Student-t interval of λ over runs."""
    multiplicity: float | None
    """Scaled by T_U; its root is on the scale of g."""
    multiplicity_p: float | None
    smallest_detectable: float | None
    """Infinity when no gap would be shown."""
    runs_needed: int | None
    relabelling: str
    """In words, the relabelling of roles under which P is nearest to the prior."""
    foreign: float | None
    alpha: float
    margin: float


def decide(findings: Findings) -> tuple[Verdict, Reasons]:
    """Return the first verdict of the ladder of docs/gap.md that applies, and its reasons.

    ``insufficient-evidence`` → ``no-role-structure`` → ``multiple-conventions`` → ``aligned`` → ``partial`` →
    ``structured-but-different`` → ``inconclusive``.
    """
    for verdict, reasons_for in _LADDER:
        reasons = reasons_for(findings)
        if reasons:
            return verdict, reasons
    return Verdict.INCONCLUSIVE, _open(findings)


def _insufficient(findings: Findings) -> Reasons:
    reasons: list[str] = []
    if findings.why_unscored:
        reasons.append(f"Alignment cannot be scored: {findings.why_unscored}.")
    if findings.n_runs < FEWEST_RUNS:
        runs = "1 run says" if findings.n_runs == 1 else f"{findings.n_runs} runs say"
        reasons.append(f"{runs} nothing about further runs: these runs only.")
    reasons += _out_of_reach(findings)
    smallest = findings.smallest_detectable
    # Runs of several conventions differ much, too: that spread is a finding, not noise.
    if smallest is not None and smallest > 1 and not _several(findings):
        size = "any size that was tried" if math.isinf(smallest) else f"less than {smallest:.2f}"
        reasons.append(f"The runs differ too much: a gap of {size} would be missed in over a fifth of such studies.")
    if reasons and findings.runs_needed is not None:
        lower = "at least " if findings.n_runs < FEWEST_RUNS else ""
        reasons.append(f"It takes {lower}{findings.runs_needed} runs in all.")
    return tuple(reasons)


def _out_of_reach(findings: Findings) -> Reasons:
    specificity, alignment, alpha = findings.specificity, findings.alignment, findings.alpha
    reasons: list[str] = []
    if specificity is not None and specificity.attainable_p > alpha:
        reasons.append(_out_of_reach_words("Specificity", alpha, specificity.attainable_p))
    # Of a test that was rejected nobody can say that it could not have been.
    elif specificity is not None and specificity.as_declared_p > alpha and specificity.p_value > alpha:
        words = _out_of_reach_words("Specificity", alpha, specificity.as_declared_p)
        reasons.append(
            f"{words[:-1]} for a team with the symmetries of the prior"
            f" ({specificity.attainable_p:.2g} for one with none)."
        )
    if alignment is not None and alignment.attainable_p > alpha:
        reasons.append(_out_of_reach_words("Alignment", alpha, alignment.attainable_p))
    return tuple(reasons)


def _out_of_reach_words(name: str, alpha: float, smallest: float) -> str:
    return f"{name} could not have reached p ≤ {alpha:g}: its smallest p is {smallest:.2g}."


def _no_structure(findings: Findings) -> Reasons:
    test = findings.specificity
    if test is None or test.p_value <= findings.alpha or (_is_blind_to_runs(test, findings) and _several(findings)):
        return ()
    return (f"Relabelled agents show as much role structure in their routing (specificity p = {test.p_value:.2g}).",)


def _is_blind_to_runs(test: Specificity, findings: Findings) -> bool:
    """Whether only structure that the runs share could have been seen: of conventions that differ it sees none."""
    return test.run_wise.attainable_p > findings.alpha


def _several(findings: Findings) -> Reasons:
    """Above the null, and enough to tell on the scale of g: smaller differences would still let each run be aligned."""
    value, p_value = findings.multiplicity, findings.multiplicity_p
    if value is None or p_value is None or p_value > findings.alpha or math.sqrt(value) < findings.margin:
        return ()
    return (f"The runs differ more than runs of one convention would (multiplicity p = {p_value:.2g}).",)


def _aligned(findings: Findings) -> Reasons:
    if findings.gap is None or findings.gap[1] >= findings.margin:
        return ()
    return (f"The gap is below the margin of {findings.margin:g} declared in advance: {_gap(findings)}.",)


def _partial(findings: Findings) -> Reasons:
    test, strength = findings.alignment, findings.strength
    if test is None or test.p_value > findings.alpha or strength is None or strength[0] <= 0:
        return ()
    return (
        f"Routing is nearer to the prior than relabelled agents are (alignment p = {test.p_value:.2g}).",
        f"It shows {strength[0]:.0%} to {strength[1]:.0%} of the declared structure.",
        f"The gap is not below the margin of {findings.margin:g}: {_gap(findings)}.",
    )


def _different(findings: Findings) -> Reasons:
    test = findings.alignment
    if test is None or test.p_value <= findings.alpha or findings.gap is None or findings.gap[0] <= findings.margin:
        return ()
    foreign = () if findings.foreign is None else (f"{findings.foreign:.0%} of its structure is not the declared one.",)
    return (
        f"Routing has roles, but is no nearer to the prior than relabelled agents (alignment p = {test.p_value:.2g}).",
        f"The gap is above the margin of {findings.margin:g}: {_gap(findings)}.",
        *((findings.relabelling,) if findings.relabelling else ()),
        *foreign,
    )


def _open(findings: Findings) -> Reasons:
    more = "" if findings.runs_needed is None else f" About {findings.runs_needed} runs in all would tell."
    return (f"The gap is on neither side of the margin of {findings.margin:g}: {_gap(findings)}.{more}",)


def _gap(findings: Findings) -> str:
    if findings.gap is None:
        return "no interval"
    return f"90 % interval {max(0.0, findings.gap[0]):.2f} to {findings.gap[1]:.2f}"


_LADDER: tuple[tuple[Verdict, Callable[[Findings], Reasons]], ...] = (
    (Verdict.INSUFFICIENT_EVIDENCE, _insufficient),
    (Verdict.NO_ROLE_STRUCTURE, _no_structure),
    (Verdict.MULTIPLE_CONVENTIONS, _several),
    (Verdict.ALIGNED, _aligned),
    (Verdict.PARTIAL, _partial),
    (Verdict.STRUCTURED_BUT_DIFFERENT, _different),
)
