"""Where senders change all the time, some timesteps are left out and counted; nothing else is."""

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.routing.weights.shares import pair_strengths
from convscope.routing.weights.tally import TallyFold
from convscope.routing.weights.thinning import most_rows
from convscope.values.fields import ATTENTION, NO_SLOT
from convscope.values.status import Status

N, STEPS, EPISODES = 5, 40, 4


def tally(weights, most, *, max_bytes=1 << 30, status=None):
    log = log_from_arrays({ATTENTION: weights[:, None]}, [STEPS] * EPISODES, list("abcde"), status=status)
    fold = TallyFold(field=ATTENTION, agents=np.arange(N), strength=pair_strengths, most_rows=most)
    state = fold.start()
    for block in log.blocks(fold.fields, max_bytes=max_bytes):
        state = fold.add(state, block)
    return state


def shut(weights, n_shut, rng, *, is_fixed=False):
    shape = (1 if is_fixed else len(weights), N, N)
    order = np.argsort(rng.random(shape) + 9 * np.eye(N), axis=-1)
    return np.where(order.argsort(axis=-1) < n_shut, NO_SLOT, weights)


def test_changing_senders_are_thinned_to_what_is_allowed_wherever_the_log_is_cut():
    rng = np.random.default_rng(0)
    weights = shut(rng.random((EPISODES * STEPS, N, N)), 2, rng)
    whole, thin = tally(weights, 1000), tally(weights, 20)
    assert whole.counted.tolist() == [EPISODES * STEPS * N, 0, 0, 0, 0, 0]
    assert np.bincount(thin.episode).max() <= 20
    every = int(np.ceil(STEPS * N / 20))
    n_kept = EPISODES * N * len(range(0, STEPS, every))
    assert thin.counted.tolist() == [n_kept, 0, 0, 0, 0, EPISODES * STEPS * N - n_kept]
    again = tally(weights, 20, max_bytes=1)
    assert again.mass.tobytes() == thin.mass.tobytes()
    assert again.digest.tobytes() == thin.digest.tobytes()


def test_senders_that_stay_the_same_are_not_thinned():
    rng = np.random.default_rng(1)
    weights = shut(rng.random((EPISODES * STEPS, N, N)), 2, rng, is_fixed=True)
    assert tally(weights, 16).counted.tolist() == [EPISODES * STEPS * N, 0, 0, 0, 0, 0]


def test_the_dead_thin_nothing():
    rng = np.random.default_rng(2)
    weights = rng.random((EPISODES * STEPS, N, N))
    status = np.where(rng.random((EPISODES * STEPS, N)) < 0.8, Status.ACTING, Status.WAITING).astype(np.uint8)
    assert tally(weights, 16, status=status).counted[5] == 0


def test_short_logs_keep_every_step():
    assert most_rows(1) == 1 << 18
    assert most_rows(200) * 200 > 150_000
    assert most_rows(10**9) == 16
