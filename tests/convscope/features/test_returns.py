"""The mean return of a run is what its rewards say."""

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.returns import ReturnFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.evidence import MeanReturn
from convscope.values.status import Status


def returns_of(log, agents=("a", "b")):
    with open_executor(1) as executor:
        (result,) = run_folds(log, [ReturnFold(log, agents)], executor=executor, max_bytes=100)
    return result


def test_own_rewards_are_averaged_over_the_analysed_agents_and_summed_over_steps():
    rewards = np.array([[1.0, 3.0], [1.0, 3.0], [5.0, 5.0]])
    log = log_from_arrays({"rewards": rewards}, [2, 1], ["a", "b"], runs=["r", "r"])
    assert returns_of(log) == (MeanReturn(run="r", checkpoint=None, mean=4.5, n_episodes=2),)
    assert returns_of(log, ("a",))[0].mean == 3.5


def test_the_team_reward_counts_once_and_each_checkpoint_has_its_own_mean():
    log = log_from_arrays(
        {"team_rewards": np.array([1.0, 2.0, 30.0])}, [2, 1], ["a", "b"], checkpoints=["early", "late"]
    )
    assert [(r.checkpoint, r.mean) for r in returns_of(log)] == [("early", 3.0), ("late", 30.0)]


def test_a_log_without_rewards_has_no_mean():
    log = log_from_arrays({"actions": np.zeros((3, 2, 1))}, [2, 1], ["a", "b"])
    assert returns_of(log)[0].mean is None


def test_an_episode_with_a_missing_reward_is_left_out_of_the_mean():
    log = log_from_arrays({"rewards": np.array([[1.0, 1.0], [np.nan, 9.0], [3.0, 3.0]])}, [1, 1, 1], ["a", "b"])
    (found,) = returns_of(log)
    assert (found.mean, found.n_episodes) == (2.0, 2)


def test_dead_agents_for_whom_nothing_is_written_earn_nothing():
    status = np.array([[Status.ACTING, Status.ACTING], [Status.ACTING, Status.DEAD]], dtype=np.uint8)
    log = log_from_arrays({"rewards": np.array([[2.0, 2.0], [2.0, np.nan]])}, [2], ["a", "b"], status=status)
    assert returns_of(log)[0].mean == 3.0
