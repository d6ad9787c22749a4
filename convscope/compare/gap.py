"""The translation gap: from what was declared and what was found to the components and the verdict."""

import math
from dataclasses import replace

from convscope.compare.attainable import prior_symmetries, runs_to_attain
from convscope.compare.comparison import Comparison, RoutingTests, compare
from convscope.compare.components import COMPONENTS, GapComponent
from convscope.compare.composite import composite, withheld
from convscope.compare.convention_list import conventions
from convscope.compare.declared_agreement import agreement_notices, declared_agreement
from convscope.compare.naming import best_renaming, in_words
from convscope.compare.outlook import outlook
from convscope.compare.placing import placed, renaming_placed
from convscope.compare.power import equivalence_interval, runs_to_decide, smallest_detectable_gap
from convscope.compare.projection import strength
from convscope.compare.role_verdict import RoleFindings, decide_roles, roles_outlook
from convscope.compare.uneven_runs import uneven_runs
from convscope.compare.verdict import Findings, Reasons, decide
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import CrossPlayReturns, Renaming
from convscope.values.dependence import Dependence
from convscope.values.features import FeatureTable
from convscope.values.gap import MOST_LISTED, Component, Gap, Subject, Verdict
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
    dependence: Dependence | None = None,
    crossplay: CrossPlayReturns | None = None,
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
    dependence
        What routing depends on, for stability; None for nothing known.
    crossplay
        Returns of runs that played with one another; None where nobody tried.

    Returns
    -------
    Gap
        Components that cannot be scored have no value and say why; runs are the unit of replication, so with one or two
        the verdict is ``insufficient-evidence`` whatever the values are.
    """
    config = _as_declared(config, prior)
    comparison = compare(prior, roles, routing, features=features, dependence=dependence or Dependence(), config=config)
    components = tuple(_scored(each, comparison) for each in COMPONENTS)
    whole, why_withheld = composite(components, prior.composite)
    tests = comparison.routing
    detectable = None if tests is None else smallest_detectable_gap(tests.scores)
    needed = None if tests is None else _runs_needed(tests, config)
    names = prior.roles if routing is None or routing.preference is None else routing.preference.roles
    renaming = _renaming(tests, config)
    findings = _findings(comparison, components, detectable=detectable, needed=needed, renaming=renaming)
    symmetries = _symmetries(tests, names)
    verdict, reasons, would_change = _judged(comparison, components, findings, n_symmetries=len(symmetries))
    agreement = declared_agreement(prior, routing, config)
    return Gap(
        components=components,
        declared=None if tests is None or prior.preference is None else _declared(tests, names),
        learned=None if tests is None else placed(tests.scores.learned.mean(axis=0), tests.scores.roles, names),
        roles=names,
        composite=whole,
        verdict=verdict,
        reasons=reasons,
        subject=comparison.subject,
        smallest_detectable=None if detectable is None or math.isinf(detectable) else detectable,
        runs_needed=needed if verdict in _OPEN else None,
        conventions=None if tests is None else conventions(tests, names, config, returns=crossplay),
        renaming=None if tests is None or renaming is None else renaming_placed(renaming, tests.scores.roles, names),
        symmetries=tuple(symmetries[:MOST_LISTED]),
        n_symmetries=len(symmetries),
        outlook=would_change,
        agreement=agreement,
        notices=(
            *_notices(components, tests),
            *((withheld(why_withheld),) if whole is None else ()),
            *agreement_notices(agreement, config.alpha, n_runs=findings.n_runs),
            *uneven_runs(tests, verdict),
        ),
    )


_OPEN = (Verdict.INSUFFICIENT_EVIDENCE, Verdict.INCONCLUSIVE)
"""Verdicts that more runs could decide."""


def _judged(
    comparison: Comparison, components: tuple[Component, ...], findings: Findings, *, n_symmetries: int
) -> tuple[Verdict, Reasons, tuple[str, ...]]:
    """Return the verdict on what was declared, its reasons, and what would change it."""
    if comparison.subject is Subject.ROLES:
        found = RoleFindings(
            n_runs=comparison.roles.table["run"].n_unique(),
            n_found=comparison.roles.k,
            recovery=next(each for each in components if each.name == "recovery"),
            alpha=findings.alpha,
            margin=findings.margin,
        )
        verdict, reasons = decide_roles(found)
        return verdict, reasons, roles_outlook(verdict, found)
    verdict, reasons = decide(findings)
    is_single = _has_single(comparison.routing)
    return verdict, reasons, outlook(verdict, findings, n_symmetries=n_symmetries, is_single=is_single)


def _as_declared(config: AnalysisConfig, prior: RolePrior) -> AnalysisConfig:
    """Return the configuration with the level and the margin of the prior where it declares them."""
    return replace(
        config,
        alpha=config.alpha if prior.alpha is None else prior.alpha,
        margin=config.margin if prior.margin is None else prior.margin,
    )


def _declared(tests: RoutingTests, names: tuple[str, ...]) -> FloatArray:
    return placed(tests.scores.declared, tests.scores.roles, names)


def _renaming(tests: RoutingTests | None, config: AnalysisConfig) -> Renaming | None:
    """Return the renaming of roles that comes nearest to the prior; resamples are of runs, or of episodes."""
    if tests is None or not tests.scores.is_scorable:
        return None
    scores = tests.scores
    drawn = None if tests.resampled is None else tests.resampled.mean(axis=1)
    return best_renaming(scores.learned, scores, drawn=drawn, n_draws=config.n_permutations, seed=config.seed)


def _symmetries(tests: RoutingTests | None, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the renamings of roles that leave the prior as it is, each in the order of the names."""
    if tests is None or not tests.scores.is_scorable:
        return [names]
    roles = tests.scores.roles
    found = prior_symmetries(tests.relabelled.relabellings, tests.scores.target)
    return [tuple(roles[new.get(roles.index(name), roles.index(name))] for name in names) for new in found]


