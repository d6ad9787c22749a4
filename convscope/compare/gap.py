"""The translation gap: from what was declared and what was found to the components and the verdict."""

import math
from dataclasses import replace

import numpy as np

from convscope.compare.attainable import runs_to_attain
from convscope.compare.comparison import Comparison, RoutingTests, compare
from convscope.compare.components import COMPONENTS
from convscope.compare.components.component import NOT_COMPUTED
from convscope.compare.declared_agreement import agreement_notices, declared_agreement
from convscope.compare.naming import best_relabelling, in_words
from convscope.compare.power import equivalence_interval, runs_to_decide, smallest_detectable_gap
from convscope.compare.projection import strength
from convscope.compare.verdict import Findings, decide
from convscope.randomness import generator
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.features import FeatureTable
from convscope.values.gap import Component, Gap
from convscope.values.header import Notice
from convscope.values.prior import RolePrior
from convscope.values.roles import RoleAssignment
from convscope.values.routing import RoutingGraph


def translation_gap(
    prior: RolePrior,
    roles: RoleAssignment,
    routing: RoutingGraph | None,
    *,
    features: FeatureTable,
    config: AnalysisConfig,
) -> Gap:
    """Measure how far roles and routing are from those that were declared (docs/gap.md).

    Parameters
    ----------
    prior
        What was declared. Its margin and alpha override those of ``config``.
    roles
        Found roles, with declared ones beside them.
    routing
        None when the log affords none: then only recovery and behaviour are scored.
    features
        For the declared expectations of behaviour.
    config
        Seed, level, margin and number of draws.

    Returns
    -------
    Gap
        Components that cannot be scored have no value and say why; runs are the unit of replication, so with one or two
        the verdict is ``insufficient-evidence`` whatever the values are.
    """
    config = replace(
        config,
        alpha=config.alpha if prior.alpha is None else prior.alpha,
        margin=config.margin if prior.margin is None else prior.margin,
    )
    comparison = compare(prior, roles, routing, features=features, config=config)
    components = tuple(each.score(comparison, each.name) for each in COMPONENTS)
    tests = comparison.routing
    detectable = (
        None if tests is None else smallest_detectable_gap(tests.scores, generator(config.seed, "gap", "power"))
    )
    needed = None if tests is None else _runs_needed(tests, config)
    verdict, reasons = decide(_findings(comparison, components, detectable=detectable, needed=needed))
    names = prior.roles if routing is None or routing.preference is None else routing.preference.roles
    agreement = declared_agreement(prior, routing, config)
    is_shown = detectable is not None and math.isfinite(detectable)
    return Gap(
        components=components,
        declared=None if tests is None or prior.preference is None else _placed(tests.scores.declared, tests, names),
        learned=None if tests is None else _placed(tests.scores.learned.mean(axis=0), tests, names),
        roles=names,
        composite=None,
        verdict=verdict,
        reasons=reasons,
        smallest_detectable=detectable if is_shown else None,
        runs_needed=needed,
        agreement=agreement,
        notices=(*_notices(components, tests), *agreement_notices(agreement, config.alpha)),
    )


def _placed(matrix: FloatArray, tests: RoutingTests, names: tuple[str, ...]) -> FloatArray:
    """Return a matrix over the compared roles in the order of the log's."""
    places = [tests.scores.roles.index(name) for name in names]
    return matrix[np.ix_(places, places)]


def _findings(
    comparison: Comparison, components: tuple[Component, ...], *, detectable: float | None, needed: int | None
) -> Findings:
    tests, config = comparison.routing, comparison.config
    value_of = {component.name: component for component in components}
    scores = None if tests is None or tests.alignment is None else tests.scores
    return Findings(
        n_runs=len(comparison.roles.table["run"].unique()) if tests is None else len(tests.scores.runs),
        why_unscored=comparison.why_no_routing,
        specificity=None if tests is None else tests.specificity,
        alignment=None if tests is None else tests.alignment,
        gap=None if scores is None else equivalence_interval(scores.gap),
        strength=None if scores is None else student_t(strength(scores.learned, scores.target)),
        multiplicity=value_of["multiplicity"].value,
        multiplicity_p=value_of["multiplicity"].p_value,
        smallest_detectable=detectable,
        runs_needed=needed,
        relabelling="" if scores is None else in_words(scores.roles, best_relabelling(scores)),
        foreign=value_of["foreign"].value,
        alpha=config.alpha,
        margin=config.margin,
    )


def _runs_needed(tests: RoutingTests, config: AnalysisConfig) -> int | None:
    """Return how many runs in all would decide; under three runs a lower bound, from the attainable p alone."""
    if not tests.scores.is_scorable:
        return None
    attaining = runs_to_attain(tests.relabelled.relabellings, tests.scores.target, alpha=config.alpha)
    n_runs = len(tests.scores.runs)
    if attaining is None or n_runs < FEWEST_RUNS or attaining > n_runs:
        return attaining
    return runs_to_decide(tests.scores.gap, margin=config.margin)


def _notices(components: tuple[Component, ...], tests: RoutingTests | None) -> tuple[Notice, ...]:
    unscored = tuple(_unscored(each) for each in components if each.value is None)
    untested = tuple(_UNTESTED for each in components if each.name == "multiplicity" and _lacks_test(each))
    return (*unscored, *untested, _NO_COMPOSITE, *(() if tests is None else tests.scores.notices))


def _lacks_test(component: Component) -> bool:
    return component.value is not None and component.p_value is None


_UNTESTED = Notice(
    code="not-applicable",
    message=(
        "multiplicity has a value but no test: how much habits between single agents vary cannot be told "
        "(roles of one member, redrawn roles, or pairs without any weight)."
    ),
    where="gap.components.multiplicity",
)


_NO_COMPOSITE = Notice(
    code=NOT_COMPUTED,
    message="The composite is withheld, never re-weighted: stability, a part of it, is not computed by this version.",
    where="gap.composite",
)


def _unscored(component: Component) -> Notice:
    is_pending = component.why == NOT_COMPUTED
    message = f"{component.name}: {'not computed by this version' if is_pending else component.why}."
    return Notice(
        code=NOT_COMPUTED if is_pending else "not-applicable", message=message, where=f"gap.components.{component.name}"
    )
