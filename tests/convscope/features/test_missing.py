"""Missing numbers are counted and said, and reach no result."""

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.missing import MissingFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.status import Status


def notices_of(log, fields):
    with open_executor(1) as executor:
        (notices,) = run_folds(log, [MissingFold(log, fields)], executor=executor, max_bytes=200)
    return notices


def test_nan_and_infinite_numbers_of_acting_agents_are_counted():
    observations = np.zeros((6, 2, 3))
    observations[0, 0] = np.nan
    observations[5, 1, 2] = -np.inf
    log = log_from_arrays({"observations": observations}, [3, 3], ["a", "b"])
    (notice,) = notices_of(log, frozenset({"observations"}))
    assert notice.code == "missing-values"
    assert notice.message.startswith("4 of 36 numbers of observations")


def test_what_dead_agents_lack_is_not_missing():
    observations = np.zeros((4, 2, 3))
    observations[2:, 1] = np.nan
    status = np.full((4, 2), Status.ACTING, dtype=np.uint8)
    status[2:, 1] = Status.DEAD
    log = log_from_arrays({"observations": observations}, [4], ["a", "b"], status=status)
    assert notices_of(log, frozenset({"observations"})) == ()
