"""Role recovery: whether the roles found in behaviour match the declared ones."""

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.recovery_null import recovery_by_run, recovery_interval, recovery_outcome
from convscope.compare.recovery_units import units_of
from convscope.compare.shortfall import shortfall, shortfall_between
from convscope.routing.intervals import FEWEST_RUNS, OVER_RUNS, THESE_RUNS_ONLY
from convscope.values.gap import Component


def score_recovery(comparison: Comparison, name: str) -> Component:
    """``1 - max(0, AMI(found, declared))`` on units, one single found role allowed (docs/gap.md).

    Homogeneity (low: declared roles were merged) and completeness (low: a declared role was split) are among the parts.
    The p relabels agents within each run, each keeping its label over all its episodes.
    """
    found = comparison.roles.recovery
    config = comparison.config
    units = units_of(comparison.roles)
    if units.n_declared == 1:
        return unscored(name, "fewer than two declared roles are seen among the units")
    if found is None:
        return unscored(name, "the log and the prior declare no roles, or no role was found")
    outcome = recovery_outcome(units, n_draws=config.n_permutations, seed=config.seed)
    interval = recovery_interval(units, n_draws=config.n_permutations, seed=config.seed)
    kind = OVER_RUNS if len(units.runs) >= FEWEST_RUNS else THESE_RUNS_ONLY
    return Component(
        name=name,
        value=shortfall(found.ami),
        interval=None if interval is None else shortfall_between(interval),
        interval_kind=None if interval is None else kind,
        null=outcome.null,
        p_value=outcome.p_value,
        attainable_p=outcome.attainable_p,
        scorable=True,
        parts=(
            ("AMI", found.ami),
            ("ARI", found.ari),
            ("homogeneity", found.homogeneity),
            ("completeness", found.completeness),
        ),
        per_run=recovery_by_run(units),
    )


def _words(component: Component) -> str:
    if component.value == 0:
        return "The found roles are the declared ones."
    return (
        f"Beyond chance, found roles miss {share_words(component.value)} of what they could tell of the declared ones."
    )


RECOVERY = GapComponent(name="recovery", score=score_recovery, words=_words)
