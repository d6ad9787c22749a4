"""The gap of runs beside their returns: by hand, at the edges, and by chance."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from convscope.compare.returns import fisher_interval, gap_and_return, rank_correlations
from convscope.values.config import AnalysisConfig
from convscope.values.evidence import MeanReturn

CONFIG = AnalysisConfig(n_permutations=199)


def found_of(gaps, means):
    runs = [f"run_{number}" for number in range(len(gaps))]
    alignment = SimpleNamespace(per_run=tuple(zip(runs, gaps, strict=True)))
    gap = SimpleNamespace(component=lambda name: {"alignment": alignment}[name])
    returns = [
        MeanReturn(run=run, checkpoint=checkpoint, mean=mean, n_episodes=3)
        for run, mean in zip(runs, means, strict=True)
        for checkpoint, mean in ((None, mean), ("early", 100.0))
    ]
    return gap_and_return(gap, returns, tuple((run, None) for run in runs), config=CONFIG)


def test_runs_that_are_closer_to_the_prior_and_earn_more_correlate_below_zero():
    found = found_of([0.1, 0.2, 0.4, 0.8, 1.6], [9.0, 8.0, 7.0, 6.0, 5.0])
    assert found.correlation == pytest.approx(-1)
    assert found.runs[0] == ("run_0", 0.1, 9.0)
    # All 120 orders but two are less extreme: p is near 2/120 with the draws of this seed.
    assert found.p_value < 0.06
    # At a correlation of -1 Fisher's interval would have no width.
    assert found.interval is None
    nearly = found_of([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.3], [9.0, 8.0, 7.0, 6.0, 5.0, 3.0, 4.0])
    assert nearly.interval[1] < 0


def test_ranks_are_those_of_scipy():
    rng = np.random.default_rng(0)
    values, others = rng.integers(6, size=9).astype(float), rng.normal(size=(4, 9))
    ours = rank_correlations(values, others)
    np.testing.assert_allclose(ours, [spearmanr(values, row).statistic for row in others])


def test_the_interval_is_that_of_bonett_and_wright():
    # r = .5, n = 12: half width 1.96 sqrt((1 + .125) / 9) = .69296 around artanh .5 = .54931.
    low, high = fisher_interval(0.5, 12)
    assert (low, high) == pytest.approx((np.tanh(0.549306 - 0.692959), np.tanh(0.549306 + 0.692959)), abs=1e-5)


def test_under_four_runs_there_is_a_figure_but_no_claim():
    found = found_of([0.1, 0.2, 0.3], [3.0, 2.0, 1.0])
    assert found.correlation == pytest.approx(-1)
    assert found.interval is None
    assert found.p_value is None


def test_equal_returns_have_no_correlation_and_runs_without_returns_are_left_out():
    assert found_of([0.1, 0.2, 0.3, 0.4], [2.0] * 4).correlation is None
    assert len(found_of([0.1, 0.2, 0.3], [1.0, None, 2.0]).runs) == 2
    assert found_of([0.1, 0.2], [1.0, None]) is None


def test_p_is_rarely_small_where_returns_have_nothing_to_do_with_the_gap():
    rng = np.random.default_rng(1)
    p = [found_of(rng.normal(size=6).tolist(), rng.normal(size=6).tolist()).p_value for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08
