import numpy as np

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import GENERIC, Team, diluted, simulate_runs


def test_the_interval_of_the_gap_starts_at_0_at_the_least():
    # Gaps of 0, 0 and about .5: Student-t alone would begin below 0.
    rng = np.random.default_rng(0)
    runs = [
        run
        for preference, n_runs in ((GENERIC, 2), (diluted(GENERIC, 0.5), 1))
        for run in simulate_runs(Team(preference=preference, members=(2, 2, 2)), n_runs, rng)
    ]
    found = routing_gap(runs, GENERIC, rng=rng).component("alignment")
    low, high = found.interval
    assert low == 0
    assert 0 < found.value < high
