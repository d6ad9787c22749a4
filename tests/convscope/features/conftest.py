"""Features of small logs made from arrays."""

import numpy as np
import pytest

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.config import AnalysisConfig


@pytest.fixture
def table_of():
    """Return a function that computes the feature table of a log."""

    def compute(log, config=None, *, max_bytes=1 << 20, n_workers=1):
        with open_executor(n_workers) as executor:
            fold = FeatureFold(log, config or AnalysisConfig())
            (table,) = run_folds(log, [fold], executor=executor, max_bytes=max_bytes)
        return table

    return compute


@pytest.fixture
def features_of(table_of):
    """Return a function that computes one feature of the units of a log of arrays, as a list in log order."""

    def compute(name, columns, lengths=None, *, n_agents=None, status=None, config=None):
        arrays = {field: np.asarray(column, dtype=np.float64) for field, column in columns.items()}
        first = next(iter(arrays.values()))
        n_agents = n_agents or first.shape[1]
        agents = [f"agent_{i}" for i in range(n_agents)]
        log = log_from_arrays(arrays, lengths or [len(first)], agents, status=status)
        return table_of(log, config).frame[name].to_list()

    return compute
