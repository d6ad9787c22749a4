"""How well the sources of routing agree on the same agents, and whether weights carry influence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from convscope.behaviour.groups import episode_groups
from convscope.randomness import generator
from convscope.routing.estimate import RoutingEstimate
from convscope.routing.quadratic_assignment import beyond_curves, quadratic_assignment, receiver_ranks
from convscope.routing.sight import lacks_sight
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.figures import figure, probability
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope.values.routing import ComparedSource, Confound, SourceAgreement, SourceComparison, Validity, edge_matrix

WEIGHTS = frozenset({RoutingSource.ATTENTION, RoutingSource.GATE, RoutingSource.MESSAGE})
"""What a network was built to give out. Whether it acts on them is another question."""
EVIDENCE = (
    RoutingSource.INTERVENTION,
    RoutingSource.POLICY_RESIDUAL,
    RoutingSource.ATTRIBUTION,
    RoutingSource.OCCLUSION,
    RoutingSource.TRANSFER_ENTROPY,
)
"""Evidence of influence, the strongest first."""
_FEWEST_ROLES = 3
"""Of two, a receiver's row says no more than which is larger."""


def compare_sources(
    log: TrajectoryLog,
    estimates: Sequence[RoutingEstimate],
    controls: Mapping[str, FloatArray],
    *,
    config: AnalysisConfig,
    agents: Sequence[str],
) -> SourceComparison:
    """Hold the routing in use against the other sources, and against what else may stand behind it.

    Parameters
    ----------
    log
        The log.
    estimates
        From each source, the one in use first.
    controls
        From `Surroundings.controls`.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    """
    used, *others = estimates
    beside = tuple(
        ComparedSource(
            source=other.source, claim=other.claim, unit=other.unit, edges=other.edges, role_edges=other.role_edges
        )
        for other in others
    )
    if not log.header.identities_persist:
        # An edge between slots that other agents fill in each episode is an average of nothing.
        return SourceComparison(
            others=beside,
            agreements=role_agreements(estimates, log.header.roles, config),
            are_between_roles=True,
        )
    weights = {each.source: weights_by_run(log, each, config=config, agents=agents) for each in estimates}
    agreements = source_agreements(weights, controls, config)
    return SourceComparison(
        others=beside,
        agreements=agreements,
        confounds=confounds(weights[used.source], controls, config),
        validity=validity(used.source, agreements, config.alpha, is_controlled=bool(controls)),
        weights=weights[used.source],
        controls=controls,
    )


def source_agreements(
    weights: Mapping[RoutingSource, FloatArray], controls: Mapping[str, FloatArray], config: AnalysisConfig
) -> tuple[SourceAgreement, ...]:
    """Compare every two sources at the level of agents, as they are and, by ranks, beyond what the controls explain.

    Parameters
    ----------
    weights
        Of each source, shape (run, receiver, sender); NaN where there is no data.
    controls
        Matrices of the same shape, by name.
    config
        Its ``seed`` and ``n_permutations``.
    """
    found: list[SourceAgreement] = []
    # Attention follows closeness by a curve: of such, straight lines leave what looks like agreement.
    swept = beyond_curves(controls.values())
    for first, second in combinations(weights, 2):
        rng = generator(config.seed, "routing", "agreement", first, second)
        pair = weights[first], weights[second]
        raw = quadratic_assignment(*pair, n_permutations=config.n_permutations, rng=rng)
        beyond = (
            quadratic_assignment(
                *map(receiver_ranks, pair), controls=swept, n_permutations=config.n_permutations, rng=rng
            )
            if controls
            else None
        )
        found.append(
            SourceAgreement(
                first=first,
                second=second,
                correlation=raw.correlation,
                p_value=raw.p_value,
                partial_correlation=beyond.correlation if beyond else None,
                partial_p_value=beyond.p_value if beyond else None,
            )
        )
    return tuple(found)


def role_agreements(
    estimates: Sequence[RoutingEstimate], roles: Sequence[str], config: AnalysisConfig
) -> tuple[SourceAgreement, ...]:
    """Compare every two sources that tell edges between three roles or more; the null permutes the roles.

    Parameters
    ----------
    estimates
        From each source.
    roles
        Names; three of them have six orders, so that p is never below 1/6.
    config
        Its ``seed`` and ``n_permutations``.
    """
    told = [(each.source, each.role_edges) for each in estimates if len(roles) >= _FEWEST_ROLES]
    weights = {source: edge_matrix(edges, roles)[None] for source, edges in told if edges is not None}
    found: list[SourceAgreement] = []
    for first, second in combinations(weights, 2):
        rng = generator(config.seed, "routing", "role agreement", first, second)
        both = weights[first], weights[second]
        raw = quadratic_assignment(*both, counts_self=True, n_permutations=config.n_permutations, rng=rng)
        found.append(SourceAgreement(first=first, second=second, correlation=raw.correlation, p_value=raw.p_value))
    return tuple(found)


