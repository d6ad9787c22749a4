import numpy as np
import pytest

from convscope.roles.segments.exchanges import find_exchanges
from convscope.roles.segments.sequences import Sequences

N_EPISODES, N_STEPS = 40, 30


def sequences(n_agents, begins=None):
    """Sequences of all agents, episode after episode; the contents of their steps play no part."""
    n = n_agents * N_EPISODES
    begin = np.zeros(n, dtype=np.int64) if begins is None else begins
    return Sequences(
        inputs=np.ones((n * N_STEPS, 1)),
        acts=np.zeros((n * N_STEPS, 1)),
        is_known=np.ones(n * N_STEPS, dtype=np.bool_),
        sequence=np.repeat(np.arange(n), N_STEPS),
        window=np.tile(np.arange(N_STEPS), n),
        time=(begin[:, np.newaxis] + np.arange(N_STEPS)).reshape(-1),
        lengths=np.full(n, N_STEPS),
        agent=np.tile(np.arange(n_agents), N_EPISODES),
        episode=np.repeat(np.arange(N_EPISODES), n_agents),
    )


def evidence_of(role, rng):
    """Log-likelihoods that speak for the true role on the average, with noise; role has shape (E, N, T)."""
    lead = 2.0 * (role[..., np.newaxis] == np.arange(3)) + rng.normal(size=(*role.shape, 3))
    return lead.reshape(-1, N_STEPS, 3)


def roles_with_changes(rng, *, is_together):
    role = np.broadcast_to(np.arange(3)[:, np.newaxis], (N_EPISODES, 3, N_STEPS)).copy()
    for episode in range(0, N_EPISODES, 2):
        at = rng.integers(8, 22)
        role[episode, 0, at:] = 1
        role[episode if is_together else episode + 1, 1, at:] = 0
    return role


def found(role, rng):
    constant = np.array([0, 1, 2] * N_EPISODES)
    tested = find_exchanges(sequences(3), evidence_of(role, rng), constant, alpha=0.05, rng=rng)
    assert [exchange.agents for exchange in tested] == [(0, 1), (0, 2), (1, 2)]
    return [exchange for exchange in tested if len(exchange.rows)]


def test_an_exchange_is_found_where_it_is():
    rng = np.random.default_rng(0)
    role = roles_with_changes(rng, is_together=True)
    (exchange,) = found(role, rng)
    assert exchange.agents == (0, 1)
    assert exchange.p_value == 0.001
    assert exchange.rows.tolist() == [[3 * episode, 3 * episode + 1] for episode in range(0, N_EPISODES, 2)]
    truth = role[::2, :2]
    assert (exchange.state == truth).mean() > 0.97


def test_changes_of_different_episodes_are_no_exchange():
    rng = np.random.default_rng(1)
    assert found(roles_with_changes(rng, is_together=False), rng) == []


def test_chance_alone_is_seldom_an_exchange():
    kept = np.broadcast_to(np.arange(3)[:, np.newaxis], (N_EPISODES, 3, N_STEPS))
    assert sum(bool(found(kept, np.random.default_rng(seed))) for seed in range(40)) <= 4


def test_agents_that_do_not_begin_together_are_not_compared():
    rng = np.random.default_rng(0)
    evidence = evidence_of(roles_with_changes(rng, is_together=True), rng)
    apart = sequences(3, begins=np.tile([0, 1, 2], N_EPISODES))
    assert find_exchanges(apart, evidence, np.array([0, 1, 2] * N_EPISODES), alpha=0.05, rng=rng) == []


def test_agents_of_one_kind_have_nothing_to_exchange():
    rng = np.random.default_rng(0)
    evidence = evidence_of(np.zeros((N_EPISODES, 3, N_STEPS), dtype=np.int64), rng)
    assert find_exchanges(sequences(3), evidence, np.zeros(3 * N_EPISODES, dtype=np.int64), alpha=1.0, rng=rng) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_episodes_and_agents_only_names_them(seed):
    rng = np.random.default_rng(seed)
    role = roles_with_changes(rng, is_together=True)
    evidence, constant = evidence_of(role, rng), np.array([0, 1, 2] * N_EPISODES)
    first, *_ = find_exchanges(sequences(3), evidence, constant, alpha=0.05, rng=np.random.default_rng(7))
    plain = sequences(3)
    names = np.random.default_rng(seed).permutation(3), np.random.default_rng(seed).permutation(N_EPISODES)
    renamed = Sequences(
        **{
            **{field: getattr(plain, field) for field in Sequences.__slots__},
            "agent": names[0][plain.agent],
            "episode": names[1][plain.episode],
        }
    )
    second, *_ = find_exchanges(renamed, evidence, constant, alpha=0.05, rng=np.random.default_rng(7))
    assert second.p_value == first.p_value
    assert np.array_equal(second.rows, first.rows)
