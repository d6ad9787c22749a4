import numpy as np

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_run
from convscope.values.gap import Gap, Verdict


def study(*lost: float) -> Gap:
    rng = np.random.default_rng(3)
    teams = [Team(preference=diluted(CIRCULANT, share), members=(2, 2, 2), dyad_noise=0.1) for share in lost]
    return routing_gap([simulate_run(team, rng) for team in teams], CIRCULANT, rng=rng)


def told(gap: Gap) -> list[str]:
    return [notice.message for notice in gap.notices if notice.code == "uneven-runs"]


def test_one_run_that_keeps_three_from_being_aligned_is_named():
    gap = study(0.05, 0.05, 0.7)
    assert gap.verdict is not Verdict.ALIGNED
    (message,) = told(gap)
    assert message.startswith("Run run_2 is further")


def test_runs_that_are_alike_or_many_are_not_called_uneven():
    assert told(study(0.05, 0.05, 0.05)) == []
    assert told(study(0.5, 0.5, 0.5)) == []
    assert told(study(0.05, 0.05, 0.05, 0.05, 0.7)) == []