def confounds(weights: FloatArray, controls: Mapping[str, FloatArray], config: AnalysisConfig) -> tuple[Confound, ...]:
    """Correlate the routing in use with what may stand behind it.

    Parameters
    ----------
    weights
        Shape (run, receiver, sender).
    controls
        By name, same shape.
    config
        Its ``seed`` and ``n_permutations``.
    """
    found: list[Confound] = []
    for name, control in controls.items():
        rng = generator(config.seed, "routing", "confound", name)
        result = quadratic_assignment(weights, control, n_permutations=config.n_permutations, rng=rng)
        found.append(Confound(name=name, correlation=result.correlation, p_value=result.p_value))
    return tuple(found)


def validity(
    used: RoutingSource, agreements: Sequence[SourceAgreement], alpha: float, *, is_controlled: bool
) -> Validity | None:
    """Return whether logged weights go together with the strongest evidence of influence that the log affords.

    Parameters
    ----------
    used
        The source in use.
    agreements
        Of all sources.
    alpha
        Level of both tests. Both must be passed: sources that only follow closeness agree as they are, and the partial
        test alone lets too many of these pass (docs/agreement.md).
    is_controlled
        Whether closeness, visibility, presence or slot are known, so that agreement must go beyond them.

    Returns
    -------
    Validity or None
        None where the source in use is no logged weight, or nothing is there to hold it against.
    """
    if used not in WEIGHTS:
        return None
    beside = {agreement.other(used): agreement for agreement in agreements if agreement.concerns(used)}
    reference = next((source for source in EVIDENCE if source in beside), None)
    if reference is None:
        return None
    held = beside[reference]
    asked = (held.p_value, held.partial_p_value) if is_controlled else (held.p_value,)
    return Validity(
        source=reference,
        correlation=held.correlation,
        p_value=held.p_value,
        is_valid=all(p_value is not None and p_value <= alpha for p_value in asked),
        is_controlled=is_controlled,
        partial_correlation=held.partial_correlation,
        partial_p_value=held.partial_p_value,
    )


def validity_notices(used: RoutingSource, found: Validity | None) -> tuple[Notice, ...]:
    """Return what must be said of weights that are not known to carry influence.

    Parameters
    ----------
    used
        The source in use.
    found
        From `validity`.
    """
    where = "routing.validity"
    if used not in WEIGHTS:
        message = f"{used.value} is evidence of influence itself: there are no weights to validate."
        return (Notice(code="not-applicable", message=message, where=where),)
    if found is None:
        message = f"There is no evidence of influence between lasting agents that {used.value} could be held against."
        return (Notice(code="not-computed", message=message, where=where),)
    if found.is_valid:
        return ()
    message = (
        f"{used.value.capitalize()} is not shown to go together with {found.source.value} ({_reason(found)}): "
        "this describes weights, not influence."
    )
    return (Notice(code="not-validated", message=message, where=where),)


def withheld_notices(agreements: Sequence[SourceAgreement]) -> tuple[Notice, ...]:
    """Return why the partial agreement of two sources has no p in the document."""
    if all(each.partial_p_value is None for each in agreements):
        return ()
    message = (
        "How far two sources agree beyond closeness, visibility, presence and slot is told without a p: where "
        "closeness alone stands behind both, that test finds agreement in more than 5 % of logs."
    )
    return (Notice(code="not-computed", message=message, where="routing.agreements.partial_p_value"),)


def sight_notices(header: LogHeader) -> tuple[Notice, ...]:
    """Return why visibility is not among the controls."""
    why = lacks_sight(header)
    if why is None or not header.identities_persist:
        return ()
    message = f"Whether routing only follows who sees whom is not computed: {why}."
    return (Notice(code="not-computed", message=message, where="routing.confounds"),)


def _reason(found: Validity) -> str:
    if found.p_value is None:
        return "with so few agents and runs that cannot be tested"
    raw = f"correlation {figure(found.correlation)}, p {probability(found.p_value)}"
    if not found.is_controlled:
        return raw
    if found.partial_p_value is None:
        return f"{raw}; closeness, visibility, presence and slot leave nothing to compare beyond them"
    beyond = f"{figure(found.partial_correlation)}, p {probability(found.partial_p_value)}"
    return f"{raw}; beyond closeness, visibility, presence and slot {beyond}"


def weights_by_run(
    log: TrajectoryLog, estimate: RoutingEstimate, *, config: AnalysisConfig, agents: Sequence[str]
) -> FloatArray:
    """Return the edge weights of each analysed run and checkpoint, shape (run, receiver, sender); NaN for none.

    Parameters
    ----------
    log
        The log.
    estimate
        From one source.
    config
        Says which checkpoints are analysed.
    agents
        Names, in the order of the axes.
    """
    analysed = [group for group in episode_groups(log, config) if group.is_analysed]
    labels = estimate.edges_by_run.select("run", "checkpoint").rows()
    rows: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        rows[label].append(row)
    parts = [estimate.edges_by_run[rows[group.run_name, group.checkpoint]] for group in analysed]
    return np.array([edge_matrix(part, agents) for part in parts])
