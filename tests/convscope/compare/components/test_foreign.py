import numpy as np
import pytest

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import Team, simulate_runs
from convscope.values.gap import Component

DECLARED = ((0.2, 0.8), (0.3, 0.7))


def foreign(*members: int) -> Component:
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=DECLARED, members=members), 3, rng)
    return routing_gap(runs, DECLARED, rng=rng, roles=("scout", "guard")).component("foreign")


def test_one_free_share_leaves_no_room_for_foreign_structure():
    # The single guard routes to scouts only, so that just the scouts' row of two cells is scored.
    found = foreign(2, 1)
    assert found.value is None
    assert "only one share is free" in found.why


def test_two_free_shares_do():
    assert foreign(2, 2).value == pytest.approx(0, abs=1e-9)
