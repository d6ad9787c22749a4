"""Who lends: near in all else, of other episodes, in the same situation."""

import numpy as np
import pytest

from convscope.routing.attribution.donors import N_DRAWS, context, find_donors


def steps(rng, n_episodes=30, n_rows=4, n_columns=3, likeness=0.0):
    observations = rng.normal(size=(n_episodes * n_rows, n_columns))
    observations[:, -1] = likeness * observations[:, 0] + np.sqrt(1 - likeness**2) * observations[:, -1]
    return observations, np.repeat(np.arange(n_episodes), n_rows)


def found(observations, episode, stratum=None, rng=None):
    stratum = np.zeros(len(observations), dtype=int) if stratum is None else stratum
    near = context(observations, np.zeros((len(observations), 0)), stratum=stratum, episode=episode)
    columns = np.zeros(observations.shape, dtype=bool)
    columns[:, -1] = True
    return find_donors(near, columns, np.ones(len(columns), dtype=bool), rng=rng or np.random.default_rng(0))


def test_nobody_borrows_from_its_own_episode_or_another_situation():
    observations, episode = steps(np.random.default_rng(0))
    stratum = episode % 2
    donors = found(observations, episode, stratum)
    assert len(donors.rows) == len(observations)
    assert (episode[donors.lenders] != episode[donors.rows, None]).all()
    assert (stratum[donors.lenders] == stratum[donors.rows, None]).all()


def test_what_is_lent_goes_with_all_else_as_the_slot_does():
    rng = np.random.default_rng(1)
    observations, episode = steps(rng, n_episodes=200, n_columns=2, likeness=0.95)
    donors = found(observations, episode)
    lent = observations[donors.lenders, -1]
    assert np.corrcoef(observations[donors.rows, 0], lent[:, 0])[0, 1] == pytest.approx(0.95, abs=0.03)
    assert donors.closeness < 0.05


def test_steps_without_enough_lenders_are_left_out():
    observations, episode = steps(np.random.default_rng(2), n_episodes=30, n_rows=1)
    stratum = (np.arange(30) >= N_DRAWS + 1).astype(int)
    donors = found(observations, episode, stratum)
    assert set(stratum[donors.rows]) == {0}


def test_of_steps_that_are_alike_any_may_lend():
    episode = np.repeat(np.arange(100), 4)
    slot = np.random.default_rng(3).integers(0, 2, 400)
    donors = found(np.column_stack([np.zeros(400), slot]).astype(float), episode)
    assert donors.closeness == 0.0
    assert slot[donors.lenders].mean() == pytest.approx(slot.mean(), abs=0.03)
    assert len(np.unique(donors.lenders)) > 390


def test_each_lender_is_of_another_episode_as_far_as_there_are_so_many():
    observations, episode = steps(np.random.default_rng(4), n_episodes=40, n_rows=5)
    lent = episode[found(observations, episode).lenders]
    assert all(len(set(row)) == N_DRAWS for row in lent.tolist())
    observations, episode = steps(np.random.default_rng(5), n_episodes=5, n_rows=20)
    lent = episode[found(observations, episode).lenders]
    # Sixteen of four other episodes: four of each.
    assert all(row.count(other) == 4 for row in lent.tolist() for other in set(row))
    assert (lent != episode[:, None]).all()
