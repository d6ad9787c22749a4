"""The verdict on a prior that declares roles but no routing: whether behaviour shows the declared roles."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.compare.verdict import Reasons
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.gap import Component, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFindings:
    """All that the verdict rests on."""

    n_runs: int
    n_found: int | None
    """Roles found in behaviour; None where nothing could be grouped."""
    recovery: Component
    alpha: float
    margin: float


def decide_roles(findings: RoleFindings) -> tuple[Verdict, Reasons]:
    """Return the first verdict of the ladder of docs/gap.md that applies to roles, and its reasons.

    ``insufficient-evidence`` → ``no-role-structure`` → ``aligned`` → ``partial`` → ``structured-but-different`` →
    ``inconclusive``.
    """
    for verdict, reasons_for in _LADDER:
        reasons = reasons_for(findings)
        if reasons:
            return verdict, reasons
    return Verdict.INCONCLUSIVE, (
        (
            f"The found roles follow the declared ones no more than chance would ({_p(findings)}), but how much they "
            f"miss lies on neither side of the margin of {findings.margin:g}: {_interval(findings)}."
        ),
    )


def roles_outlook(verdict: Verdict, findings: RoleFindings) -> tuple[str, ...]:
    """Return what would lead to another verdict, in sentences."""
    routing = "Shares of routing in the prior, to have the routing judged as well."
    more = f"More runs than {findings.n_runs}." if findings.n_runs >= FEWEST_RUNS else "Three runs or more."
    told = {
        Verdict.INSUFFICIENT_EVIDENCE: (more,) if findings.recovery.value is not None else (),
        Verdict.NO_ROLE_STRUCTURE: ("Behaviour that differs more between agents, or features that show it.",),
        Verdict.STRUCTURED_BUT_DIFFERENT: ("A prior that declares the roles that were found, tested on new runs.",),
        Verdict.INCONCLUSIVE: (more,),
    }
    return (*told.get(verdict, ()), routing)


def _insufficient(findings: RoleFindings) -> Reasons:
    recovery = findings.recovery
    reasons: list[str] = []
    if recovery.value is None:
        reasons.append(f"Role recovery cannot be scored: {recovery.why}.")
    if findings.n_runs < FEWEST_RUNS:
        runs = "1 run says" if findings.n_runs == 1 else f"{findings.n_runs} runs say"
        reasons.append(f"{runs} nothing about further runs: these runs only.")
    if recovery.attainable_p is not None and recovery.attainable_p > findings.alpha:
        smallest = f"its smallest p is {recovery.attainable_p:.2g}"
        reasons.append(f"Recovery could not have reached p ≤ {findings.alpha:g}: {smallest}.")
    return tuple(reasons)


def _no_structure(findings: RoleFindings) -> Reasons:
    if findings.n_found != 1:
        return ()
    return (
        "One role is enough for all that the agents do: there is none to hold against the declared ones.",
        "Roles that all agents pass through alike, within every episode, would not be seen.",
    )


def _aligned(findings: RoleFindings) -> Reasons:
    interval = findings.recovery.interval
    if not _is_recovered(findings) or interval is None or interval[1] >= findings.margin:
        return ()
    return (
        f"The found roles follow the declared ones beyond chance ({_p(findings)}).",
        f"What they miss is below the margin of {findings.margin:g} declared in advance: {_interval(findings)}.",
    )


def _partial(findings: RoleFindings) -> Reasons:
    if not _is_recovered(findings):
        return ()
    return (
        f"The found roles follow the declared ones beyond chance ({_p(findings)}).",
        f"What they miss is not below the margin of {findings.margin:g}: {_interval(findings)}.",
    )


def _different(findings: RoleFindings) -> Reasons:
    interval = findings.recovery.interval
    if interval is None or interval[0] <= findings.margin:
        return ()
    return (
        (
            f"Behaviour shows {findings.n_found} roles, but they follow the declared ones no more than those of "
            f"relabelled agents do ({_p(findings)})."
        ),
        f"What they miss is above the margin of {findings.margin:g}: {_interval(findings)}.",
    )


def _is_recovered(findings: RoleFindings) -> bool:
    return findings.recovery.p_value is not None and findings.recovery.p_value <= findings.alpha


def _p(findings: RoleFindings) -> str:
    p_value = findings.recovery.p_value
    return "no p" if p_value is None else f"recovery p = {p_value:.2g}"


def _interval(findings: RoleFindings) -> str:
    interval = findings.recovery.interval
    return "no interval" if interval is None else f"95 % interval {interval[0]:.2f} to {interval[1]:.2f}"


_LADDER: tuple[tuple[Verdict, Callable[[RoleFindings], Reasons]], ...] = (
    (Verdict.INSUFFICIENT_EVIDENCE, _insufficient),
    (Verdict.NO_ROLE_STRUCTURE, _no_structure),
    (Verdict.ALIGNED, _aligned),
    (Verdict.PARTIAL, _partial),
    (Verdict.STRUCTURED_BUT_DIFFERENT, _different),
)
