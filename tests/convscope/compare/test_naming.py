import numpy as np
import pytest

from convscope.compare.comparison import compare
from convscope.compare.naming import best_relabelling, in_words
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import GENERIC, Team, relabelled, simulate_runs
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
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
        config=AnalysisConfig(n_permutations=9),
    )
    assert best_relabelling(comparison.routing.scores) == tuple(ROLES[role] for role in order)


def test_a_swap_in_words():
    words = in_words(("carrier", "guard", "scout"), ("guard", "carrier", "scout"))
    assert words == "It comes nearest to the prior when carrier like guard, guard like carrier is expected."
    assert in_words(ROLES, ROLES) == ""
