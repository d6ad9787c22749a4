"""Logs written by hand in hundreds of ways are read right, or refused with the readings; never wrong."""

from collections import Counter

import numpy as np
import pytest

from tests.convscope_loaders.detection.judging import Outcome
from tests.convscope_loaders.variants.drawing import draw_layout, draw_worlds
from tests.convscope_loaders.variants.layouts import WRITERS, write
from tests.convscope_loaders.variants.verdicts import judge_variant


def outcome_of(path, seed, *, shape=None, is_plain):
    rng = np.random.default_rng(seed)
    layout = draw_layout(rng, shape, is_plain=is_plain)
    worlds = draw_worlds(rng, layout, is_plain=is_plain)
    verdict = judge_variant(path, worlds, layout, write(path, worlds, layout))
    assert verdict.outcome is not Outcome.WRONG, f"{verdict.why}: {layout}, {[world.lengths for world in worlds]}"
    return verdict.outcome


@pytest.mark.parametrize("shape", sorted(WRITERS))
def test_no_odd_log_is_read_wrong(shape, tmp_path):
    for seed in range(12):
        outcome_of(tmp_path / "log.h5", seed, shape=shape, is_plain=False)


def test_plain_logs_are_read_right_but_for_a_few(tmp_path):
    outcomes = Counter(outcome_of(tmp_path / "log.h5", seed, is_plain=True) for seed in range(100))
    assert outcomes[Outcome.RIGHT] >= 96
