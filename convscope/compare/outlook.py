"""What would change the verdict: more runs, a sharper prior, a larger team, another margin."""

from convscope.compare.verdict import Findings
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.gap import Verdict


def outlook(verdict: Verdict, findings: Findings, *, n_symmetries: int, is_single: bool) -> tuple[str, ...]:
    """Return what would lead to another verdict, in sentences.

    Parameters
    ----------
    verdict
        The one that was given.
    findings
        All that it rests on.
    n_symmetries
        Renamings of roles that leave the prior as it is.
    is_single
        Whether some declared role has a single member.
    """
    told = {
        Verdict.INSUFFICIENT_EVIDENCE: _more_evidence,
        Verdict.NO_ROLE_STRUCTURE: _structure,
        Verdict.MULTIPLE_CONVENTIONS: _one_convention,
        Verdict.ALIGNED: _aligned,
        Verdict.PARTIAL: _partial,
        Verdict.STRUCTURED_BUT_DIFFERENT: _different,
        Verdict.INCONCLUSIVE: _undecided,
    }[verdict](findings)
    is_short = _is_out_of_reach(findings) and not findings.why_unscored
    symmetric = f"A prior that tells its roles apart would need fewer runs: {n_symmetries} renamings leave it as it is."
    single = "Two agents a role would let each run be tested on its own."
    return (
        *told,
        *((symmetric,) if is_short and n_symmetries > 1 else ()),
        *((single,) if is_short and is_single else ()),
    )


def _is_out_of_reach(findings: Findings) -> bool:
    tests = (findings.specificity, findings.alignment)
    declared = findings.specificity is not None and findings.specificity.as_declared_p > findings.alpha
    return declared or any(test is not None and test.attainable_p > findings.alpha for test in tests)


def _more_evidence(findings: Findings) -> tuple[str, ...]:
    if findings.why_unscored:
        return ("Declare shares of routing for a role whose row is not nearly even, and log weights between agents.",)
    if findings.runs_needed is not None and findings.runs_needed > findings.n_runs:
        least = "at least " if findings.n_runs < FEWEST_RUNS else ""
        return (f"More runs: {least}{findings.runs_needed} in all instead of {findings.n_runs}.",)
    return ("Runs that differ less, or more of them: the smallest gap that would show is larger than 1.",)


def _structure(findings: Findings) -> tuple[str, ...]:
    smallest = findings.smallest_detectable
    weakest = "" if smallest is None or smallest > 1 else f" (of gaps, {smallest:.2f} would show)"
    return (f"Routing that differs more between roles than between agents of one role, or more runs{weakest}.",)


def _one_convention(findings: Findings) -> tuple[str, ...]:
    del findings
    return ("Each convention analysed on its own, with enough runs of it; or training that leads all runs to one.",)


def _aligned(findings: Findings) -> tuple[str, ...]:
    return () if findings.gap is None else (f"A margin below {findings.gap[1]:.2f}, had it been declared in advance.",)


def _partial(findings: Findings) -> tuple[str, ...]:
    if findings.gap is None:
        return ()
    margin = f"A margin above {findings.gap[1]:.2f}, had it been declared in advance, would make it aligned."
    middle = sum(findings.gap) / 2
    if middle < findings.margin and findings.runs_needed is not None:
        return (f"About {findings.runs_needed} runs like these in all would show a gap below the margin.", margin)
    return (f"The gap itself would have to shrink: its middle, {middle:.2f}, is not below the margin.", margin)


def _different(findings: Findings) -> tuple[str, ...]:
    if findings.relabelling:
        return (f"A prior with the roles so renamed, tested on new runs. {findings.relabelling}",)
    return ("A prior that declares this structure, tested on new runs.",)


def _undecided(findings: Findings) -> tuple[str, ...]:
    if findings.runs_needed is None:
        return ("The gap lies at the margin: no number of runs like these would decide.",)
    return (f"About {findings.runs_needed} runs like these in all instead of {findings.n_runs}.",)
