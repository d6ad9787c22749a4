"""What a study could conclude, as lines for a terminal and as JSON."""

import math
from collections.abc import Iterator, Sequence

from convscope.planning.study import Plan, Question
from convscope.planning.verdicts import MOST_RUNS
from convscope.report.document.json_value import JsonValue, published_schema
from convscope.values.figures import count
from convscope.values.gap import Verdict
from convscope.values.inert import inert

_TRUTH_OF = {
    Verdict.ALIGNED: "a team exactly as declared",
    Verdict.PARTIAL: "a team half way to even",
    Verdict.STRUCTURED_BUT_DIFFERENT: "a team with two roles swapped",
}


def plan_lines(question: Question, plans: Sequence[Plan]) -> Iterator[str]:
    """Return the answers for a terminal, a prior after the other."""
    yield (
        f"{'-'.join(map(str, question.members))} team, {count(question.n_runs, 'run')}, alpha {question.alpha:g}, "
        f"margin {question.margin:g}"
    )
    yield (
        f"Assumed: habits between agents and steps vary by a factor of e^{question.noise:g} (one standard deviation),"
        " 4 episodes of 15 steps a run"
    )
    for plan in plans:
        yield from _plan_lines(question, plan)


def plan_document(question: Question, plans: Sequence[Plan]) -> dict[str, JsonValue]:
    """Return the answers as JSON that follows `plan_schema`; a number that was not computed is null."""
    return {
        "schema_version": "1.0",
        "team": list(question.members),
        "runs": question.n_runs,
        "alpha": question.alpha,
        "margin": question.margin,
        "assumed_noise": question.noise,
        "seed": question.seed,
        "priors": [_as_json(plan) for plan in plans],
    }


def plan_schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of `plan_document`, as published in the package."""
    return published_schema("convscope.planning", "plan.schema.json")


def _plan_lines(question: Question, plan: Plan) -> Iterator[str]:
    yield ""
    yield f"Prior {inert(plan.prior)}: {plan.scorable_rows} of {len(question.members)} rows sharp enough to be scored"
    yield f"  Smallest p of specificity: {plan.specificity_p:.2g}; of alignment: {plan.alignment_p:.2g}"
    if plan.runs_for_tests is None:
        yield "  No number of runs lets both tests reach the level: every study of it is insufficient-evidence"
        return
    yield f"  {count(question.n_runs, 'run')}: {plan.reach.value}; {plan.runs_for_tests} runs are enough for the tests"
    if plan.smallest_detectable is not None:
        yield f"  Smallest detectable gap: {_gap(plan.smallest_detectable)}"
    needed = dict(plan.runs_needed)
    for verdict, share in plan.power:
        runs = needed[verdict]
        more = f"more than {MOST_RUNS}" if runs is None else str(runs)
        given = f"given to {share:.0%} of studies of {_TRUTH_OF[verdict]}"
        yield f"  {verdict.value}: {given}; 80 % takes {more} runs"


def _gap(gap: float) -> str:
    return "none that was tried" if math.isinf(gap) else f"{gap:.2f} (0 = as declared, 1 = as a role-blind team)"


def _as_json(plan: Plan) -> JsonValue:
    detectable = plan.smallest_detectable
    return {
        "prior": plan.prior,
        "attainable_p": {"specificity": plan.specificity_p, "alignment": plan.alignment_p},
        "runs_for_tests": plan.runs_for_tests,
        "reach": plan.reach.name.lower(),
        "smallest_detectable": None if detectable is None or math.isinf(detectable) else detectable,
        "scorable_rows": plan.scorable_rows,
        "verdicts": {
            verdict.value: {"power": share, "runs_needed": dict(plan.runs_needed)[verdict]}
            for verdict, share in plan.power
        },
    }