def _has_single(tests: RoutingTests | None) -> bool:
    return tests is not None and any(1 in run.sizes for run in tests.relabelled.relabellings)


def _scored(each: GapComponent, comparison: Comparison) -> Component:
    found = each.score(comparison, each.name)
    return found if found.value is None else replace(found, effect=each.words(found))


def _findings(
    comparison: Comparison,
    components: tuple[Component, ...],
    *,
    detectable: float | None,
    needed: int | None,
    renaming: Renaming | None,
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
        relabelling="" if scores is None or renaming is None else in_words(scores.roles, renaming),
        foreign=value_of["foreign"].value,
        alpha=config.alpha,
        margin=config.margin,
    )


def _runs_needed(tests: RoutingTests, config: AnalysisConfig) -> int | None:
    """Return how many runs in all would decide; under three runs a lower bound, from the attainable p alone."""
    if not tests.scores.is_scorable:
        return None
    attaining = runs_to_attain(
        tests.relabelled.relabellings, tests.scores.target, alpha=config.alpha, n_draws=config.n_permutations
    )
    n_runs = len(tests.scores.runs)
    if attaining is None or n_runs < FEWEST_RUNS or attaining > n_runs:
        return attaining
    return runs_to_decide(tests.scores.gap, margin=config.margin)


def _notices(components: tuple[Component, ...], tests: RoutingTests | None) -> tuple[Notice, ...]:
    unscored = tuple(_unscored(each) for each in components if each.value is None)
    untested = tuple(_UNTESTED for each in components if each.name == "multiplicity" and _lacks_test(each))
    return (*unscored, *untested, *(() if tests is None else tests.scores.notices))


def _lacks_test(component: Component) -> bool:
    return component.value is not None and component.p_value is None


_UNTESTED = Notice(
    code="not-applicable",
    message=(
        "multiplicity has a value but no test: how much habits between single agents vary cannot be told "
        "(roles of one member, redrawn roles, or pairs without any weight), and it takes four runs to see two groups."
    ),
    where="gap.components.multiplicity",
)


def _unscored(component: Component) -> Notice:
    message = f"{component.name}: {component.why}."
    return Notice(code="not-applicable", message=message, where=f"gap.components.{component.name}")
