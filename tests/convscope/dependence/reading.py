"""What routing depends on in a log, in one call."""

import numpy as np

from convscope.dependence.study import dependence_fold, routing_dependence
from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.selection import select_agents
from convscope.routing.choose import choose_estimators
from convscope.values.config import AnalysisConfig
from convscope.values.labels import EpisodeLabels


def dependence_of(log, *, labels=None, config=None, max_bytes=1 << 25):
    config = config or AnalysisConfig(n_permutations=199)
    agents = select_agents(log, config)
    chosen = choose_estimators(log, config)
    fold = dependence_fold(log, chosen, config=config, agents=agents)
    with open_executor(1) as executor:
        (windows,) = run_folds(log, [fold], executor=executor, max_bytes=max_bytes)
    return routing_dependence(log, windows, chosen[0].source, labels=labels, config=config, agents=agents)


def labels_of(formation, names=("near", "far")):
    """Say which formation each timestep has, shape (E, T)."""
    n_episodes, n_steps = np.shape(formation)
    episode, time = np.divmod(np.arange(n_episodes * n_steps), n_steps)
    return EpisodeLabels(
        sha256="0" * 64,
        formations=names,
        spans=np.column_stack([episode, time, time + 1, np.ravel(formation)]),
        paddings=(),
        padding=np.full(n_episodes, -1),
    )
