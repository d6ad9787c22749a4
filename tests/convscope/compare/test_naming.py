from dataclasses import replace

import numpy as np
import pytest

from convscope.compare.comparison import compare
from convscope.compare.naming import best_renaming, in_words
from convscope.simulate.study import routing_gap
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, relabelled, simulate_runs
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import Renaming
from convscope.values.dependence import Dependence
from convscope.values.prior import RolePrior

ROLES = ("carrier", "guard", "scout")


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_roles_that_changed_places_are_named(order: tuple[int, int, int]):
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=relabelled(GENERIC, order), members=(2, 2, 2)), 1, rng)
    units = unit_frame([], n_episodes=0)
    comparison = compare(
        RolePrior(roles=ROLES, role_of={}, preference=np.array(GENERIC)),
        role_assignment(units, []),
        graph_of(runs, ROLES, rng=rng),
        features=feature_table(units, "nothing", []),
        dependence=Dependence(),
        config=AnalysisConfig(n_permutations=9),
    )
    scores = comparison.routing.scores
    found = best_renaming(scores.learned, scores, n_draws=9, seed=0)
    assert found.behaves_as == tuple(ROLES[role] for role in order)
    assert found.gap == pytest.approx(0, abs=1e-3)
    assert (found.certainty, found.n_equal) == (None, 1)


def renaming(n_other: int, declared=GENERIC, noise: float = 0.0, prior=None) -> Renaming:
    """Return the renaming found in 6 runs, of which some have the first two roles swapped."""
    rng = np.random.default_rng(1)
    runs = [
        run
        for preference, n_runs in ((declared, 6 - n_other), (relabelled(declared, (1, 0, 2)), n_other))
        for run in simulate_runs(Team(preference=preference, members=(2, 2, 2), dyad_noise=noise), n_runs, rng)
    ]
    return routing_gap(runs, declared if prior is None else prior, rng=rng, roles=ROLES).renaming


def test_the_certainty_of_a_renaming_is_the_share_of_resamples_that_choose_it():
    assert renaming(6).behaves_as == ("guard", "carrier", "scout")
    assert renaming(6).certainty == 1
    split = renaming(3, noise=0.2)
    assert 0.3 < split.certainty < 0.95


def test_renamings_that_a_symmetric_prior_cannot_tell_apart_are_counted():
    assert renaming(0, declared=CIRCULANT).n_equal == 3
    assert renaming(6, declared=CIRCULANT).certainty == 1


def test_a_swap_in_words():
    swapped = Renaming(behaves_as=("guard", "carrier", "scout"), gap=0.1, certainty=0.97, n_equal=1)
    words = "It comes nearest to the prior when carrier like guard, guard like carrier is expected"
    assert in_words(ROLES, swapped) == f"{words} (97% of resamples say so)."
    assert in_words(ROLES, replace(swapped, certainty=None, n_equal=3)).startswith(f"{words}. 3 renamings come equally")
    assert in_words(ROLES, replace(swapped, behaves_as=ROLES)) == ""


def test_a_role_without_a_declared_row_stays_itself():
    # Two rows are declared; giving the undeclared row to another role would leave that one's own row unscored.
    prior = np.array([[np.nan] * 3, GENERIC[1], GENERIC[2]])
    assert renaming(0, prior=prior).behaves_as == ROLES
    assert renaming(6, prior=prior).behaves_as[0] == ROLES[0]
