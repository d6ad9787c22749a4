"""A relay (scouts are read by collectors, collectors by guards) of five runs, held against three priors."""

import numpy as np
import pytest

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import Team, relabelled, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Gap, Verdict

ROLES = ("scout", "collector", "guard")
RELAY = ((0.5, 0.2, 0.3), (0.7, 0.15, 0.15), (0.15, 0.7, 0.15))
"""Row = receiving role: collectors draw on scouts, guards on collectors."""
EVEN = ((1 / 3, 1 / 3, 1 / 3),) * 3


def study(prior, n_runs: int = 5) -> Gap:
    rng = np.random.default_rng(7)
    team = Team(preference=RELAY, members=(2, 2, 2), dyad_noise=0.3, step_noise=0.3)
    config = AnalysisConfig(n_permutations=499)
    return routing_gap(simulate_runs(team, n_runs, rng), prior, rng=rng, roles=ROLES, config=config)


@pytest.mark.parametrize(
    ("prior", "verdict"),
    [
        (RELAY, Verdict.ALIGNED),
        (relabelled(RELAY, (1, 0, 2)), Verdict.STRUCTURED_BUT_DIFFERENT),
        # An even prior declares nothing that data could hold or miss.
        (EVEN, Verdict.INSUFFICIENT_EVIDENCE),
    ],
)
def test_each_prior_gets_the_verdict_that_is_its_due(prior, verdict: Verdict):
    assert study(prior).verdict is verdict


def test_the_swap_is_named():
    found = study(relabelled(RELAY, (1, 0, 2)))
    assert found.renaming.behaves_as == ("collector", "scout", "guard")
    assert found.component("alignment").value > 1


def test_one_run_is_insufficient_and_its_values_are_printed():
    found = study(RELAY, n_runs=1)
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert "1 run says nothing about further runs" in found.reasons[0]
    for name in ("alignment", "dilution", "foreign"):
        part = found.component(name)
        assert part.value is not None
        assert part.interval is not None
        assert part.interval_kind.startswith("these runs only")
