"""A prior of roles alone is judged by the roles that behaviour shows."""

import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.compare.role_verdict import RoleFindings, decide_roles, roles_outlook
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component, Gap, Subject, Verdict
from convscope.values.prior import RolePrior

TEAM = ["scout", "scout", "guard", "guard"]
PRIOR = RolePrior(roles=("scout", "guard"), role_of={})
EPISODES = 6


def study(found: list[int], n_runs: int = 4) -> Gap:
    frame = unit_frame([TEAM] * n_runs, n_episodes=EPISODES)
    features = feature_table(frame, "speed", [0.0] * len(frame))
    config = AnalysisConfig(n_permutations=199)
    return translation_gap(PRIOR, role_assignment(frame, found * n_runs), None, features=features, config=config)


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ([0, 0, 1, 1] * EPISODES, Verdict.ALIGNED, "below the margin of 0.5"),
        # Each guard of the second half of the episodes acts like a scout.
        ([0, 0, 1, 1] * 3 + [0, 0, 0, 0] * 3, Verdict.PARTIAL, "not below the margin"),
        ([0, 1, 0, 1] * EPISODES, Verdict.STRUCTURED_BUT_DIFFERENT, "shows 2 roles"),
        ([0, 0, 0, 0] * EPISODES, Verdict.NO_ROLE_STRUCTURE, "One role is enough"),
    ],
)
def test_the_verdict_is_about_the_roles(found: list[int], verdict: Verdict, words: str):
    gap = study(found)
    assert gap.subject is Subject.ROLES
    assert gap.verdict is verdict
    assert words in " ".join(gap.reasons)
    assert "Shares of routing" in gap.outlook[-1]


def test_few_runs_are_told_as_few_runs():
    gap = study([0, 0, 1, 1] * EPISODES, n_runs=1)
    assert gap.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert [reason.split()[0] for reason in gap.reasons] == ["1", "Recovery"]


def test_roles_dealt_at_random_are_seldom_called_anything_like_the_declared_ones():
    claims = (Verdict.ALIGNED, Verdict.PARTIAL)
    rng = np.random.default_rng(0)
    frame = unit_frame([TEAM] * 4, n_episodes=EPISODES)
    features = feature_table(frame, "speed", [0.0] * len(frame))
    config = AnalysisConfig(n_permutations=199)
    called = 0
    for _ in range(60):
        found = np.concatenate([np.tile(rng.permutation([0, 0, 1, 1]), EPISODES) for _ in range(4)])
        gap = translation_gap(PRIOR, role_assignment(frame, found), None, features=features, config=config)
        called += gap.verdict in claims
    # At a level of .05: 3 expected.
    assert called <= 7


def test_an_interval_across_the_margin_does_not_decide():
    recovery = Component(name="recovery", value=0.6, interval=(0.3, 0.9), p_value=0.2, attainable_p=0.01, scorable=True)
    findings = RoleFindings(n_runs=4, n_found=2, recovery=recovery, alpha=0.05, margin=0.5)
    verdict, reasons = decide_roles(findings)
    assert verdict is Verdict.INCONCLUSIVE
    assert "neither side" in reasons[0]
    assert roles_outlook(verdict, findings)[0] == "More runs than 4."
