"""Cross-play: distances by hand, and beside conventions."""

import numpy as np
import pytest

from convscope.compare.crossplay import convention_distance, cross_play, crossplay_notices
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import Conventions, CrossPlay, CrossPlayReturns

RUNS = ("a", "b", "c", "d", "e", "f")
CONFIG = AnalysisConfig(n_permutations=199)
GROUPS = np.array([0, 0, 0, 1, 1, 1])


def played(returns, routing=None, groups=GROUPS) -> CrossPlay:
    given = CrossPlayReturns(runs=RUNS, returns=np.array(returns, dtype=float), sha256="0" * 64)
    routing = np.zeros((6, 6)) if routing is None else routing
    return cross_play(given, RUNS, group_of=groups, routing=routing, config=CONFIG)


def test_the_distance_is_the_share_of_self_play_that_is_lost():
    # Self-play 10 and 6, mean 8; the two ways to mix them give 5 and 3, mean 4: half is lost.
    assert convention_distance(np.array([[10.0, 5.0], [3.0, 6.0]]))[0, 1] == pytest.approx(0.5)


def test_one_way_to_mix_them_is_enough_and_none_is_not():
    found = convention_distance(np.array([[10.0, 4.0, np.nan], [np.nan, 6.0, np.nan], [np.nan, np.nan, 8.0]]))
    assert found[0, 1] == found[1, 0] == pytest.approx(0.5)
    assert np.isnan(found[0, 2])


def test_self_play_that_is_not_above_zero_leaves_no_share():
    assert np.isnan(convention_distance(np.array([[-1.0, 0.5], [0.5, 0.0]]))).all()


def test_runs_of_one_convention_play_well_together():
    same = GROUPS[:, None] == GROUPS
    returns = np.where(same, 9.0, 2.0) + np.eye(6)
    found = played(returns, routing=np.where(same, 0.0, 0.1))
    assert found.within == pytest.approx(0.1)
    assert found.between == pytest.approx(0.8)
    # Of the 20 ways to deal out two threes, two keep them; the chance of these among 199 draws is a tenth.
    assert found.p_value == pytest.approx(0.1, abs=0.06)
    assert found.correlation == pytest.approx(1)


def test_what_is_not_used_is_told():
    given = CrossPlayReturns(runs=("a", "b", "z"), returns=np.diag([1.0, -1.0, 2.0]), sha256="0" * 64)
    found = cross_play(given, ("a", "b"), group_of=np.zeros(2, dtype=int), routing=np.zeros((2, 2)), config=CONFIG)
    conventions = Conventions(
        found=(), null=None, p_value=None, distance=np.zeros((2, 2)), runs=("a", "b"), crossplay=found
    )
    words = " ".join(notice.message for notice in crossplay_notices(given, conventions))
    assert "Cross-play of z is left out" in words
    assert "not above 0: b" in words
    assert "declared roles" in crossplay_notices(given, None)[0].message
    assert crossplay_notices(None, None) == ()


def test_one_convention_has_no_distance_to_another():
    found = played(np.full((6, 6), 5.0) + np.eye(6), groups=np.zeros(6, dtype=int))
    assert (found.between, found.p_value, found.correlation) == (None, None, None)


def test_the_test_against_dealt_out_conventions_is_calibrated():
    rng = np.random.default_rng(0)
    p_values = [played(10 + np.abs(rng.normal(size=(6, 6))) * 3 + 5 * np.eye(6)).p_value for _ in range(100)]
    assert np.mean(np.array(p_values) <= 0.1) <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 100)
