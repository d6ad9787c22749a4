"""The conventions of a study, each described: its runs, its preference, what it comes nearest to."""

import numpy as np

from convscope.compare.comparison import RoutingTests
from convscope.compare.conventions import run_distances
from convscope.compare.crossplay import cross_play
from convscope.compare.naming import best_renaming
from convscope.compare.placing import placed, renaming_placed
from convscope.compare.scores import gap_of
from convscope.routing.divergence import mean_divergence
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import Convention, Conventions, CrossPlayReturns


def conventions(
    tests: RoutingTests, names: tuple[str, ...], config: AnalysisConfig, *, returns: CrossPlayReturns | None
) -> Conventions:
    """Describe the conventions on which the runs settled (docs/gap.md).

    Parameters
    ----------
    tests
        Routing held against the prior, with the test of several conventions against one.
    names
        Roles, in the order in which matrices are handed back.
    config
        ``seed`` and ``n_permutations`` are used.
    returns
        Of runs that played with one another; None where nobody tried.
    """
    scores, test = tests.scores, tests.conventions
    group_of = np.zeros(len(scores.runs), dtype=np.int64) if test is None else test.group_of
    found: list[Convention] = []
    for group in range(int(group_of.max(initial=0)) + 1):
        learned = scores.learned[np.equal(group_of, group)]
        renaming = best_renaming(learned, scores, n_draws=config.n_permutations, seed=config.seed)
        found.append(
            Convention(
                runs=tuple(run for run, own in zip(scores.runs, group_of.tolist(), strict=True) if own == group),
                preference=placed(learned.mean(axis=0), scores.roles, names),
                gap=_gap(learned.mean(axis=0), tests),
                renaming=renaming_placed(renaming, scores.roles, names),
            )
        )
    distance = run_distances(scores.learned)
    played = None
    if returns is not None:
        played = cross_play(returns, scores.runs, group_of=group_of, routing=distance, config=config)
    return Conventions(
        found=tuple(found),
        null=None if test is None else test.kind,
        p_value=None if test is None else test.p_value,
        distance=distance,
        runs=scores.runs,
        crossplay=played,
    )


def _gap(preference: FloatArray, tests: RoutingTests) -> float | None:
    scores = tests.scores
    if not scores.is_scorable:
        return None
    apart = np.asarray(mean_divergence(preference, scores.target))
    return float(gap_of(apart, np.zeros(()), scores.anchor))
