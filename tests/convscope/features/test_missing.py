"""Missing numbers are counted and said, and reach no result."""

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.missing import MissingFold
from convscope.features.returns import ReturnFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.status import Status


class Observations:
    """Stands for whatever reads the observations."""

    fields = frozenset({"observations"})


def notices_of(log, reader):
    with open_executor(1) as executor:
        (notices,) = run_folds(log, [MissingFold(log, [reader])], executor=executor, max_bytes=200)
    return notices


def test_nan_and_infinite_numbers_of_acting_agents_are_counted():
    observations = np.zeros((6, 2, 3))
    observations[0, 0] = np.nan
    observations[5, 1, 2] = -np.inf
    log = log_from_arrays({"observations": observations}, [3, 3], ["a", "b"])
    (notice,) = notices_of(log, Observations())
    assert notice.code == "missing-values"
    assert notice.message.startswith("4 of 36 numbers of observations")


def test_what_dead_agents_lack_is_not_missing():
    observations = np.zeros((4, 2, 3))
    observations[2:, 1] = np.nan
    status = np.full((4, 2), Status.ACTING, dtype=np.uint8)
    status[2:, 1] = Status.DEAD
    log = log_from_arrays({"observations": observations}, [4], ["a", "b"], status=status)
    assert notices_of(log, Observations()) == ()


def test_missing_rewards_are_said():
    rewards = np.array([[1.0, np.nan], [2.0, 2.0]])
    log = log_from_arrays({"rewards": rewards}, [2], ["a", "b"])
    (notice,) = notices_of(log, ReturnFold(log, ("a", "b")))
    assert notice.message.startswith("1 of 4 numbers of rewards")
