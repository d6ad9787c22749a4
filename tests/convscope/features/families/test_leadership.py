"""Who turns first, by hand and by a planted lag."""

import numpy as np
import pytest


def walk(rng, n_steps):
    angle = rng.uniform(0, 2 * np.pi, size=n_steps)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def positions(*moves):
    return {"positions": np.stack(moves, axis=1).cumsum(axis=0)}


def test_an_agent_that_repeats_anothers_turns_three_steps_later_is_led_by_three_steps(features_of):
    steps = walk(np.random.default_rng(0), 43)
    columns = positions(steps[3:], steps[:-3])
    assert features_of("lead in time over allies", columns) == [3, -3]


def test_the_lead_is_the_mean_over_allies_that_follow_or_lead(features_of):
    rng = np.random.default_rng(1)
    steps = walk(rng, 66)
    columns = positions(steps[6:], steps[4:-2], steps[:-6], walk(rng, 60))
    # The fourth goes its own way: no correlation of it reaches 1/2.
    assert features_of("lead in time over allies", columns) == [(2 + 6) / 2, (-2 + 4) / 2, (-6 - 4) / 2, None]


def test_who_moves_together_has_no_lead_and_full_alignment(features_of):
    steps = walk(np.random.default_rng(2), 20)
    columns = positions(steps, steps, -steps)
    assert features_of("lead in time over allies", columns)[:2] == [0, 0]
    assert features_of("alignment with allies", columns) == pytest.approx([0, 0, -1])


def test_on_a_straight_way_nobody_leads_in_time(features_of):
    straight = np.tile([1.0, 0.0], (20, 1))
    columns = positions(straight, straight)
    columns["positions"][:, 0] += [5, 0]
    assert features_of("lead in time over allies", columns) == [0, 0]


def test_too_few_moves_say_nothing(features_of):
    steps = walk(np.random.default_rng(3), 8)
    assert features_of("alignment with allies", positions(steps, steps)) == [None, None]


def test_a_lead_does_not_cross_the_end_of_an_episode(features_of):
    steps = walk(np.random.default_rng(4), 27)
    columns = positions(steps[3:], steps[:-3])
    assert features_of("lead in time over allies", columns, [8, 8, 8]) == [None] * 6
