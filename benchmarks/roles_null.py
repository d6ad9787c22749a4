"""How often roles and classes of agents are found where there are none: false positives of the whole chain.

Usage: python benchmarks/roles_null.py [DRAWS] [AGENTS] [EPISODES]
"""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog

N_STEPS = 25


Columns = dict[str, FloatArray]
"""What a log holds, each (E, T, N, ...)."""


def random_policies(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Every agent takes even random actions and walks by them."""
    actions = rng.integers(5, size=(n_episodes, N_STEPS, n_agents)).astype(np.float64)
    return {"actions": actions, "positions": _walk(rng, actions)}


def moody_policies(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Agents draw their own mix of actions anew in each episode, from one skewed law: a continuum of units."""
    mixes = rng.dirichlet(np.full(5, 0.6), size=(n_episodes, n_agents))
    draws = rng.uniform(size=(n_episodes, N_STEPS, n_agents))
    actions = (draws[..., np.newaxis] > np.cumsum(mixes, axis=2)[:, np.newaxis]).sum(axis=3).clip(0, 4)
    return {"actions": actions.astype(np.float64), "positions": _walk(rng, actions.astype(np.float64))}


def shared_rule(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """All go to one goal, redrawn per episode: one rule, one map, strong common causes."""
    goals = rng.uniform(-1, 1, size=(n_episodes, 1, 2))
    place = rng.uniform(-1, 1, size=(n_episodes, n_agents, 2))
    actions, places = [], []
    for _ in range(N_STEPS):
        way = goals - place
        along = np.abs(way).argmax(axis=2)
        sign = np.sign(np.take_along_axis(way, along[..., np.newaxis], axis=2))[..., 0]
        action = np.where(
            rng.uniform(size=along.shape) < 0.2, rng.integers(5, size=along.shape), 1 + 2 * along + (sign > 0)
        )
        place = place + 0.1 * MOVES[action]
        actions.append(action)
        places.append(place)
    return {"actions": np.stack(actions, axis=1).astype(np.float64), "positions": np.stack(places, axis=1)}


def rare_action(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """One of two actions hardly ever happens: every feature is a count of few events."""
    return {"actions": (rng.uniform(size=(n_episodes, N_STEPS, n_agents)) < 0.03).astype(np.float64)}


def rare_reward(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Even random actions, and a reward for no reason once in fifty steps."""
    actions = rng.integers(5, size=(n_episodes, N_STEPS, n_agents)).astype(np.float64)
    return {"actions": actions, "rewards": (rng.uniform(size=actions.shape) < 0.02).astype(np.float64)}


MOVES = np.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]], dtype=np.float64)
KINDS: tuple[Callable[[np.random.Generator, int, int], Columns], ...] = (
    random_policies,
    moody_policies,
    shared_rule,
    rare_action,
    rare_reward,
)


def _walk(rng: np.random.Generator, actions: FloatArray) -> FloatArray:
    start = rng.uniform(-1, 1, size=(len(actions), 1, actions.shape[2], 2))
    return start + 0.1 * np.cumsum(MOVES[actions.astype(np.int64)], axis=1)


def _log(columns: Columns) -> TrajectoryLog:
    n_episodes, _, n_agents = columns["actions"].shape
    rows = {name: values.reshape(n_episodes * N_STEPS, *values.shape[2:]) for name, values in columns.items()}
    rows["actions"] = rows["actions"][..., np.newaxis]
    return log_from_arrays(rows, [N_STEPS] * n_episodes, [f"agent_{i}" for i in range(n_agents)])


def main() -> None:
    """Print, for each kind of log, how often which number was found."""
    n_draws, n_agents, n_episodes = (int(a) for a in (*sys.argv[1:], *("100", "4", "60")[len(sys.argv) - 1 :]))
    for kind in KINDS:
        units: Counter[int | None] = Counter()
        agents: Counter[int | None] = Counter()
        for draw in range(n_draws):
            log = _log(kind(generator(draw, kind.__name__), n_agents, n_episodes))
            config = AnalysisConfig(seed=draw, n_permutations=199)
            with open_executor(1) as executor:
                (table,) = run_folds(log, [FeatureFold(log, config)], executor=executor, max_bytes=32 << 20)
                found = discover_roles(table, log, agents=tuple(a.name for a in log.header.agents), config=config)
            units[found.k] += 1
            agents[found.k_agents] += 1
        print(f"{kind.__name__}: k {dict(units)}, k_agents {dict(agents)} in {n_draws} draws", flush=True)


if __name__ == "__main__":
    main()
