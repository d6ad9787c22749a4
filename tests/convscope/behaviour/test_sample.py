"""The sample depends on what episodes hold, not on their order or on how the log is cut."""

import numpy as np

from convscope.behaviour.groups import episode_groups
from convscope.behaviour.sample import SampleFold
from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Size
from convscope.simulate.observers import Scenery, observers
from convscope.values.config import AnalysisConfig
from convscope.values.status import Status

SIZE = Size(n_agents=3, n_episodes=12, n_steps=10)


def sampled(log, *, n_steps, max_bytes=1 << 30):
    groups = episode_groups(log, AnalysisConfig())
    fold = SampleFold(
        groups=groups,
        n_steps=np.array([n_steps]),
        n_episodes=log.episodes.n_episodes,
        n_axes=2,
        seed=0,
        order=np.arange(len(log.header.agents)),
    )
    state = fold.start()
    for block in log.blocks(fold.fields, max_bytes=max_bytes):
        state = fold.merge(state, fold.add(fold.start(), block))
    return fold.finish(state)


def columns_of(log):
    (block,) = log.blocks(frozenset({"observations", "actions", "positions"}), max_bytes=1 << 40)
    return dict(block.columns)


def rebuilt(columns, order, status=None):
    rows = (order[:, None] * SIZE.n_steps + np.arange(SIZE.n_steps)).ravel()
    shuffled = {name: column[rows] for name, column in columns.items()}
    return log_from_arrays(shuffled, [SIZE.n_steps] * len(order), ["a", "b", "c"], status=status)


def test_neither_the_order_of_episodes_nor_the_blocks_change_the_sample():
    columns = columns_of(observers(SIZE, np.random.default_rng(0), scenery=Scenery.APART).log)
    there, back = np.arange(12), np.arange(12)[::-1]
    first = sampled(rebuilt(columns, there), n_steps=48)
    second = sampled(rebuilt(columns, back), n_steps=48, max_bytes=4000)
    assert len(first.time) == 48
    assert first.observations.tobytes() == second.observations.tobytes()
    assert (back[second.episode] == first.episode).all()


def test_many_episodes_are_thinned_and_all_steps_are_taken_where_there_is_room():
    log = observers(SIZE, np.random.default_rng(0), scenery=Scenery.APART).log
    assert 1 <= len(sampled(log, n_steps=6).time) <= 12
    assert len(sampled(log, n_steps=10_000).time) == 120


def test_the_dead_make_no_decisions_and_describe_nobody():
    columns = columns_of(observers(SIZE, np.random.default_rng(0), scenery=Scenery.APART).log)
    status = np.full((120, 3), Status.ACTING, dtype=np.uint8)
    status[:, 2] = Status.DEAD
    steps = sampled(rebuilt(columns, np.arange(12), status), n_steps=10_000)
    assert not steps.is_free[:, 2].any()
    assert not steps.is_present[:, 2].any()
    assert np.isnan(steps.last_actions[steps.time == 0]).all()
