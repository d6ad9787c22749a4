"""Changes along the episodes of a run."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.policy.changes import find_changes, largest_change


def noise(draw, *, n_episodes=120, width=20, carried=0.0):
    rng = generator(draw, "noise")
    scores = rng.normal(size=(n_episodes, width))
    for episode in range(1, n_episodes):
        scores[episode] = carried * scores[episode - 1] + np.sqrt(1 - carried**2) * scores[episode]
    return scores


def test_one_change_is_found_where_it_is():
    scores = noise(0)
    scores[50:, :3] += 3
    (change,) = find_changes(scores, alpha=0.05, n_draws=99, rng=generator(0))
    assert abs(change.place - 50) <= 2
    assert change.p_value == 0.01


def test_two_changes_are_found_one_after_the_other():
    scores = noise(1, n_episodes=180)
    scores[60:, :3] += 4
    scores[120:, 3:6] -= 4
    found = find_changes(scores, alpha=0.05, n_draws=99, rng=generator(0))
    assert [change.place for change in found] == pytest.approx([60, 120], abs=2)


@pytest.mark.parametrize("carried", [0.0, 0.5, 0.9])
def test_no_change_is_found_in_what_stays_the_same_however_long_it_lasts(carried):
    p_values = [
        largest_change(noise(draw, carried=carried), n_draws=39, rng=generator(draw)).p_value for draw in range(60)
    ]
    # More than 6 of 60 draws of a 5 % test would be a 3 % event.
    assert sum(p <= 0.05 for p in p_values) <= 6


def test_a_short_run_is_not_searched():
    assert find_changes(noise(0, n_episodes=39), alpha=1.0, n_draws=9, rng=generator(0)) == ()
