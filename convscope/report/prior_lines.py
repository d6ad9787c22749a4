"""What a prior says of a log, as lines for a terminal."""

from collections.abc import Iterator

import numpy as np

from convscope.compare.prior_check import CheckedRow, PriorCheck
from convscope.values.figures import count
from convscope.values.inert import inert
from convscope.values.prior import RolePrior


def check_lines(prior: RolePrior, check: PriorCheck) -> Iterator[str]:
    """Return who is who, what is declared, what can be scored, and what could be significant."""
    for role, agents in check.members:
        yield f"{inert(role)}: {_names(agents) if agents else 'as the log labels its agents'}"
    if check.undeclared and prior.role_of:
        yield f"Without a role: {_names(check.undeclared)}"
    yield from map(_row, check.rows)
    n_left = len(prior.roles) - len(check.rows)
    if n_left:
        yield f"Routing of {count(n_left, 'role')} is not declared and not scored"
    for order in prior.orders:
        yield f"Order: {inert(order.receiver)} attends {inert(' > '.join(order.roles))}"
    for edge in prior.edges:
        kind = "required" if edge.is_required else "forbidden"
        yield f"Edge {kind}: {inert(edge.receiver)} draws on {inert(edge.sender)}"
    for each in prior.behaviours:
        known = " (NOT a feature of this log)" if each.feature in check.unknown_features else ""
        yield f"Behaviour: {inert(each.feature)} of {inert(each.role)} is {'high' if each.is_high else 'low'}{known}"
    yield from _tests(check)


def _tests(check: PriorCheck) -> Iterator[str]:
    runs = count(check.n_runs, "run")
    if check.n_relabellings is None:
        yield f"{runs}; roles are redrawn between episodes"
    else:
        ways = count(check.n_relabellings, "way")
        # Whatever the roles do, a prior that declares no routing has nothing that they could leave as it is.
        alike = "" if check.alignment_p is None else f", {check.n_automorphisms:,} of which leave the prior as it is"
        yield f"{runs}; agents can hold each other's roles in {ways}{alike}"
    if check.n_draws is not None:
        finest = f"{1 / (1 + check.n_draws):.2g}"
        yield f"The tests draw {check.n_draws:,} of the ways of all runs together: no p is below {finest}"
    alignment = "not scored" if check.alignment_p is None else f"{check.alignment_p:.2g}"
    yield f"Smallest p of specificity: {check.specificity_p:.2g}; of alignment: {alignment}"
    if check.n_runs < 3:
        yield "1 or 2 runs are insufficient evidence whatever they show"
    if check.runs_needed is not None:
        yield f"Both tests can reach alpha = {check.alpha:g} with {check.runs_needed} runs or more"
    else:
        yield "No number of runs lets alignment be tested with this prior"


def _row(row: CheckedRow) -> str:
    shares = ", ".join(f"{inert(role)} {share:.0%}" for role, share in row.shares)
    if not np.isfinite(row.sharpness):
        return f"Row of {inert(row.role)}: NOT scorable, fewer than two of its cells can be seen"
    verdict = "scorable" if row.is_scorable else "NOT scorable, nearly even"
    return f"Row of {inert(row.role)}: {shares}; {row.sharpness:.4f} bit from even, {verdict}"


def _names(agents: tuple[str, ...]) -> str:
    return inert(", ".join(agents), limit=300)
