import numpy as np
import polars as pl
import pytest

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.roles.discover import discover_roles
from convscope.roles.segments.reading import StepFold, sampled_episodes
from convscope.roles.segments.study import find_segments
from convscope.roles.segments.table import segment_table
from convscope.simulate.switching import Circumstances, kept, scripted, swapped
from convscope.values.config import AnalysisConfig

CONFIG = AnalysisConfig(n_permutations=199)
TEAM = (0, 1, 2)


def segments_of(log, config=CONFIG, n_workers=1, max_bytes=32 << 20):
    agents = tuple(agent.name for agent in log.header.agents)
    with open_executor(n_workers) as executor:
        folds = [FeatureFold(log, config), StepFold(log, config, agents)]
        features, steps = run_folds(log, folds, executor=executor, max_bytes=max_bytes)
        return find_segments(steps, discover_roles(features, log, agents=agents, config=config), log, config=config)


@pytest.fixture(scope="module")
def swap():
    rng = np.random.default_rng(3)
    made = scripted(swapped(kept(60, 50, TEAM), (0, 1), rng), rng)
    return made, segments_of(made.log)


def test_a_swap_is_found_where_it_is(swap):
    made, found = swap
    assert [test.significant for test in found.tests] == [True, True, False]
    assert [test.partner for test in found.tests] == ["agent_1", "agent_0", None]
    assert {dwell.role for dwell in found.dwell} == set(found.switched()["role"])
    starts = {
        (episode, agent): rows["start"].to_list()[1:]
        for (episode, agent), rows in found.table.group_by("episode", "agent", maintain_order=True)
    }
    truth = {
        (episode, f"agent_{agent}"): (np.flatnonzero(np.diff(made.role[episode, :, agent])) + 1).tolist()
        for episode in range(60)
        for agent in range(3)
    }
    is_near = [
        len(at) == len(truth[unit]) and all(abs(a - b) <= 3 for a, b in zip(at, truth[unit], strict=True))
        for unit, at in starts.items()
    ]
    assert np.mean(is_near) > 0.9


def test_agents_that_swap_have_each_others_roles(swap):
    _, found = swap
    first, second = (
        found.table.filter(pl.col("agent") == name, pl.col("episode") == 1) for name in ("agent_0", "agent_1")
    )
    assert first["role"].to_list() == second["role"].to_list()[::-1]


def test_the_rate_is_that_of_the_roles(swap):
    made, found = swap
    assert found.switching_rate == pytest.approx((made.role[:, 1:] != made.role[:, :-1]).mean(), rel=0.2)


@pytest.mark.parametrize("how", [Circumstances(), Circumstances(hurry=0.6), Circumstances(mood=0.7)])
def test_agents_that_keep_their_roles_have_one_segment(how):
    made = scripted(kept(60, 50, TEAM), np.random.default_rng(1), how)
    found = segments_of(made.log)
    assert not any(test.significant for test in found.tests)
    assert found.table.height == 180
    assert found.table.select(pl.col("start").max(), pl.col("stop").min()).row(0) == (0, 50)
    assert found.switching_rate == 0.0


def test_exchangeable_agents_have_nothing_to_switch_between():
    found = segments_of(scripted(kept(30, 30, (0, 0, 0)), np.random.default_rng(2)).log)
    assert found.tests == ()
    assert "roles.segments" in {notice.where for notice in found.notices}


def test_neither_the_order_of_agents_nor_that_of_episodes_matters(swap):
    made, found = swap
    order, agents = np.random.default_rng(0).permutation(60), [2, 0, 1]
    (block,) = made.log.blocks(frozenset({"actions", "positions", "entity_positions"}), max_bytes=1 << 40)
    columns = {
        name: column.reshape(60, 50, *column.shape[1:])[order].reshape(column.shape)
        for name, column in block.columns.items()
    }
    shuffled = {name: c if name == "entity_positions" else c[:, agents] for name, c in columns.items()}
    other = segments_of(log_from_arrays(shuffled, [50] * 60, [f"agent_{a}" for a in agents]))
    assert other.switching_rate == found.switching_rate
    number = {int(new): int(old) for new, old in enumerate(order)}
    keys = ["episode", "agent", "start", "stop", "role"]
    theirs = other.table.with_columns(pl.col("episode").replace_strict(number)).select(keys).sort(keys)
    assert theirs.equals(found.table.select(keys).sort(keys))


def test_two_workers_and_small_blocks_find_the_same(swap):
    made, found = swap
    other = segments_of(made.log, n_workers=2, max_bytes=1 << 16)
    assert other.table.equals(found.table)
    assert (other.switching_rate, other.dwell, other.tests) == (found.switching_rate, found.dwell, found.tests)


def test_segments_join_steps_of_one_role_and_stop_where_the_next_starts():
    log = scripted(kept(1, 9, (0, 1)), np.random.default_rng(0)).log
    episode, agent = np.zeros(6, dtype=np.int64), np.array([1, 0, 0, 0, 0, 0])
    time, role = np.array([4, 7, 0, 2, 3, 8]), np.array([2, 1, 0, 0, 1, -1])
    table = segment_table(log, (episode, agent, time), role)
    assert table.select("agent", "start", "stop", "role").rows() == [
        ("agent_0", 0, 3, 0), ("agent_0", 3, 8, 1), ("agent_0", 8, 9, None), ("agent_1", 4, 5, 2),
    ]  # fmt: skip


def test_of_a_long_log_the_same_episodes_are_read_wherever_they_stand():
    episodes = scripted(kept(40, 5, (0, 1)), np.random.default_rng(0)).log.episodes
    few = sampled_episodes(episodes, np.ones(40, dtype=np.bool_), most=50)
    more = sampled_episodes(episodes, np.ones(40, dtype=np.bool_), most=100)
    assert few.sum() == 10
    assert more.sum() == 20
    assert not (few & ~more).any()
