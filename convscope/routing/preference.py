"""Role preference: how a receiving role divides its routing, whatever the composition of the team."""

import numpy as np

from convscope.routing.choice_model import TOLERANCE, Choices, collapse, fit
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import Notice
from convscope.values.preference import RolePreference, are_linked
from convscope.values.routing import RoutingTallies


def role_preference(tallies: RoutingTallies, roles: tuple[str, ...]) -> RolePreference:
    """Fit the role preference of each run (docs/routing.md).

    Model: the weight from receiver i to sender j is proportional to ``θ[role of i, role of j]``; P is θ with rows
    normalised. It is exact under padding, death, changing team size and redrawn teams, where mean weights are biased.

    Parameters
    ----------
    tallies
        Routed weight. A row counts with its own sum over valid senders, which is its number of timesteps under the
        default row policy (each timestep renormalised over valid senders).
    roles
        Names of the roles that ``tallies.roles`` counts.

    Returns
    -------
    RolePreference
        Blank (NaN) cells: sending roles that the receiving role never meets in a choice, such as its own role when it
        has a single member; and whole rows without any choice. Agents without a declared role are left out as
        receivers; as senders they are taken out of the set of choices, which leaves the other preferences as they are
        (in a logit, the odds of two choices do not depend on a third). Rows left with fewer than two senders carry no
        choice. A fit that stopped before it converged says so in ``notices``.

    References
    ----------
    Papke and Wooldridge, Journal of Applied Econometrics 11 (1996); Hunter, Annals of Statistics 32 (2004).
    """
    # One run at a time, so that the last digits of a run do not depend on the runs beside it.
    choices = [_choices(tallies.rows(np.equal(tallies.run, run)), len(roles)) for run in range(len(tallies.runs))]
    fits = [fit(each) for each in choices]
    notices = tuple(
        _not_converged(run, role, float(each.last_change[0, a]))
        for run, each in zip(tallies.runs, fits, strict=True)
        for a, role in enumerate(roles)
        if each.last_change[0, a] > TOLERANCE
    )
    shape = (len(fits), len(roles), len(roles))
    per_run = np.array([each.preference[0] for each in fits]).reshape(shape)
    apart = [_apart(role) for role, is_linked in zip(roles, are_linked(per_run), strict=True) if not is_linked]
    return RolePreference(
        roles=roles,
        runs=tallies.runs,
        per_run=per_run,
        mass=np.array([each.mass[0] for each in choices]).reshape(shape),
        notices=(*notices, *apart),
    )


def by_role(tallies: RoutingTallies, n_roles: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the role of each row's receiver, (K,), its valid senders of each role and their mass, both (K, R)."""
    n_rows, n_agents = tallies.valid.shape
    used = tallies.valid & (tallies.roles >= 0)
    row = np.repeat(np.arange(n_rows), n_agents).reshape(n_rows, n_agents)[used]
    cell: IntArray = row * n_roles + tallies.roles[used]
    # A running count adds one weight at a time: slots that are never valid cannot change the last digits.
    mass = np.bincount(cell, tallies.mass[used], n_rows * n_roles).astype(np.float64)
    counts = np.bincount(cell, minlength=n_rows * n_roles)
    receiving = tallies.roles[np.arange(n_rows), tallies.receiver]
    return receiving, counts.reshape(n_rows, n_roles), mass.reshape(n_rows, n_roles)


def _choices(tallies: RoutingTallies, n_roles: int) -> Choices:
    one_fit = np.zeros(len(tallies.run), dtype=np.int64)
    return collapse(*by_role(tallies, n_roles), fit_of_row=one_fit, n_fits=1)


def _apart(role: str) -> Notice:
    message = (
        f"The mean preference of {role} is not told: no run links some of the roles that it draws on with the others, "
        "so that their odds are unknown."
    )
    return Notice(code="not-computed", message=message, where="routing.preference")


def _not_converged(run: str, role: str, change: float) -> Notice:
    message = f"The role preference of {role} still moved by {change:.1e} in the last step of its fit in run {run}."
    return Notice(code="not-converged", message=message, where="routing.preference")
