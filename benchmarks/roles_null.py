"""How often roles and classes of agents are found where there are none: false positives of the whole chain.

Usage: python benchmarks/roles_null.py [DRAWS] [AGENTS] [EPISODES] [KIND ...]
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
from convscope.report.deciders import situational_words
from convscope.roles.discover import discover_roles
from convscope.roles.explained.split import explain_roles
from convscope.roles.explained.starts import StartFold
from convscope.simulate.formations import FormationSpec, Geometry, simulate_formations
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment

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


def formations(geometry: Geometry, rng: np.random.Generator, n_agents: int, n_episodes: int) -> TrajectoryLog:
    """Let a team stand close in some episodes and wide in others: situations split units, and nobody has a role."""
    spec = FormationSpec(members=(n_agents, 0, 0), n_episodes=n_episodes, n_steps=N_STEPS, geometry=geometry)
    return simulate_formations(spec, rng).log


def find(log: TrajectoryLog, config: AnalysisConfig) -> tuple[RoleAssignment, str | None]:
    """Return the roles of a log, and the words that say that they follow the situation, if they do."""
    agents = tuple(agent.name for agent in log.header.agents)
    with open_executor(1) as executor:
        folds = [FeatureFold(log, config), StartFold(log, config)]
        table, starts = run_folds(log, folds, executor=executor, max_bytes=32 << 20)
        found = discover_roles(table, log, agents=agents, config=config)
    explained = explain_roles(found, log, starts, agents=agents, config=config)
    return found, situational_words(explained, config.alpha)


def main() -> None:
    """Print, for each kind of log, how often which number was found; of formations also how often that is told."""
    numbers, names = [a for a in sys.argv[1:] if a.isdigit()], [a for a in sys.argv[1:] if not a.isdigit()]
    n_draws, n_agents, n_episodes = (int(a) for a in (*numbers, *("100", "4", "60")[len(numbers) :]))
    logs: dict[str, Callable[[np.random.Generator], TrajectoryLog]] = {
        kind.__name__: lambda rng, kind=kind: _log(kind(rng, n_agents, n_episodes)) for kind in KINDS
    }
    for geometry in Geometry:
        logs[geometry.value] = lambda rng, geometry=geometry: formations(geometry, rng, n_agents, n_episodes)
    for name, make in logs.items():
        if names and name not in names:
            continue
        units: Counter[int | None] = Counter()
        agents: Counter[int | None] = Counter()
        n_several = n_told = 0
        for draw in range(n_draws):
            found, words = find(make(generator(draw, name)), AnalysisConfig(seed=draw, n_permutations=199))
            units[found.k] += 1
            agents[found.k_agents] += 1
            n_several += (found.k or 1) > 1
            n_told += words is not None
        told = f"; told as following the situation: {n_told} of {n_several}" if n_several else ""
        print(f"{name}: k {dict(units)}, k_agents {dict(agents)} in {n_draws} draws{told}", flush=True)


if __name__ == "__main__":
    main()
