"""Features that vary together, among many that tell nothing."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.roles.together import dependent
from convscope.simulate.role_kinds import KINDS, planted_units
from convscope.values.config import AnalysisConfig

KIND_OF = {kind.name: kind for kind in KINDS}


def test_columns_that_roles_move_are_found_among_those_that_tell_nothing():
    rng = generator(0)
    role = np.sort(rng.integers(3, size=200))
    telling = rng.normal(size=(3, 2))[role] * 3 + rng.normal(size=(200, 2))
    values = np.hstack([telling, rng.normal(size=(200, 10))])
    assert dependent(values, rng)[:2].all()
    assert dependent(values, rng)[2:].sum() <= 1


def test_columns_that_vary_by_themselves_are_rarely_found():
    found = [dependent(generator(draw).normal(size=(100, 8)), generator(draw)).any() for draw in range(40)]
    # More than 5 of 40 draws of a 5 % test would be a 1.4 % event.
    assert sum(found) <= 5


def test_the_kept_rows_are_spread_evenly_however_many_there_are():
    values = np.repeat(np.linspace(0, 1, 3000)[:, np.newaxis], 2, axis=1)
    assert dependent(values, generator(0)).all()


@pytest.mark.parametrize(("kind", "k", "draw"), [("noise features", 5, 0), ("counts", 5, 0), ("unbalanced", 4, 2)])
def test_roles_that_few_features_or_counts_tell_apart_are_counted(kind, k, draw):
    rng = generator(0, "role number", kind, str(k), str(draw))
    units = planted_units(KIND_OF[kind], k, rng=rng)
    agents = tuple(agent.name for agent in units.log.header.agents)
    found = discover_roles(units.table, units.log, agents=agents, config=AnalysisConfig(n_permutations=99))
    assert found.k == k
