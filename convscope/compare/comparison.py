"""All that the components of the gap are computed from."""

from dataclasses import dataclass

import numpy as np

from convscope.compare.conventions import ConventionTest, convention_test
from convscope.compare.joint import RelabelledRuns, relabel_runs
from convscope.compare.name_order import in_name_order
from convscope.compare.nulls import Outcome, Specificity, alignment_outcome, specificity_outcome
from convscope.compare.orders import Order, order_outcome
from convscope.compare.required_edges import edge_outcome
from convscope.compare.resampling import resampled_preferences
from convscope.compare.scores import Scores, score
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import Dependence
from convscope.values.features import FeatureTable
from convscope.values.gap import Subject
from convscope.values.prior import RolePrior
from convscope.values.roles import RoleAssignment
from convscope.values.routing import RoutingGraph, RoutingTallies


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingTests:
    """Routing held against the prior, with its tests; runs, agents and roles in the order of their names."""

    scores: Scores
    tallies: RoutingTallies
    relabelled: RelabelledRuns
    specificity: Specificity
    alignment: Outcome | None
    """None when no row can be scored."""
    conventions: ConventionTest | None
    """Several conventions against one; None where there is no null for it."""
    order: Order | None
    """None without statements of order that can be checked."""
    edges: Order | None
    """The same of required and forbidden edges."""
    resampled: FloatArray | None
    """P of resampled episodes, shape (B, S, R, R); for fewer than three runs only."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What was declared beside what was found."""

    prior: RolePrior
    roles: RoleAssignment
    features: FeatureTable
    routing: RoutingTests | None
    """None when no role has a choice in any run, or the log affords no routing."""
    dependence: Dependence
    config: AnalysisConfig
    """``alpha`` and ``margin`` are those of the prior where it declares them."""

    @property
    def subject(self) -> Subject:
        """What the verdict is about."""
        declares = self.prior.preference is not None or self.prior.orders or self.prior.edges
        return Subject.ROUTING if declares else Subject.ROLES

    @property
    def why_no_routing(self) -> str:
        """Why alignment, dilution and foreign structure cannot be scored; empty when they can."""
        if self.subject is Subject.ROLES:
            return "the prior declares no routing"
        if self.routing is None:
            return "the log shows no role choosing between other roles"
        if self.prior.preference is None:
            return f"the prior declares {'orders or edges' if self.prior.edges else 'an order'} only, no shares"
        return "" if self.routing.scores.is_scorable else "no declared row can be scored"


def compare(
    prior: RolePrior,
    roles: RoleAssignment,
    routing: RoutingGraph | None,
    *,
    features: FeatureTable,
    dependence: Dependence,
    config: AnalysisConfig,
) -> Comparison:
    """Hold what was found against the prior; parameters as in `convscope.compare.gap.translation_gap`."""
    return Comparison(
        prior=prior,
        roles=roles,
        features=features,
        dependence=dependence,
        routing=None if routing is None else _routing_tests(prior, routing, config),
        config=config,
    )


def _routing_tests(prior: RolePrior, routing: RoutingGraph, config: AnalysisConfig) -> RoutingTests | None:
    if routing.preference is None or not np.isfinite(routing.preference.per_run).any():
        return None
    routing, preference = in_name_order(routing, routing.preference)
    scores = score(prior, preference, routing.halves)
    relabelled = relabel_runs(routing.tallies, scores, n_draws=config.n_permutations, seed=config.seed)
    resampled = None
    if len(scores.runs) < FEWEST_RUNS:
        resampled = resampled_preferences(routing.tallies, scores, n_draws=config.n_permutations, seed=config.seed)
    return RoutingTests(
        scores=scores,
        tallies=routing.tallies,
        relabelled=relabelled,
        specificity=specificity_outcome(scores, relabelled, alpha=config.alpha),
        alignment=alignment_outcome(scores, relabelled) if scores.is_scorable else None,
        conventions=convention_test(
            routing.tallies,
            scores,
            relabelled.relabellings,
            alpha=config.alpha,
            margin=config.margin,
            n_draws=config.n_permutations,
            seed=config.seed,
        ),
        order=order_outcome(prior.orders, scores, relabelled),
        edges=edge_outcome(prior.edges, scores, relabelled),
        resampled=resampled,
    )
