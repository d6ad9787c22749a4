"""Whether the routing between agents follows the declared one, beyond who is near, in sight, or there."""

import numpy as np

from convscope.randomness import generator
from convscope.routing.quadratic_assignment import Assignment, beyond_curves, quadratic_assignment, receiver_ranks
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.gap import DeclaredAgreement
from convscope.values.header import Notice
from convscope.values.prior import RolePrior
from convscope.values.routing import RoutingGraph


def declared_agreement(
    prior: RolePrior, routing: RoutingGraph | None, config: AnalysisConfig
) -> DeclaredAgreement | None:
    """Correlate the routing between agents with the declared one, as it is and beyond what else orders the agents.

    Parameters
    ----------
    prior
        Its roles of agents and its matrix. Undeclared cells count as the receiver's mean.
    routing
        With the weights of each run and the controls.
    config
        Its ``seed`` and ``n_permutations``.

    Returns
    -------
    DeclaredAgreement or None
        Of the ranks that a receiver's senders have in the routing. None without a declared matrix, without roles of
        agents, and where slots are filled anew.

    References
    ----------
    Dekker, Krackhardt and Snijders, "Sensitivity of MRQAP tests to collinearity and autocorrelation conditions",
    Psychometrika 72 (2007); Freedman and Lane, "A nonstochastic interpretation of reported significance levels",
    Journal of Business & Economic Statistics 1 (1983).
    """
    if prior.preference is None or not prior.role_of or routing is None or routing.comparison.weights is None:
        return None
    # Weights follow closeness by a curve, as attention does: of such, straight lines leave what looks like roles.
    weights, controls = receiver_ranks(routing.comparison.weights), routing.comparison.controls
    swept = beyond_curves(controls.values())
    declared = np.broadcast_to(_between_agents(prior, prior.preference, routing.agents), weights.shape)
    raw = _assigned(weights, declared, controls=(), config=config)
    beyond = _assigned(weights, declared, controls=swept, config=config) if controls else None
    return DeclaredAgreement(
        correlation=raw.correlation,
        p_value=raw.p_value,
        partial_correlation=beyond.correlation if beyond else None,
        partial_p_value=beyond.p_value if beyond else None,
        controls=tuple(controls),
    )


def agreement_notices(found: DeclaredAgreement | None, alpha: float, *, n_runs: int) -> tuple[Notice, ...]:
    """Return what must be said where the controls explain what looks like the declared routing.

    Parameters
    ----------
    found
        From `declared_agreement`.
    alpha
        Level of the tests.
    n_runs
        Behind the figures; one alone makes the partial test a little too ready (docs/gap.md).
    """
    if found is None or found.p_value is None or found.p_value > alpha or not found.controls:
        return ()
    if found.partial_p_value is not None and found.partial_p_value <= alpha:
        return (_ONE_RUN,) if n_runs == 1 else ()
    message = (
        f"Routing between agents follows the declared one, but is not shown to go beyond what "
        f"{' and '.join(found.controls)} explain: who stands near, or is there at all, may be all there is to it."
    )
    return (Notice(code="prior-confounded", message=message, where="gap.declared_agreement"),)


_ONE_RUN = Notice(
    code="one-run-agreement",
    message=(
        "With one run the partial test between agents is a little too ready: at a level of .05 it errs in .061. It "
        "decides no verdict."
    ),
    where="gap.declared_agreement",
)


def _between_agents(prior: RolePrior, preference: FloatArray, agents: tuple[str, ...]) -> FloatArray:
    """Return the declared routing of each receiver over senders, NaN where nothing is declared."""
    place_of = {role: place for place, role in enumerate(prior.roles)}
    places = np.array([place_of.get(prior.role_of.get(agent, ""), -1) for agent in agents])
    is_declared = (places >= 0)[:, None] & (places >= 0)
    return np.where(is_declared, preference[np.ix_(places, places)], np.nan)


def _assigned(
    weights: FloatArray, declared: FloatArray, *, controls: tuple[FloatArray, ...], config: AnalysisConfig
) -> Assignment:
    rng = generator(config.seed, "gap", "declared agreement")
    return quadratic_assignment(weights, declared, controls=controls, n_permutations=config.n_permutations, rng=rng)
